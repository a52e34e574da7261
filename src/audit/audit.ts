// What must hold at every moment, checked on a live database. The tables of a sale have no foreign keys, so orphans are looked for too.

import { databaseNow } from "../database/clock.ts";
import { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { balances } from "./1-balances.ts";
import { stock } from "./2-stock.ts";
import { coupons } from "./3-coupons.ts";
import { payments } from "./4-payments.ts";
import { refunds } from "./5-refunds.ts";
import { events } from "./6-events.ts";
import { sales } from "./7-sales.ts";
import type { Check } from "./check.ts";
import { type Read, withConcurrency } from "./concurrency.ts";

export const CHECKS: readonly Check[] = [...balances, ...stock, ...coupons, ...payments, ...refunds, ...events, ...sales];

/** `invariant` is the number of the file that the check stands in; beside it the ids, and mostly what was `expected` and is `actual`. */
export type Violation = { invariant: number; what: string; [detail: string]: unknown };

const MOST_PER_INVARIANT = 100;

/**
 * Every violation of an invariant, at most 100 of each invariant. Reads one snapshot, in which every commit is whole: it may
 * run while the shop sells, and holds up nobody. Its connections are its own.
 * @param timezone the shop's, in which sales have their days
 */
export async function audit({ url }: { url: string }, timezone: string): Promise<{ violations: Violation[]; checkedAt: string }> {
  const found = new Map<Check, Violation[]>();
  const tell = async (check: Check, read: Read, sql: string): Promise<void> => {
    const rows = await read(`SELECT * FROM (${sql}) violation LIMIT ${MOST_PER_INVARIANT}`, "usesTimezone" in check ? [timezone] : []);
    const { invariant, what } = check;
    found.set(
      check,
      rows.map((row) => ({ invariant, what, ...row })),
    );
  };

  const sweeps = Map.groupBy(CHECKS, (check) => ("sweep" in check ? check.sweep : undefined));
  const sweeping = [...sweeps].flatMap(([sweep, checks]) => {
    if (sweep === undefined) return [];
    return async (read: Read): Promise<void> => {
      await read("SET LOCAL enable_hashjoin = off");
      const wheres = checks.map((check, i) => ("where" in check ? `bool_or(${check.where}) AS c${i}` : ""));
      const [any] = await read(`SELECT ${wheres.join(", ")} FROM ${sweep}`);
      for (const [i, check] of checks.entries()) {
        if (any?.[`c${i}`] === true && "select" in check) await tell(check, read, `SELECT ${check.select} FROM ${sweep} WHERE ${check.where}`);
      }
    };
  });
  // Long ones first, so that both lanes end together.
  const asking = CHECKS.toSorted((a, b) => Number("inKeyOrder" in b) - Number("inKeyOrder" in a)).flatMap((check) => {
    if (!("sql" in check)) return [];
    return async (read: Read): Promise<void> => {
      await read(`SET LOCAL enable_hashjoin = ${check.inKeyOrder ? "off" : "on"}`);
      await tell(check, read, check.sql);
    };
  });

  const database = new Database(url, { size: 2, onError: () => {} });
  let checkedAt: string;
  try {
    checkedAt = iso(await databaseNow(database));
    await withConcurrency(database, [...sweeping, ...asking]);
  } finally {
    await database.close();
  }
  const all = CHECKS.flatMap((check) => found.get(check) ?? []);
  return { violations: [...Map.groupBy(all, ({ invariant }) => invariant).values()].flatMap((some) => some.slice(0, MOST_PER_INVARIANT)), checkedAt };
}
