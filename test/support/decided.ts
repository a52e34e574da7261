// Decides one command on a few rows, without a database.

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

export type ExistingRow = { table: Table<unknown>; key: string; row: unknown };
export const existing = <Row>(table: Table<Row>, key: string, row: Row): ExistingRow => ({ table, key, row });

/** Decides one command on these rows. */
export function decided<Input, Answer>(
  rows: ExistingRow[],
  command: Command<Input, Answer>,
  input: Input,
  now = NOW,
): { outcome: Outcome; changes: Changes | undefined } {
  const loaded: Loaded = new Map();
  for (const { table, key, row } of rows) loaded.set(table, (loaded.get(table) ?? new Map<string, unknown>()).set(key, row));
  const { outcomes, changes } = decide([{ command, input, needs: command.needs(input) }], loaded, now);
  return { outcome: outcomes[0] as Outcome, changes };
}

/** Asserts that the command is refused with this code and changes nothing. */
export function refuses<Input, Answer>(rows: ExistingRow[], command: Command<Input, Answer>, input: Input, code: string, now = NOW): void {
  const { outcome, changes } = decided(rows, command, input, now);
  const actual = outcome.kind === "error" ? (outcome.error instanceof Refusal ? outcome.error.code : String(outcome.error)) : outcome.kind;
  assert.equal(actual, code);
  assert.equal(changes, undefined);
}

/** Asserts that the command succeeds, and returns the row of this key after it. */
export function leaves<Input, Answer, Row>(
  rows: ExistingRow[],
  command: Command<Input, Answer>,
  input: Input,
  table: Table<Row>,
  key: string,
  now = NOW,
): Row {
  const { outcome, changes } = decided(rows, command, input, now);
  assert.equal(outcome.kind, "answer", outcome.kind === "error" ? String(outcome.error) : "");
  return changes?.tables.get(table)?.find((change) => change.key === key)?.after as Row;
}

export const BALANCE_MAX = 1_000_000;
export const wallet = (balance = 1000, id = USER): ExistingRow => existing(users, id, { id, balance, version: 1 });
export const product = (status: "ON_SALE" | "NOT_FOR_SALE" = "ON_SALE"): ExistingRow =>
  existing(products, PRODUCT, { id: PRODUCT, name: "사과", description: "", status, price: 10, version: 0 });
export const variant = (fields: Partial<Variant> = {}): ExistingRow =>
  existing(variants, VARIANT, {
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
export const coupon = (fields: Partial<UserCoupon> = {}): ExistingRow =>
  existing(userCoupons, COUPON, {
    id: COUPON,
    couponId: CAMPAIGN,
    userId: USER,
    status: "AVAILABLE",
    issuedAt: NOW - 1000,
    expiresAt: null,
    usedAt: null,
    voidedAt: null,
    orderId: null,
    discount: { type: "FIXED", amount: 5 },
    ...fields,
  });

/** Stands for a dependency that the rule must not use. */
export const unread = (): never => {
  throw new Error("nothing is read here");
};
