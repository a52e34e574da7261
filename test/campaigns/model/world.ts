// Two instances of a shop on one database, and beside them the simulation's model, which says what must come of each request.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { orders } from "../../../src/order/order.sql.ts";
import type { Ask } from "../simulation/history.ts";
import { matches } from "../simulation/checker.ts";
import { Model } from "../simulation/model.ts";
import { BALANCE_MAX, type Step } from "../simulation/steps.ts";
import { Registry } from "../simulation/registry.ts";
import { day } from "../../support/clock.ts";
import { type Answer, openTestShop, type TestShop } from "../../support/shop.ts";
import { type Asked, type Request, requestOf, resultOf, speakable } from "./requests.ts";

/** How a request is sent: to which instance, whether with an Idempotency-Key, and whether it comes again at the other instance, before or after the answer. */
export type How = { at: 0 | 1; repeat: "no key" | "once" | "again" | "at both" };

export type Payment = { id: string; userId: string; method: string; amount: number };

const DAY_MS = 86_400_000;

export class World {
  readonly shops: TestShop[];
  readonly model = new Model();
  /** How often which operation gave which status. */
  readonly tally: Map<string, number>;
  readonly users: string[] = [];
  /** Of each order: the types of its events, and the day on which it was completed. */
  readonly events = new Map<string, string[]>();
  readonly days = new Map<string, string>();
  readonly payments = new Map<string, Payment>();
  readonly clock: { forward(ms: number): void };
  readonly #things: Registry;
  readonly #kept: { key: string; request: Request; answer: Answer }[] = [];
  #sent = 0;

  private constructor(shops: TestShop[], clock: World["clock"], tally: World["tally"]) {
    this.shops = shops;
    this.clock = clock;
    this.tally = tally;
    const pending = (): unknown[] => [...this.model.orders].map(([id, { status, expiresAt }]) => ({ id, status, expiresAt }));
    this.#things = new Registry({ rows: ((shelf: unknown) => (shelf === orders ? pending() : [])) as never }, this.model);
  }

  static async open(gateway: Record<string, string>, clock: World["clock"], tally: World["tally"]): Promise<World> {
    // What the shop does by itself every minute is done at its opening, and then not before a minute is over: the model runs its jobs when it wants.
    clock.forward(60_000 - (Date.now() % 60_000));
    const env = { ...gateway, BALANCE_MAX: String(BALANCE_MAX), DEMO: "off" };
    const first = await openTestShop({ env });
    return new World([first, await openTestShop({ beside: first, env })], clock, tally);
  }

  async close(): Promise<void> {
    for (const shop of this.shops.toReversed()) await shop.close();
  }

  /** Sends what is asked for and compares what came of it with what the model says. */
  async ask(
    asked: Ask,
    how: How,
    { card, orderedDaysAgo = null }: { card?: "approved" | "declined"; orderedDaysAgo?: number | null } = {},
  ): Promise<void> {
    for (const drawn of this.#things.steps(asked, Date.now())) {
      const step: Step = card === undefined || drawn.kind !== "pay order" ? drawn : { ...drawn, card };
      if (speakable(step)) await this.#submit(step, how, orderedDaysAgo === null ? null : Date.now() - orderedDaysAgo * DAY_MS);
    }
  }

  async #submit(step: Asked, { at, repeat }: How, orderedAt: number | null): Promise<void> {
    this.#sent += 1;
    const request = requestOf(step, { unique: randomUUID(), orderedAt });
    const since = Date.now();
    const key = repeat === "no key" ? undefined : `key-${this.#sent}`;
    const twice = repeat === "at both";
    const [answer, beside] = await Promise.all([this.send(request, at, key), ...(twice ? [this.send(request, 1 - at, key)] : [])]);
    const result = resultOf(step, answer);
    const until = Date.now();

    // Where the shop says when it was, it is believed, if it can have been then.
    const { issuedAt = until } = (("answer" in result ? result.answer : null) as { issuedAt?: number } | null) ?? {};
    assert.ok(since <= issuedAt && issuedAt <= until, `${step.kind} was done at ${issuedAt}, between ${since} and ${until}`);
    const before = "orderId" in step ? this.model.orders.get(step.orderId)?.status : undefined;
    const expected = this.model.do(step, issuedAt, result);
    if (!matches(expected, result))
      assert.fail(`${said(request)}\n  was answered ${JSON.stringify(result)}\n  and should be ${JSON.stringify(expected)}`);
    if ("answer" in result) this.#learn(step, result.answer as Record<string, never>, before, orderedAt);

    if (beside) same(request, answer, beside);
    if (key !== undefined && answer.body?.code !== "INVALID_REQUEST") this.#kept.push({ key, request, answer });
    if (repeat === "again") same(request, answer, await this.send(request, 1 - at, key), this.#kept.at(-1)?.key === key);
  }

  /** A request that had a key comes again, however much has happened since; then something else with that key. */
  async repeat(n: number, at: 0 | 1): Promise<void> {
    const kept = this.#kept[n % this.#kept.length];
    if (!kept) return;
    same(kept.request, kept.answer, await this.send(kept.request, at, kept.key), true);
    const other: Request = {
      operationId: "issueCoupon",
      as: kept.request.as,
      method: "POST",
      path: `/coupons/00000000-0000-7000-8000-${String(n).padStart(12, "0")}/issue`,
    };
    const { status, body } = await this.send(other, at, kept.key);
    assert.deepEqual({ status, code: body.code }, { status: 422, code: "IDEMPOTENCY_KEY_REUSED" }, said(other));
  }

  /** Which order, counted as they came, is the n-th of those that wait for their payment. */
  unpaid(n: number): number {
    const waiting = [...this.model.orders.values()].flatMap(({ status }, i) => (status === "PENDING" ? [i] : []));
    return waiting[n % waiting.length] ?? n;
  }

  /** Runs a job that ends what is over, and tells the model what was. */
  async expire(what: "orders" | "coupons", at: 0 | 1): Promise<void> {
    const now = Date.now();
    const answer = await this.send({ operationId: "runJob", as: null, method: "POST", path: `/admin/jobs/expire-${what}/run` }, at);
    const due = this.#things.steps({ ask: "expire orders" }, now);
    const steps: Step[] = what === "orders" ? due : [{ kind: "expire coupons", userCouponIds: [...this.model.coupons.keys()] }];
    let expired = 0;
    for (const step of steps) {
      expired += Number((this.model.do(step, now, { answer: undefined }) as { answer: unknown }).answer);
      if (step.kind === "expire order") this.events.get(step.orderId)?.push("order.expired");
    }
    assert.deepEqual({ status: answer.status, result: answer.body.lastResult }, { status: 200, result: { expired } });
  }

  async send({ operationId, as, method, path, body }: Request, at: number, key?: string): Promise<Answer> {
    const shop = this.shops[at] as TestShop;
    const client = as === null ? shop.operator.at(shop) : shop.client(as);
    const answer = await client.send(method, path, body, key === undefined ? {} : { "idempotency-key": key });
    const what = `${operationId} ${answer.status}`;
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
    return answer;
  }

  #learn(step: Asked, answer: Record<string, never>, before: string | undefined, orderedAt: number | null): void {
    this.#things.learn(step, answer);
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

function said({ as, method, path, body }: Request): string {
  return `${as ?? "an operator"}: ${method} ${path} ${JSON.stringify(body) ?? ""}`;
}

/** A repeated request is answered as the first one was; `kept`: from what was written down, and not because it came to the same again. */
function same(request: Request, first: Answer, again: Answer, kept = false): void {
  assert.deepEqual({ status: again.status, text: again.text }, { status: first.status, text: first.text }, `${said(request)} was repeated`);
  if (kept) assert.equal(again.headers["idempotent-replayed"], "true", `${said(request)} was done again`);
}
