// Valid and invalid tokens, and an issuer with its own keys.

import { createHmac, createSign, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Claims = Record<string, unknown>;
type Header = { alg: string; kid?: string; [name: string]: unknown };

/** A JWS in compact form, signed with `alg` and the given key, even if they do not match. */
export function token(header: Header, claims: Claims | string, key: KeyObject | string | Buffer = ""): string {
  const part = (value: unknown): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const input = `${part({ typ: "JWT", ...header })}.${part(claims)}`;
  return `${input}.${signature(header.alg, input, key).toString("base64url")}`;
}

function signature(alg: string, input: string, key: KeyObject | string | Buffer): Buffer {
  if (alg.toLowerCase() === "none" || key === "") return Buffer.alloc(0);
  const bits = alg.slice(2);
  if (alg.startsWith("HS")) return createHmac(`sha${bits}`, key).update(input).digest();
  if (alg.startsWith("RS")) return createSign(`sha${bits}`).update(input).sign(key);
  if (alg.startsWith("ES"))
    return createSign(`sha${bits}`)
      .update(input)
      .sign({ key: key as KeyObject, dsaEncoding: "ieee-p1363" });
  return sign(null, Buffer.from(input), key);
}

/** Serves `keys` as a JWKS and counts requests. */
export class Issuer {
  keys: unknown[] = [];
  asked = 0;
  /** The response instead of the keys. */
  answer: { status: number; body: string } | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((_request, response) => {
      this.asked++;
      const { status, body } = this.answer ?? { status: 200, body: JSON.stringify({ keys: this.keys }) };
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  }

  static async open(): Promise<Issuer> {
    const issuer = new Issuer();
    await new Promise<void>((resolve) => issuer.#server.listen(0, "127.0.0.1", resolve));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
