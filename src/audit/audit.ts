// Checks all invariants on a live database. The tables of orders and payments have no foreign keys,
// so the audit looks for orphans, too.

import { databaseNow } from "../database/clock.ts";
import { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { balances } from "./1-balances.ts";
import { stock } from "./2-stock.ts";
import { coupons } from "./3-coupons.ts";
import { payments } from "./4-payments.ts";
import { fulfilment } from "./5-fulfilment.ts";
import { refunds } from "./5-refunds.ts";
import { events } from "./6-events.ts";
import { sales } from "./7-sales.ts";
import { drops } from "./8-drops.ts";
import { journal } from "./9-journal.ts";
import type { Check } from "./check.ts";
import { type Read, type Task, withConcurrency } from "./concurrency.ts";

export const CHECKS: readonly Check[] = [
  ...balances,
  ...stock,
  ...coupons,
  ...payments,
  ...refunds,
  ...fulfilment,
  ...events,
  ...sales,
  ...drops,
  ...journal,
];

/** `invariant` is the number of the check's file; details are ids, `expected` and `actual`. */
export type Violation = { invariant: number; what: string; [detail: string]: unknown };

const VIOLATIONS_PER_INVARIANT_MAX = 100;

/**
 * The violations of all invariants, at most 100 of each. Reads one snapshot on its own connections,
 * so it can run while the shop sells and blocks no other transaction.
 * @param timezone the shop's time zone, which determines the days of sales
 */
export async function audit({ url }: { url: string }, timezone: string): Promise<{ violations: Violation[]; checkedAt: string }> {
  const found = new Map<Check, Violation[]>();
  const report: Report = async (check, read, sql) => {
    const rows = await read(`SELECT * FROM (${sql}) violation LIMIT ${VIOLATIONS_PER_INVARIANT_MAX}`, "usesTimezone" in check ? [timezone] : []);
    const { invariant, what } = check;
    found.set(
      check,
      rows.map((row) => ({ invariant, what, ...row })),
    );
  };

  const database = new Database(url, { size: 2, onError: () => {} });
  let checkedAt: string;
  try {
    checkedAt = iso(await databaseNow(database));
    await withConcurrency(database, [...scanTasks(report), ...queryTasks(report)]);
  } finally {
    await database.close();
  }
  const all = CHECKS.flatMap((check) => found.get(check) ?? []);
  const byInvariant = [...Map.groupBy(all, ({ invariant }) => invariant).values()];
  return { violations: byInvariant.flatMap((violations) => violations.slice(0, VIOLATIONS_PER_INVARIANT_MAX)), checkedAt };
}

type Report = (check: Check, read: Read, sql: string) => Promise<void>;

/** One task per shared scan. */
function scanTasks(report: Report): Task[] {
  const scans = Map.groupBy(CHECKS, (check) => ("scan" in check ? check.scan : undefined));
  return [...scans].flatMap(([scan, checks]) => {
    if (scan === undefined) return [];
    return async (read: Read): Promise<void> => {
      await read("SET LOCAL enable_hashjoin = off");
      const conditions = checks.map((check, i) => ("where" in check ? `bool_or(${check.where}) AS c${i}` : ""));
      const [result] = await read(`SELECT ${conditions.join(", ")} FROM ${scan}`);
      for (const [i, check] of checks.entries()) {
        if (result?.[`c${i}`] === true && "select" in check) await report(check, read, `SELECT ${check.select} FROM ${scan} WHERE ${check.where}`);
      }
    };
  });
}

/** One task per check with its own query, long ones first, so that both end together. */
function queryTasks(report: Report): Task[] {
  return CHECKS.toSorted((a, b) => Number("inKeyOrder" in b) - Number("inKeyOrder" in a)).flatMap((check) => {
    if (!("sql" in check)) return [];
    return async (read: Read): Promise<void> => {
      await read(`SET LOCAL enable_hashjoin = ${check.inKeyOrder ? "off" : "on"}`);
      await report(check, read, check.sql);
    };
  });
}
