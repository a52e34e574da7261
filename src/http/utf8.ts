import { hash } from "node:crypto";

/**
 * A body that is sent many times, encoded once. `bytes` has its UTF-8 bytes, one character each: Node writes such a string together with the
 * headers, without measuring and encoding it again.
 */
export class Utf8 {
  readonly bytes: string;
  #tag: string | undefined;

  constructor(text: string) {
    this.bytes = Buffer.from(text).toString("latin1");
  }

  /** The body's entity tag. Equal bodies have equal tags. */
  get tag(): string {
    return (this.#tag ??= `"${hash("sha256", this.bytes, "base64url").slice(0, 22)}"`);
  }
}
