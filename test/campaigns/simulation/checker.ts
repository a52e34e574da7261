// The judge of a simulated world: after every round it asks the model whether what was decided is right, and the rows whether all is well.

import assert from "node:assert/strict";
import { users } from "../../../src/balance/balance.sql.ts";
import { carts } from "../../../src/cart/cart.sql.ts";
import { products, variants } from "../../../src/catalog/catalog.sql.ts";
import { campaigns } from "../../../src/coupon/campaign.sql.ts";
import { userCoupons } from "../../../src/coupon/coupon.sql.ts";
import { orderItems, orders } from "../../../src/order/order.sql.ts";
import { isAnswer } from "../../../src/refusal.ts";
import type { Changes, Table } from "../../../src/till/table.ts";
import type { Model } from "./model.ts";
import type { Result, Step } from "./steps.ts";

/** One request, from its arrival until it was answered, and what was decided of it on the way. */
export type Visit = {
  number: number;
  process: { number: number; dead: boolean };
  step: Step;
  key: string | null;
  /** What it was told: its answer, or the code of the refusal; undefined where nobody told it anything (yet). */
  came: unknown;
  /** Decisions of rounds that were written, or had nothing to write. */
  stands: Decision[];
  cameAgain: boolean;
};

/** `body` is what a keyed request is answered; without a `result` it is the answer that was kept. */
export type Decision = { visit: Visit; now: number; result: Result | undefined; body: string | undefined };

export class Checker {
  /** How often what came of what. */
  readonly tally = new Map<string, number>();
  readonly #model: Model;
  readonly #kept = new Map<string, { step: string; body: string }>();
  /** Which visit was last decided of those that met at a row of a process's. */
  readonly #last = new Map<string, number>();

  constructor(model: Model) {
    this.#model = model;
  }

  /** What this round decided stands: it must be what the model says. */
  checkRound(decided: Decision[], changes: Changes | undefined): void {
    for (const decision of decided) {
      decision.visit.stands.push(decision);
      this.#checkTurn(decision.visit);
      this.#checkDecision(decision);
    }
    if (changes) for (const [shelf, rows] of changes.tables) for (const { key, after } of rows) ROWS.get(shelf)?.(this.#model, key, after as never);
  }

  #checkDecision({ visit: { step, key }, now, result, body }: Decision): void {
    const kept = key === null ? undefined : this.#kept.get(key);
    const asked = JSON.stringify(step);
    // What is refused for its shape leaves nothing under its key, so it may have been decided before the key's first use was on disk.
    if (kept && !(result && "refusal" in result && result.refusal === "INVALID_REQUEST")) {
      if (kept.step !== asked) return assert.deepEqual(result, { refusal: "IDEMPOTENCY_KEY_REUSED" }, "a key was used for something else");
      return assert.deepEqual({ result, body }, { result: undefined, body: kept.body }, "a repeated request was not given the first one's answer");
    }
    assert.ok(result, "an answer was repeated that had never been given");
    const expected = this.#model.do(step, now, result);
    assertSame(expected, result, () => JSON.stringify({ step, now: new Date(now).toISOString(), expected, came: result }));
    if (key === null) return;
    assert.equal(body !== undefined, "answer" in result || isAnswer(result.refusal.split(" ")[0] as never), "what is kept under a key");
    if (body !== undefined) this.#kept.set(key, { step: asked, body });
  }

  /** Those who meet at a row are decided in the order in which they came to this process. Who had to come again has lost that turn. */
  #checkTurn({ process, number, cameAgain, step }: Visit): void {
    if (cameAgain) return;
    for (const row of rowsOf(step)) {
      const place = `${process.number} ${row}`;
      const last = this.#last.get(place) ?? -1;
      assert.ok(last <= number, `${number} was decided after ${last}, which came later and meets it at ${row}`);
      this.#last.set(place, number);
    }
  }

  /** What somebody was told is what was decided, once; and who was told to come again was not served. */
  checkAnswer(visit: Visit): void {
    const { came, stands, step, process, key, number } = visit;
    this.count(whatBecameOf(visit));
    const about = (): string => `${number}, ${JSON.stringify(step)}${key === null ? "" : ` with ${key}`}, was told ${JSON.stringify(came)}`;
    if (stands.length > 1) assert.fail(`${about()} and done ${stands.length} times`);
    if (process.dead || came === "UNAVAILABLE") return; // It may have been done, or not.
    const [decision] = stands;
    if (came === "BUSY" || (came instanceof Error && came.message === "rejected")) {
      if (decision) assert.fail(`${about()} and was done all the same`);
      return;
    }
    if (!decision) assert.fail(`${about()} and nobody decided that`);
    const { result, body } = decision;
    assert.deepEqual(came, body ?? (result && ("answer" in result ? result.answer : result.refusal)));
  }

  count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }
}

function whatBecameOf({ came, stands: [decision], step, process }: Visit): string {
  if (decision) return `${step.kind}: ${decision.result ? ("answer" in decision.result ? "done" : decision.result.refusal) : "repeated"}`;
  return `${step.kind}: ${process.dead ? "died" : came instanceof Error ? came.message : String(came)}`;
}

/** The rows at which a step certainly meets another: those of which the contract promises the order of arrival, users and orders. */
function rowsOf(step: Step): string[] {
  const rows: string[] = [];
  if ("couponId" in step) rows.push(step.couponId);
  if ("variantId" in step && step.variantId !== null) rows.push(step.variantId);
  if ("userId" in step && step.kind !== "issue coupon" && !("method" in step && step.method === "DEFERRED")) rows.push(step.userId);
  if ("orderId" in step) rows.push(step.orderId);
  if ("articles" in step) for (const { variantId } of step.articles ?? []) if (variantId !== null) rows.push(variantId);
  return rows;
}

function assertSame(expected: unknown, came: unknown, about: () => string): void {
  if (!matches(expected, came)) assert.fail(about());
}

/** Whether everything that is expected came so; what came may say more. */
export function matches(expected: unknown, came: unknown): boolean {
  if (expected === came) return true;
  if (typeof expected !== "object" || expected === null || typeof came !== "object" || came === null) return false;
  if (Array.isArray(expected) && (!Array.isArray(came) || came.length !== expected.length)) return false;
  for (const name in expected) if (!matches((expected as Record<string, unknown>)[name], (came as Record<string, unknown>)[name])) return false;
  return true;
}

/** What the model has in a row's place, shelf by shelf. */
const ROWS = new Map<Table<unknown>, (model: Model, key: string, row: never) => void>();

function row<Row>(shelf: Table<Row>, expectedOf: (model: Model, key: string) => unknown): void {
  ROWS.set(shelf, (model, key, came) => {
    const expected = expectedOf(model, key);
    assertSame(expected, came, () => `${shelf.name} ${key} is ${JSON.stringify(came)} and should be ${JSON.stringify(expected)}`);
  });
}
row(users, (model, id) => model.users.get(id));
row(products, (model, id) => ({ status: model.products.get(id)?.forSale ? "ON_SALE" : "NOT_FOR_SALE" }));
row(variants, (model, id) => {
  const { adjustments: _, ...variant } = model.variants.get(id) ?? { adjustments: [] };
  return variant;
});
row(campaigns, (model, id) => {
  const { holders, ...terms } = model.campaigns.get(id) ?? {};
  return { ...terms, issuedQuantity: holders?.size };
});
row(userCoupons, (model, id) => ({ status: model.coupons.get(id)?.state, orderId: model.coupons.get(id)?.orderId }));
row(carts, (model, id) => model.carts.get(id));
row(orders, (model, id) => {
  const { status, refunded, total, discount, userId } = model.orders.get(id) ?? {};
  return { status, refundedAmount: refunded, totalAmount: total, discountAmount: discount, userId };
});
row(orderItems, (model, id) =>
  model.orders
    .get(id)
    ?.items.map(({ variantId, price, quantity, refunded }) => ({ variantId, unitPrice: price, quantity, refundedQuantity: refunded })),
);
