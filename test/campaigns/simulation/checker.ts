// Compares every decision of a round, every written row and every response with the model.

import assert from "node:assert/strict";
import { users } from "../../../src/balance/balance.sql.ts";
import { carts } from "../../../src/cart/cart.sql.ts";
import { products, variants } from "../../../src/catalog/catalog.sql.ts";
import { campaigns } from "../../../src/coupon/campaign.sql.ts";
import { userCoupons } from "../../../src/coupon/coupon.sql.ts";
import { orders } from "../../../src/order/order.sql.ts";
import { isAnswer } from "../../../src/refusal.ts";
import { returns } from "../../../src/fulfilment/return.sql.ts";
import type { Changes, Table } from "../../../src/till/table.ts";
import type { Model } from "./model.ts";
import type { Result, Step } from "./steps.ts";

/** A request, its decisions and its response. */
export type SimulatedRequest = {
  number: number;
  process: { number: number; dead: boolean };
  step: Step;
  key: string | null;
  /** The response, or the code of the refusal; undefined without a response (yet). */
  response: unknown;
  /** Decisions of rounds that were committed or had nothing to write. */
  decisions: Decision[];
  /** Whether the command lost its turn because its needs changed. */
  lostTurn: boolean;
};

/** `body`: the response of a request with a key. No `result`: the stored response was repeated. */
export type Decision = { request: SimulatedRequest; now: number; result: Result | undefined; body: string | undefined };

export class Checker {
  /** Number of outcomes of each kind. */
  readonly tally = new Map<string, number>();
  readonly #model: Model;
  readonly #stored = new Map<string, { step: string; body: string }>();
  /** The number of the request that was last decided, per process and row. */
  readonly #last = new Map<string, number>();

  constructor(model: Model) {
    this.#model = model;
  }

  /** Checks a committed round against the model. @param at when it was committed */
  checkRound(decided: Decision[], changes: Changes | undefined, at: number): void {
    for (const decision of decided) {
      decision.request.decisions.push(decision);
      this.#checkTurn(decision.request);
      this.#checkDecision(decision, at);
    }
    if (changes) for (const [table, rows] of changes.tables) for (const { key, after } of rows) ROWS.get(table)?.(this.#model, key, after as never);
  }

  #checkDecision({ request: { step, key }, now, result, body }: Decision, at: number): void {
    const stored = key === null ? undefined : this.#stored.get(key);
    const asked = JSON.stringify(step);
    // A malformed request is not stored under its key, so it may be decided before the first use of the key is committed.
    if (stored && !(result && "refusal" in result && result.refusal === "INVALID_REQUEST")) {
      if (stored.step !== asked) return assert.deepEqual(result, { refusal: "IDEMPOTENCY_KEY_REUSED" }, "a key was accepted for another request");
      return assert.deepEqual({ result, body }, { result: undefined, body: stored.body }, "a repeated request did not get the stored response");
    }
    assert.ok(result, "a response was repeated that was never stored");
    const expected = this.#model.do(step, now, result, at);
    assertSame(expected, result, () => JSON.stringify({ step, now: new Date(now).toISOString(), expected, actual: result }));
    if (key === null) return;
    assert.equal(
      body !== undefined,
      "answer" in result || isAnswer(result.refusal.split(" ")[0] as never),
      "a response was stored, or not, against the rules",
    );
    if (body !== undefined) this.#stored.set(key, { step: asked, body });
  }

  /** Commands on the same row are decided in the order of their arrival at this process, except those that lost their turn. */
  #checkTurn({ process, number, lostTurn, step }: SimulatedRequest): void {
    if (lostTurn) return;
    for (const row of rowsOf(step)) {
      const place = `${process.number} ${row}`;
      const last = this.#last.get(place) ?? -1;
      assert.ok(last <= number, `request ${number} was decided after ${last}, which arrived later and has the row ${row} too`);
      this.#last.set(place, number);
    }
  }

  /** A response equals the only decision. A request that got BUSY has no decision. */
  checkResponse(request: SimulatedRequest): void {
    const { response, decisions, step, process, key, number } = request;
    this.count(outcomeOf(request));
    const about = (): string => `request ${number}, ${JSON.stringify(step)}${key === null ? "" : ` with ${key}`}, got ${JSON.stringify(response)}`;
    if (decisions.length > 1) assert.fail(`${about()} and was executed ${decisions.length} times`);
    if (process.dead || response === "UNAVAILABLE") return; // The outcome is unknown.
    const [decision] = decisions;
    if (response === "BUSY" || (response instanceof Error && response.message === "rejected")) {
      if (decision) assert.fail(`${about()} but was executed`);
      return;
    }
    if (!decision) assert.fail(`${about()} without a decision`);
    const { result, body } = decision;
    assert.deepEqual(response, body ?? (result && ("answer" in result ? result.answer : result.refusal)));
  }

  count(outcome: string): void {
    this.tally.set(outcome, (this.tally.get(outcome) ?? 0) + 1);
  }
}

function outcomeOf({ response, decisions: [decision], step, process }: SimulatedRequest): string {
  if (decision) return `${step.kind}: ${decision.result ? ("answer" in decision.result ? "done" : decision.result.refusal) : "repeated"}`;
  return `${step.kind}: ${process.dead ? "died" : response instanceof Error ? response.message : String(response)}`;
}

/** Rows of a step for which the contract promises the order of arrival: campaigns, variants, users and orders. */
function rowsOf(step: Step): string[] {
  const rows: string[] = [];
  if ("couponId" in step) rows.push(step.couponId);
  if ("variantId" in step && step.variantId !== null) rows.push(step.variantId);
  if ("userId" in step && step.kind !== "issue coupon" && !("method" in step && step.method === "DEFERRED")) rows.push(step.userId);
  if ("orderId" in step) rows.push(step.orderId);
  if ("lineItems" in step) for (const { variantId } of step.lineItems ?? []) if (variantId !== null) rows.push(variantId);
  return rows;
}

function assertSame(expected: unknown, actual: unknown, about: () => string): void {
  if (!matches(expected, actual)) assert.fail(about());
}

/** Whether `actual` has all members of `expected`, with equal values. It may have more. */
export function matches(expected: unknown, actual: unknown): boolean {
  if (expected === actual) return true;
  if (typeof expected !== "object" || expected === null || typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(expected) && (!Array.isArray(actual) || actual.length !== expected.length)) return false;
  for (const name in expected) if (!matches((expected as Record<string, unknown>)[name], (actual as Record<string, unknown>)[name])) return false;
  return true;
}

/** For each table, the check of a row against the model. */
const ROWS = new Map<Table<unknown>, (model: Model, key: string, row: never) => void>();

function row<Row>(table: Table<Row>, expectedOf: (model: Model, key: string) => unknown): void {
  ROWS.set(table, (model, key, actual) => {
    const expected = expectedOf(model, key);
    assertSame(expected, actual, () => `${table.name} ${key} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
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
row(returns, (model, id) => model.orders.get(id)?.goods.returns.map((one) => ({ id: one.id, status: one.status })));
row(orders, (model, id) => {
  const { status, refunded, total, discount, userId, items, note, goods } = model.orders.get(id) ?? {};
  return {
    status,
    note,
    fulfilment: goods?.row(),
    refundedAmount: refunded,
    totalAmount: total,
    discountAmount: discount,
    userId,
    items: items?.map(({ variantId, price, quantity, refunded }) => ({ variantId, unitPrice: price, quantity, refundedQuantity: refunded })),
  };
});
