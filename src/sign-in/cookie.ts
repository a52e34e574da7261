import type { IncomingMessage } from "node:http";

/** A cookie that scripts cannot read, of this host only. */
export class Cookie {
  readonly #name: string;
  readonly #attributes: string;

  /** @param isSecure the browser reaches the shop by https */
  constructor(name: string, isSecure: boolean, sameSite: "Strict" | "Lax") {
    this.#name = isSecure ? `__Host-${name}` : name;
    this.#attributes = `Path=/; HttpOnly; SameSite=${sameSite}${isSecure ? "; Secure" : ""}`;
  }

  /** The value in a request; of several, the first. */
  of({ headers }: IncomingMessage): string | undefined {
    for (const part of (headers.cookie ?? "").split(";")) {
      const at = part.indexOf("=");
      if (part.slice(0, at).trim() === this.#name) return part.slice(at + 1).trim();
    }
    return undefined;
  }

  /** The `Set-Cookie` header. */
  set(value: string, seconds: number): string {
    return `${this.#name}=${value}; Max-Age=${seconds}; ${this.#attributes}`;
  }

  clear(): string {
    return this.set("", 0);
  }
}
