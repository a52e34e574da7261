// A browser with its cookies, without pages: it signs in to the console and sends requests of its session.

import assert from "node:assert/strict";
import type { TestShop } from "./shop.ts";

export class CookieBrowser {
  readonly #shop: TestShop;
  readonly cookies = new Map<string, string>();
  /** All `Set-Cookie` headers. */
  readonly received: string[] = [];

  constructor(shop: TestShop) {
    this.#shop = shop;
  }

  async send(method: string, url: string, headers: Record<string, string> = {}, body?: unknown): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      method,
      redirect: "manual",
      headers: { ...(cookie === "" ? {} : { cookie }), ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      this.received.push(line);
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Follows the redirects up to the callback at an instance of the shop. Returns the last answer. */
  async signIn(begin = this.#shop, end = begin): Promise<Response> {
    const toIssuer = (await this.send("GET", `${begin.url}/console/sign-in`)).headers.get("location") ?? "";
    const back = (await fetch(toIssuer, { redirect: "manual" })).headers.get("location") ?? "";
    return this.send("GET", `${end.url}/console/callback${new URL(back).search}`);
  }

  /** The session as the page reads it. */
  async session(at = this.#shop): Promise<{ token: string; name: string; permissions: string[] | null }> {
    const response = await this.send("GET", `${at.url}/console/session`);
    const { available, session } = (await response.json()) as { available: boolean; session: Awaited<ReturnType<CookieBrowser["session"]>> | null };
    assert.ok(available && session !== null);
    return session;
  }

  async users(token: string, at = this.#shop): Promise<number> {
    return (await this.send("GET", `${at.url}/admin/users`, { authorization: `Bearer ${token}` })).status;
  }
}
