// Two instances of a shop on one database, and the model that predicts each response.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { orders } from "../../../src/order/order.sql.ts";
import type { Request } from "../simulation/history.ts";
import { matches } from "../simulation/checker.ts";
import { Model } from "../simulation/model.ts";
import { BALANCE_MAX, type Step } from "../simulation/steps.ts";
import { Registry } from "../simulation/registry.ts";
import { day } from "../../support/clock.ts";
import { type Answer, openTestShop, type TestShop, withoutRequestId } from "../../support/shop.ts";
import { type HttpRequest, isRequest, requestOf, type RequestStep, resultOf } from "./requests.ts";

/**
 * How to send a request: `at` which instance, and whether with an idempotency key. `repeated`: it is sent again to the other instance after
 * the response; `concurrently`: to both instances at once.
 */
export type Sending = { at: 0 | 1; repeat: "no key" | "once" | "repeated" | "concurrently" };

export type Payment = { id: string; userId: string; method: string; amount: number };

const DAY_MS = 86_400_000;

export class Environment {
  readonly shops: TestShop[];
  readonly model = new Model();
  /** Number of responses, per operation and status. */
  readonly tally: Map<string, number>;
  readonly users: string[] = [];
  /** For each order: the types of its events, and the day of its completion. */
  readonly events = new Map<string, string[]>();
  readonly days = new Map<string, string>();
  readonly payments = new Map<string, Payment>();
  /** Number of attempts that the gateway declined. */
  declined = 0;
  readonly clock: { forward(ms: number): void };
  readonly #registry: Registry;
  readonly #stored: { key: string; request: HttpRequest; answer: Answer }[] = [];
  #sent = 0;
  /** Of the database, so that the keys of different sequences differ in the campaign's history. */
  readonly #name = randomUUID();

  private constructor(shops: TestShop[], clock: Environment["clock"], tally: Environment["tally"]) {
    this.shops = shops;
    this.clock = clock;
    this.tally = tally;
    const pending = (): unknown[] => [...this.model.orders].map(([id, { status, expiresAt }]) => ({ id, status, expiresAt }));
    this.#registry = new Registry({ rows: ((table: unknown) => (table === orders ? pending() : [])) as never }, this.model);
  }

  static async open(gateway: Record<string, string>, clock: Environment["clock"], tally: Environment["tally"]): Promise<Environment> {
    // The shop runs its jobs when it opens and then once a minute of real time. Within that minute, only the model runs jobs.
    clock.forward(60_000 - (Date.now() % 60_000));
    const env = { ...gateway, BALANCE_MAX: String(BALANCE_MAX), DEMO: "off" };
    const first = await openTestShop({ env });
    return new Environment([first, await openTestShop({ beside: first, env })], clock, tally);
  }

  async close(): Promise<void> {
    for (const shop of this.shops.toReversed()) await shop.close();
  }

  /** Sends a request and compares its result with the model. */
  async request(
    requested: Request,
    sending: Sending,
    { card, orderedDaysAgo = null }: { card?: "approved" | "declined"; orderedDaysAgo?: number | null } = {},
  ): Promise<void> {
    for (const generated of this.#registry.steps(requested, Date.now())) {
      const step: Step = card === undefined || generated.kind !== "pay order" ? generated : { ...generated, card };
      if (isRequest(step)) await this.#submit(step, sending, orderedDaysAgo === null ? null : Date.now() - orderedDaysAgo * DAY_MS);
    }
  }

  async #submit(step: RequestStep, { at, repeat }: Sending, orderedAt: number | null): Promise<void> {
    this.#sent += 1;
    const request = requestOf(step, { unique: randomUUID(), orderedAt });
    const since = Date.now();
    const key = repeat === "no key" ? undefined : `key-${this.#sent}-${this.#name}`;
    const isConcurrent = repeat === "concurrently";
    const [answer, other] = await Promise.all([this.send(request, at, key), ...(isConcurrent ? [this.send(request, 1 - at, key)] : [])]);
    const result = resultOf(step, answer);
    const until = Date.now();

    // The model uses the time in the response, if it is between request and response.
    const { issuedAt = until } = (("answer" in result ? result.answer : null) as { issuedAt?: number } | null) ?? {};
    assert.ok(since <= issuedAt && issuedAt <= until, `${step.kind} happened at ${issuedAt}, not between ${since} and ${until}`);
    const before = "orderId" in step ? this.model.orders.get(step.orderId)?.status : undefined;
    const expected = this.model.do(step, issuedAt, result);
    if (!matches(expected, result)) assert.fail(`${nameOf(request)}\n  got ${JSON.stringify(result)}\n  expected ${JSON.stringify(expected)}`);
    if ("refusal" in result && result.refusal === "PAYMENT_DECLINED") this.declined += 1;
    if (step.kind === "place order" && orderedAt !== null && "answer" in result)
      Object.assign(this.model.orders.get((result.answer as { orderId: string }).orderId) ?? {}, { imported: true });
    if ("answer" in result) this.#learn(step, result.answer as Record<string, never>, before, orderedAt);

    if (other) assertSame(request, answer, other);
    if (key !== undefined && answer.body?.code !== "INVALID_REQUEST") this.#stored.push({ key, request, answer });
    if (repeat === "repeated") assertSame(request, answer, await this.send(request, 1 - at, key), this.#stored.at(-1)?.key === key);
  }

  /** Repeats an earlier request with its key, then sends another request with that key. */
  async repeat(n: number, at: 0 | 1): Promise<void> {
    const stored = this.#stored[n % this.#stored.length];
    if (!stored) return;
    assertSame(stored.request, stored.answer, await this.send(stored.request, at, stored.key), true);
    const other: HttpRequest = {
      operationId: "issueCoupon",
      as: stored.request.as,
      method: "POST",
      path: `/coupons/00000000-0000-7000-8000-${String(n).padStart(12, "0")}/issue`,
    };
    const { status, body } = await this.send(other, at, stored.key);
    assert.deepEqual({ status, code: body.code }, { status: 422, code: "IDEMPOTENCY_KEY_REUSED" }, nameOf(other));
  }

  /** Empties the cart of the n-th user. */
  async emptyCart(n: number, at: 0 | 1): Promise<void> {
    const userId = this.users[n % this.users.length] as string;
    const { status } = await this.send({ operationId: "emptyCart", as: userId, method: "DELETE", path: `/users/${userId}/cart` }, at);
    assert.equal(status, 204);
    this.model.carts.set(userId, []);
  }

  /** Announces a charge of the n-th user, which moves no money. */
  async openCharge(n: number, amount: number, at: 0 | 1): Promise<void> {
    const userId = this.users[n % this.users.length] as string;
    const path = `/users/${userId}/balance/charges`;
    const { status, body } = await this.send({ operationId: "openCharge", as: userId, method: "POST", path, body: { amount } }, at);
    const isTooMuch = (this.model.users.get(userId)?.balance ?? 0) + amount > BALANCE_MAX;
    assert.deepEqual([status, body.code ?? body.amount], isTooMuch ? [400, "BALANCE_LIMIT_EXCEEDED"] : [201, amount]);
  }

  /** Voids the n-th campaign. */
  async voidCampaign(n: number, at: 0 | 1): Promise<void> {
    const ids = [...this.model.campaigns.keys()];
    const couponId = ids[n % ids.length] as string;
    const path = `/admin/coupons/${couponId}/void`;
    const { status, body } = await this.send({ operationId: "voidCoupons", as: null, method: "POST", path, body: { reason: "model" } }, at);
    assert.deepEqual({ status, body }, { status: 200, body: { voided: this.model.voidCampaign(couponId, Date.now()) } });
  }

  /** Takes granted money back from the n-th user. */
  async revoke(n: number, amount: number, at: 0 | 1): Promise<void> {
    const userId = this.users[n % this.users.length] as string;
    const request = { operationId: "revokeBalances", as: null, method: "POST", path: "/admin/balances/revoke" };
    const { status, body } = await this.send({ ...request, body: { revocations: [{ userId, amount, reason: "model" }] } } as HttpRequest, at);
    const isDone = this.model.revoke(userId, amount);
    assert.deepEqual([status, body.code ?? body.totalAmount], isDone ? [200, amount] : [400, "BALANCE_INSUFFICIENT"]);
  }

  /** The number of the n-th pending order. */
  unpaid(n: number): number {
    const pending = [...this.model.orders.values()].flatMap(({ status }, i) => (status === "PENDING" ? [i] : []));
    return pending[n % pending.length] ?? n;
  }

  /** Runs an expiry job, and expires the same rows in the model. */
  async expire(what: "orders" | "coupons", at: 0 | 1): Promise<void> {
    const now = Date.now();
    const answer = await this.send({ operationId: "runJob", as: null, method: "POST", path: `/admin/jobs/expire-${what}/run` }, at);
    const due = this.#registry.steps({ ask: "expire orders" }, now);
    const steps: Step[] = what === "orders" ? due : [{ kind: "expire coupons", userCouponIds: [...this.model.coupons.keys()] }];
    let expired = 0;
    for (const step of steps) {
      expired += Number((this.model.do(step, now, { answer: undefined }) as { answer: unknown }).answer);
      if (step.kind === "expire order") this.events.get(step.orderId)?.push("order.expired");
    }
    assert.deepEqual({ status: answer.status, result: answer.body.lastResult }, { status: 200, result: { expired } });
  }

  async send({ operationId, as, method, path, body }: HttpRequest, at: number, key?: string): Promise<Answer> {
    const shop = this.shops[at] as TestShop;
    const client = as === null ? shop.operator.at(shop) : shop.client(as);
    const answer = await client.send(method, path, body, key === undefined ? {} : { "idempotency-key": key });
    const response = `${operationId} ${answer.status}`;
    this.tally.set(response, (this.tally.get(response) ?? 0) + 1);
    return answer;
  }

  #learn(step: RequestStep, answer: Record<string, never>, before: string | undefined, orderedAt: number | null): void {
    this.#registry.learn(step, answer);
    if (step.kind === "create user") this.users.push((answer as never as { id: string }[])[0]?.id as string);
    if (step.kind === "place order") {
      const { orderId, userId, payment, totalAmount, discountAmount } = answer as never as Placed;
      this.events.set(orderId, [step.method === "BALANCE" ? "order.completed" : "order.placed"]);
      if (step.method === "BALANCE") this.days.set(orderId, day(orderedAt === null ? 0 : Math.round((orderedAt - Date.now()) / DAY_MS)));
      if (step.method === "BALANCE")
        this.payments.set(orderId, { id: payment?.paymentId as string, userId, method: "BALANCE", amount: totalAmount - discountAmount });
      else assert.equal(payment, null);
    }
    if (step.kind === "pay order") {
      this.events.get(step.orderId)?.push("order.completed");
      this.days.set(step.orderId, day());
      const userId = this.model.orders.get(step.orderId)?.userId as string;
      const { paymentId, method, amount } = answer as never as { paymentId: string; method: string; amount: number };
      assert.equal(method, step.card === undefined ? "BALANCE" : "CARD");
      this.payments.set(step.orderId, { id: paymentId, userId, method, amount });
    }
    if (step.kind === "cancel order" || step.kind === "refund order") {
      const { status } = this.model.orders.get(step.orderId) as { status: string };
      this.events
        .get(step.orderId)
        ?.push(before === "PENDING" ? "order.cancelled" : status === "REFUNDED" ? "order.refunded" : "order.partially-refunded");
    }
  }
}

type Placed = { orderId: string; userId: string; payment: { paymentId: string } | null; totalAmount: number; discountAmount: number };

function nameOf({ as, method, path, body }: HttpRequest): string {
  return `${as ?? "an operator"}: ${method} ${path} ${JSON.stringify(body) ?? ""}`;
}

/** A repeated request gets the same response. @param isStored the response must come from the idempotency record */
function assertSame(request: HttpRequest, first: Answer, again: Answer, isStored = false): void {
  assert.deepEqual(
    { status: again.status, text: withoutRequestId(again.text) },
    { status: first.status, text: withoutRequestId(first.text) },
    `${nameOf(request)}: other response to the repetition`,
  );
  if (isStored) assert.equal(again.headers["idempotent-replayed"], "true", `${nameOf(request)}: executed again`);
}
