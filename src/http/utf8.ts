import { hash } from "node:crypto";

/**
 * A body that is sent many times, encoded once. `bytes` has its UTF-8 bytes, one character each: Node writes such a string together with the
 * headers, without measuring and encoding it again.
 */
export class Utf8 {
  readonly bytes: string;
  readonly #meaning: string | undefined;
  #tag: string | undefined;

  /** @param meaning without the parts of the text that differ each time, like the time itself. The tag is made of it, and weak */
  constructor(text: string, meaning?: string) {
    this.bytes = Buffer.from(text).toString("latin1");
    this.#meaning = meaning;
  }

  /** The body's entity tag. Equal bodies have equal tags. */
  get tag(): string {
    return (this.#tag ??= `${this.#meaning === undefined ? "" : "W/"}"${hash("sha256", this.#meaning ?? this.bytes, "base64url").slice(0, 22)}"`);
  }
}
