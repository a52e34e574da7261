// Sends what was drawn, about things that are there by then, and holds what is answered against the document.

import assert from "node:assert/strict";
import { type Answer, call, Client, type TestShop } from "../../support/shop.ts";
import type { FuzzRequest } from "./requests.ts";
import { Registry } from "./registry.ts";
import type { SomeId } from "./values.ts";

/** Nothing may hang. Only a job that an operator runs has anything to wait for. */
const LONGEST_MS = 40_000;
const MOST_PATH = 8000;
/** What must never be read by a client: where code stands, what the database was asked, where anything listens. */
const INSIDE = /node_modules|\bat .+\.(?:ts|js):\d+|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b|relation "|column "|ECONN|127\.0\.0\.1|postgres/i;
/** In which status a thing has to be for what is asked of it. */
const IN_STATUS: Record<string, string[]> = {
  "addToCart productId": ["ON_SALE"],
  "placeOrder productId": ["ON_SALE"],
  "placeOrder userCouponId": ["AVAILABLE"],
  "issueCoupon couponId": ["OPEN"],
  "payOrder orderId": ["PENDING"],
  "cancelOrder orderId": ["PENDING", "COMPLETED"],
  "refundOrder orderId": ["COMPLETED", "PARTIALLY_REFUNDED"],
};

/** What belongs to one buyer; everything else is for all. */
const OWNED = new Set(["orderId", "paymentId", "userCouponId", "cartItemId"]);

type Request = { path: string; headers: Record<string, string>; body: string | undefined; about: string[]; named: string[] };

export class Sender {
  readonly #shop: TestShop;
  readonly #tokens: Record<FuzzRequest["as"], string | undefined>;
  readonly #shoppers: string[];
  readonly things = new Registry();
  readonly tally = new Map<string, number>();

  constructor(shop: TestShop, shoppers: [Client, Client]) {
    this.#shop = shop;
    this.#shoppers = shoppers.map(({ id }) => id);
    for (const id of this.#shoppers) this.things.remember("userId", id);
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

  /** The request as it goes out: ids chosen, written down as text. `about`: who asks, and the ids in its path; `named`: all that were chosen. */
  concrete(wish: FuzzRequest): Request {
    const own = this.#shoppers[wish.as === "another shopper" ? 1 : 0] as string;
    const about = wish.as === "operator" ? [] : [own];
    const named: string[] = [];
    /** @param others what is chosen already, and this is to belong to */
    const value = (part: unknown, others: string[]): unknown => {
      if (typeof part !== "object" || part === null) return part;
      if (Array.isArray(part)) return part.map((one) => value(one, [...others]));
      if ("someId" in part && "of" in part) {
        const id = this.#idOf(part as SomeId, wish, own, others);
        if (id !== undefined) named.push(id);
        return id;
      }
      const chosen = [...others];
      return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, value(inner, chosen)]));
    };
    const text = (part: unknown): string => (typeof part === "string" ? part : (JSON.stringify(part) ?? ""));
    const path = wish.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(text(value(wish.params[name], about))));
    const query = wish.query
      .map(([name, drawn]) => [name, drawn, value(drawn, about)])
      .filter(([, , chosen]) => chosen !== undefined)
      .map(([name, drawn, chosen]) => `${String(name)}=${drawn === null ? "" : encoded(text(chosen))}`)
      .join("&");
    const token = this.#tokens[wish.as];
    return {
      // A head of more than 16 KB is no request (431, as the document says in words).
      path: (query === "" ? path : `${path}?${query}`).slice(0, MOST_PATH),
      headers: { ...wish.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: wish.body === null ? undefined : "text" in wish.body ? wish.body.text : JSON.stringify(value(wish.body.json, about)),
      about,
      named,
    };
  }

  /** Errors: AssertionError where the answer is none that the document allows, is a 500, tells of the inside, or does not come. */
  async send(wish: FuzzRequest): Promise<void> {
    const { path, headers, body, about, named } = this.concrete(wish);
    const answer = await this.#within(call(this.#shop.url, wish.method, path, body, headers));
    this.tally.set(`${wish.operationId} ${answer.status}`, (this.tally.get(`${wish.operationId} ${answer.status}`) ?? 0) + 1);
    assert.ok(answer.status < 500 || answer.status === 503, `${answer.status} ${answer.text}`);
    if (answer.status === 503) assert.ok(Number(answer.headers["retry-after"]) > 0, "503 without Retry-After");
    if (answer.status >= 400) {
      const { title, detail, errors } = answer.body as { title: string; detail: string; errors?: { message: string }[] };
      assert.doesNotMatch([title, detail, ...(errors ?? []).map(({ message }) => message)].join("\n"), INSIDE);
      // What is not there any more: an item of a cart that was emptied.
      if (wish.meant && answer.status === 404) for (const id of about) if (!this.#shoppers.includes(id)) this.things.forget(id);
      if (wish.meant && answer.status === 409) for (const id of named) this.things.doubt(id);
      return;
    }
    this.things.learn(wish.path, answer.body, about);
    if (typeof answer.body?.nextCursor === "string") this.things.remember(`cursor of ${wish.operationId}`, answer.body.nextCursor);
  }

  hasServed(operationId: string): boolean {
    return this.tally.keys().some((answer) => answer.startsWith(`${operationId} 2`));
  }

  #within(answer: Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${LONGEST_MS} ms`)), LONGEST_MS);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  #idOf({ someId, of }: SomeId, wish: FuzzRequest, own: string, others: string[]): string | undefined {
    if (!wish.meant) return this.#anyId(someId, of, own);
    const kind = of === "cursor" ? `cursor of ${wish.operationId}` : wish.path === "/demo/sign-in" ? "demoUserId" : of;
    const to = OWNED.has(kind) ? others : others.filter((other) => other !== own);
    const right = kind === "userId" && wish.as !== "operator" ? [own] : this.things.belonging(kind, to, IN_STATUS[`${wish.operationId} ${kind}`]);
    const id = right[someId % right.length];
    if (id !== undefined && of !== "cursor") others.push(id);
    return id;
  }

  /** Mostly of the right kind, and mostly one's own: else nearly every answer would be 404 or 403. */
  #anyId(number: number, of: string, own: string): string {
    if (of === "userId" && number % 7 > 0) return own;
    const right = number % 11 > 0 ? this.things.of(of) : [];
    const ids = right.length > 0 ? right : this.things.all();
    return ids[number % ids.length] as string;
  }
}

/** As it may stand in a URL: what was written with a percent sign stays as it is. Dots would lead to another path before it is sent. */
function encoded(text: string): string {
  if (/^\.{1,2}$/.test(text)) return "_";
  return text.startsWith("%") ? text : encodeURIComponent(text.toWellFormed());
}
