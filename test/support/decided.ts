// A rule by itself: one command, decided on a few rows, without a database.

import assert from "node:assert/strict";
import { users } from "../../src/balance/balance.sql.ts";
import type { Variant } from "../../src/catalog/catalog.ts";
import { products, variants } from "../../src/catalog/catalog.sql.ts";
import type { UserCoupon } from "../../src/coupon/coupon.ts";
import { userCoupons } from "../../src/coupon/coupon.sql.ts";
import { Refusal } from "../../src/refusal.ts";
import type { Command } from "../../src/till/command.ts";
import { decide, type Outcome } from "../../src/till/decide.ts";
import type { Changes, Loaded, Table } from "../../src/till/table.ts";

export const NOW = Date.parse("2026-11-20T12:00:00Z");
export const [USER, OTHER, PRODUCT, VARIANT, COUPON, CAMPAIGN, ORDER] = Array.from(
  { length: 7 },
  (_, i) => `0193a000-0000-7000-8000-00000000000${i}`,
) as [string, string, string, string, string, string, string];

export type There = { shelf: Table<unknown>; key: string; row: unknown };
export const there = <Row>(shelf: Table<Row>, key: string, row: Row): There => ({ shelf, key, row });

/** Decides one command on these rows. */
export function decided<Input, Answer>(
  rows: There[],
  command: Command<Input, Answer>,
  input: Input,
  now = NOW,
): { outcome: Outcome; changes: Changes | undefined } {
  const loaded: Loaded = new Map();
  for (const { shelf, key, row } of rows) loaded.set(shelf, (loaded.get(shelf) ?? new Map<string, unknown>()).set(key, row));
  const { outcomes, changes } = decide([{ command, input, needs: command.needs(input) }], loaded, now);
  return { outcome: outcomes[0] as Outcome, changes };
}

/** Refused, with this code, and nothing of it remains. */
export function refuses<Input, Answer>(rows: There[], command: Command<Input, Answer>, input: Input, code: string, now = NOW): void {
  const { outcome, changes } = decided(rows, command, input, now);
  const said = outcome.kind === "error" ? (outcome.error instanceof Refusal ? outcome.error.code : String(outcome.error)) : outcome.kind;
  assert.equal(said, code);
  assert.equal(changes, undefined);
}

/** Answered; the row of this key as it is then. */
export function leaves<Input, Answer, Row>(
  rows: There[],
  command: Command<Input, Answer>,
  input: Input,
  shelf: Table<Row>,
  key: string,
  now = NOW,
): Row {
  const { outcome, changes } = decided(rows, command, input, now);
  assert.equal(outcome.kind, "answer", outcome.kind === "error" ? String(outcome.error) : "");
  return changes?.tables.get(shelf)?.find((change) => change.key === key)?.after as Row;
}

export const BALANCE_MAX = 1_000_000;
export const wallet = (balance = 1000, id = USER): There => there(users, id, { id, balance, version: 1 });
export const product = (status: "ON_SALE" | "NOT_FOR_SALE" = "ON_SALE"): There =>
  there(products, PRODUCT, { id: PRODUCT, name: "사과", description: "", status, price: 10, version: 0 });
export const variant = (fields: Partial<Variant> = {}): There =>
  there(variants, VARIANT, {
    id: VARIANT,
    productId: PRODUCT,
    position: 0,
    sku: null,
    name: null,
    options: {},
    price: 10,
    stock: 5,
    status: "ON_SALE",
    version: 0,
    ...fields,
  });
export const coupon = (fields: Partial<UserCoupon> = {}): There =>
  there(userCoupons, COUPON, {
    id: COUPON,
    couponId: CAMPAIGN,
    userId: USER,
    status: "AVAILABLE",
    issuedAt: NOW - 1000,
    expiresAt: null,
    usedAt: null,
    orderId: null,
    discount: { type: "FIXED", amount: 5 },
    ...fields,
  });

/** For what a rule must not read. */
export const unread = (): never => {
  throw new Error("nothing is read here");
};
