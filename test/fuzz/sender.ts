// Sends what was drawn, and remembers the ids that the shop names, so that later requests are about things that are there.

import assert from "node:assert/strict";
import { type Answer, call, Client, type TestShop } from "../support/shop.ts";
import { KINDS, type Wish } from "./requests.ts";
import type { SomeId } from "./values.ts";

/** Nothing may hang. Only a job that an operator runs has anything to wait for. */
const LONGEST_MS = 40_000;
const IDS_KEPT = 40;
const MOST_PATH = 8000;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What must never be read by a client: where code stands, what the database was asked, where anything listens. */
const INSIDE = /node_modules|\bat .+\.(?:ts|js):\d+|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b|relation "|column "|ECONN|127\.0\.0\.1|postgres/i;

export class Sender {
  readonly #shop: TestShop;
  readonly #tokens: Record<Wish["as"], string | undefined>;
  /** What is there, by kind, the oldest forgotten first. */
  readonly #ids = new Map<string, string[]>();
  readonly #shoppers: string[];
  readonly tally = new Map<string, number>();

  constructor(shop: TestShop, shoppers: [Client, Client]) {
    this.#shop = shop;
    this.#shoppers = shoppers.map(({ id }) => id);
    this.#ids.set("userId", [...this.#shoppers]);
    const [one, another] = shoppers;
    this.#tokens = {
      nobody: undefined,
      shopper: one.token,
      "another shopper": another.token,
      operator: shop.operator.token,
      "a forger": `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(`{"sub":"${one.id}","role":"operator"}`).toString("base64url")}.`,
      "a shopper of old": one.token.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
    };
  }

  /** The request as it goes out: ids chosen, written down as text. */
  concrete(wish: Wish): { path: string; headers: Record<string, string>; body: string | undefined } {
    const own = wish.as === "another shopper" ? this.#shoppers[1] : this.#shoppers[0];
    const value = (part: unknown): unknown => {
      if (typeof part !== "object" || part === null) return part;
      if (Array.isArray(part)) return part.map(value);
      if ("someId" in part && "of" in part) return this.#idOf(part as SomeId, own as string);
      return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, value(inner)]));
    };
    const text = (part: unknown): string => (typeof part === "string" ? part : (JSON.stringify(part) ?? ""));
    const path = wish.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(text(value(wish.params[name]))));
    const query = wish.query.map(([name, drawn]) => `${name}=${drawn === null ? "" : encoded(text(value(drawn)))}`).join("&");
    const token = this.#tokens[wish.as];
    return {
      // A head of more than 16 KB is no request (431, as the document says in words).
      path: (query === "" ? path : `${path}?${query}`).slice(0, MOST_PATH),
      headers: { ...wish.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: wish.body === null ? undefined : "text" in wish.body ? wish.body.text : JSON.stringify(value(wish.body.json)),
    };
  }

  /** Errors: AssertionError where the answer is none that the document allows, is a 500, tells of the inside, or does not come. */
  async send(wish: Wish): Promise<void> {
    const { path, headers, body } = this.concrete(wish);
    const answer = await this.#within(call(this.#shop.url, wish.method, path, body, headers));
    this.tally.set(`${wish.operationId} ${answer.status}`, (this.tally.get(`${wish.operationId} ${answer.status}`) ?? 0) + 1);
    assert.ok(answer.status < 500 || answer.status === 503, `${answer.status} ${answer.text}`);
    if (answer.status === 503) assert.ok(Number(answer.headers["retry-after"]) > 0, "503 without Retry-After");
    if (answer.status >= 400) {
      const { title, detail, errors } = answer.body as { title: string; detail: string; errors?: { message: string }[] };
      assert.doesNotMatch([title, detail, ...(errors ?? []).map(({ message }) => message)].join("\n"), INSIDE);
    }
    if (answer.status < 300) this.learn(wish, answer.body);
  }

  #within(answer: Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${LONGEST_MS} ms`)), LONGEST_MS);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  /** Mostly of the right kind, and mostly one's own: else nearly every answer would be 404 or 403. */
  #idOf({ someId, of }: SomeId, own: string): string {
    if (of === "userId" && someId % 7 > 0) return own;
    const right = someId % 11 > 0 ? this.#ids.get(of) : undefined;
    const ids = right ?? [...this.#ids.values()].flat();
    return ids[someId % ids.length] as string;
  }

  learn(wish: Pick<Wish, "path">, body: unknown): void {
    const look = (part: unknown, kind: string): void => {
      if (typeof part !== "object" || part === null) return;
      if (Array.isArray(part)) return part.forEach((one) => look(one, kind));
      for (const [name, value] of Object.entries(part)) {
        if (typeof value === "string" && UUID.test(value)) this.#remember(name === "id" ? kind : name, value);
        else look(value, KINDS[name] ?? kind);
      }
    };
    const last = wish.path.split("/").findLast((segment) => segment in KINDS);
    look(body, KINDS[last ?? ""] ?? "");
  }

  #remember(kind: string, id: string): void {
    const ids = this.#ids.get(kind) ?? [];
    this.#ids.set(kind, ids);
    if (ids.includes(id)) return;
    ids.push(id);
    // The first are whoever draws and what was there at first: things with a history.
    if (ids.length > IDS_KEPT) ids.splice(2, 1);
  }
}

/** As it may stand in a URL: what was written with a percent sign stays as it is. Dots would lead to another path before it is sent. */
function encoded(text: string): string {
  if (/^\.{1,2}$/.test(text)) return "_";
  return text.startsWith("%") ? text : encodeURIComponent(text.toWellFormed());
}
