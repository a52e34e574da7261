// Sends generated requests with existing ids, and checks the responses.

import assert from "node:assert/strict";
import { type Answer, call, Client, type TestShop } from "../../support/shop.ts";
import type { FuzzRequest } from "./requests.ts";
import { Registry } from "./registry.ts";
import type { SomeId } from "./values.ts";

/** No request may hang. Only jobs take seconds. */
const TIMEOUT_MS = 40_000;
const PATH_MAX = 8000;
/** Internals that no response may reveal: code, SQL, hosts. */
const INTERNALS =
  /node_modules|\bat .+\.(?:ts|js):\d+|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b|relation "|column "|ECONN|127\.0\.0\.1|postgres/i;
/** The status that an operation requires. */
const REQUIRED_STATUS: Record<string, string[]> = {
  "addToCart productId": ["ON_SALE"],
  "placeOrder productId": ["ON_SALE"],
  "placeOrder userCouponId": ["AVAILABLE"],
  "issueCoupon couponId": ["OPEN"],
  "issueCoupons couponId": ["OPEN"],
  "payOrder orderId": ["PENDING"],
  "cancelOrder orderId": ["PENDING", "COMPLETED"],
  "refundOrder orderId": ["COMPLETED", "PARTIALLY_REFUNDED"],
  "getDrop dropId": ["OPEN"],
  "listDropEntries dropId": ["OPEN"],
  "enterDrop dropId": ["OPEN"],
  "getOwnEntry dropId": ["OPEN"],
  "leaveDrop dropId": ["OPEN"],
  "getDraw dropId": ["AWAITED"],
  "getDrawFile dropId": ["AWAITED"],
  "setPublicValue dropId": ["AWAITED"],
  "shipOrder orderId": ["COMPLETED"],
  "shipOrders orderId": ["COMPLETED"],
  "deliverShipment orderId": ["SHIPPED"],
  "requestReturn orderId": ["SHIPPED"],
  "withdrawReturn orderId": ["RETURNING"],
  "withdrawReturn returnId": ["REQUESTED"],
  "receiveReturn returnId": ["REQUESTED"],
  "rejectReturn returnId": ["REQUESTED"],
  "resolvePayment paymentId": ["IN_DOUBT"],
};

/** Kinds of ids that belong to one buyer. */
const OWNED = new Set(["orderId", "paymentId", "userCouponId", "cartItemId"]);

type ConcreteRequest = { path: string; headers: Record<string, string>; body: string | undefined; about: string[]; named: string[] };

export class Sender {
  readonly #shop: TestShop;
  readonly #tokens: Record<FuzzRequest["as"], string | undefined>;
  readonly #shoppers: string[];
  readonly registry = new Registry();
  readonly tally = new Map<string, number>();

  constructor(shop: TestShop, shoppers: [Client, Client]) {
    this.#shop = shop;
    this.#shoppers = shoppers.map(({ id }) => id);
    for (const id of this.#shoppers) this.registry.remember("userId", id);
    const [one, another] = shoppers;
    this.#tokens = {
      unauthenticated: undefined,
      shopper: one.token,
      "another shopper": another.token,
      operator: shop.operator.token,
      "forged token": `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(`{"sub":"${one.id}","role":"operator"}`).toString("base64url")}.`,
      "invalid signature": one.token.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
    };
  }

  /** The request with chosen ids, as text. `about`: the caller and the ids of the path; `named`: all chosen ids. */
  concrete(request: FuzzRequest): ConcreteRequest {
    const own = this.#shoppers[request.as === "another shopper" ? 1 : 0] as string;
    const about = request.as === "operator" ? [] : [own];
    const named: string[] = [];
    /** @param others ids chosen so far, to which this one should be related */
    const value = (part: unknown, others: string[]): unknown => {
      if (typeof part !== "object" || part === null) return part;
      if (Array.isArray(part)) return part.map((one) => value(one, [...others]));
      if ("someId" in part && "of" in part) {
        const id = this.#idOf(part as SomeId, request, own, others);
        if (id !== undefined) named.push(id);
        return id;
      }
      const chosen = [...others];
      return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, value(inner, chosen)]));
    };
    const text = (part: unknown): string => (typeof part === "string" ? part : (JSON.stringify(part) ?? ""));
    const path = request.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(text(value(request.params[name], about))));
    const query = request.query
      .map(([name, drawn]) => [name, drawn, value(drawn, about)])
      .filter(([, , chosen]) => chosen !== undefined)
      .map(([name, drawn, chosen]) => `${String(name)}=${drawn === null ? "" : encoded(text(chosen))}`)
      .join("&");
    const token = this.#tokens[request.as];
    return {
      // Headers of more than 16 KB get 431, which is documented in prose only.
      path: (query === "" ? path : `${path}?${query}`).slice(0, PATH_MAX),
      headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: request.body === null ? undefined : "text" in request.body ? request.body.text : JSON.stringify(value(request.body.json, about)),
      about,
      named,
    };
  }

  /** Errors: AssertionError if the response is undocumented, a 500, reveals internals, or does not come. */
  async send(request: FuzzRequest): Promise<void> {
    const { path, headers, body, about, named } = this.concrete(request);
    const answer = await this.#within(call(this.#shop.url, request.method, path, body, headers));
    this.tally.set(`${request.operationId} ${answer.status}`, (this.tally.get(`${request.operationId} ${answer.status}`) ?? 0) + 1);
    assert.ok(answer.status < 500 || answer.status === 503, `${answer.status} ${answer.text}`);
    if (answer.status === 503) assert.ok(Number(answer.headers["retry-after"]) > 0, "503 without Retry-After");
    if (answer.status >= 400) {
      const { title, detail, errors } = answer.body as { title: string; detail: string; errors?: { message: string }[] };
      assert.doesNotMatch([title, detail, ...(errors ?? []).map(({ message }) => message)].join("\n"), INTERNALS);
      // The id does not exist anymore, such as an item of an emptied cart.
      if (request.isValid && answer.status === 404) for (const id of about) if (!this.#shoppers.includes(id)) this.registry.forget(id);
      if (request.isValid && answer.status === 409) for (const id of named) this.registry.forgetStatus(id);
      return;
    }
    this.registry.learn(request.path, answer.body, about);
    if (typeof answer.body?.nextCursor === "string") this.registry.remember(`cursor of ${request.operationId}`, answer.body.nextCursor);
  }

  hasServed(operationId: string): boolean {
    return this.tally.keys().some((answer) => answer.startsWith(`${operationId} 2`));
  }

  #within(answer: Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no response within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  #idOf({ someId, of }: SomeId, request: FuzzRequest, own: string, others: string[]): string | undefined {
    if (!request.isValid) return this.#anyId(someId, of, own);
    const kind = of === "cursor" ? `cursor of ${request.operationId}` : request.path === "/demo/sign-in" ? "demoUserId" : of;
    const to = OWNED.has(kind) ? others : others.filter((other) => other !== own);
    const ids =
      kind === "userId" && request.as !== "operator" ? [own] : this.registry.belonging(kind, to, REQUIRED_STATUS[`${request.operationId} ${kind}`]);
    const id = ids[someId % ids.length];
    if (id !== undefined && of !== "cursor") others.push(id);
    return id;
  }

  /** Mostly of the right kind and the own ids, or nearly all responses would be 404 or 403. */
  #anyId(number: number, of: string, own: string): string {
    if (of === "userId" && number % 7 > 0) return own;
    const right = number % 11 > 0 ? this.registry.of(of) : [];
    const ids = right.length > 0 ? right : this.registry.all();
    return ids[number % ids.length] as string;
  }
}

/** URL-encoded, except text with its own percent sign. `.` and `..` would change the path. */
function encoded(text: string): string {
  if (/^\.{1,2}$/.test(text)) return "_";
  return text.startsWith("%") ? text : encodeURIComponent(text.toWellFormed());
}
