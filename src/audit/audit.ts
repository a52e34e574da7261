// The contract's invariants, checked on a live database. The tables of a sale have no foreign keys, so orphans are looked for too.

import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { balances } from "./1-balances.ts";
import { stock } from "./2-stock.ts";
import { coupons } from "./3-coupons.ts";
import { payments } from "./4-payments.ts";
import { refunds } from "./5-refunds.ts";
import { events } from "./6-events.ts";
import { sales } from "./7-sales.ts";
import type { Check } from "./check.ts";

export const CHECKS: readonly Check[] = [...balances, ...stock, ...coupons, ...payments, ...refunds, ...events, ...sales];

/** `invariant` as the contract numbers them; beside it the ids, and mostly what was `expected` and is `actual`. */
export type Violation = { invariant: number; what: string; [detail: string]: unknown };

const MOST_PER_INVARIANT = 100;

/**
 * Every violation of an invariant, at most 100 of each invariant. Reads one snapshot, in which every commit is whole: it may
 * run while the shop sells, and holds up nobody.
 * @param timezone the shop's, in which sales have their days
 */
export async function audit(database: Database, timezone: string): Promise<{ violations: Violation[]; checkedAt: string }> {
  return database.transaction(async (run) => {
    await run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const checkedAt = iso(Date.now());
    const violations: Violation[] = [];
    const left = new Map<number, number>();
    for (const { invariant, what, sql, usesTimezone } of CHECKS) {
      const limit = left.get(invariant) ?? MOST_PER_INVARIANT;
      const rows = await run<Record<string, unknown>>(`SELECT * FROM (${sql}) violation LIMIT ${limit}`, usesTimezone ? [timezone] : []);
      left.set(invariant, limit - rows.length);
      for (const row of rows) violations.push({ invariant, what, ...row });
    }
    return { violations, checkedAt };
  });
}
