import type { Database } from "../database/pool.ts";
import { arrayOf } from "../database/statement.ts";
import { checkTimezone } from "../settings/stored-settings.ts";
import { CORRECT_SALES, COUNT_SALES, LOCK_CHECKPOINT, READ_CHECKPOINT } from "./popular.sql.ts";

type Run = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;
type Counted = { day: string; productId: string; units: number; revenue: number };

/** `rows` of product and day there are, and how many were missing, wrong, or too many. */
export type Recounted = { rows: number; corrected: number };

/**
 * Counts what was sold anew, from the first order on and as far as the aggregation has come, and puts right what it finds otherwise.
 * The long read holds no transaction's number, so the outbox's readers do not wait for it; what is aggregated meanwhile is added under
 * the checkpoint's lock. @param beside done in the same transaction, before and after
 * Errors: ConfigError where the shop's time zone is another by now.
 */
export async function recountSales(
  database: Database,
  timezone: string,
  beside: { before?: (run: Run) => Promise<unknown>; after?: (run: Run) => Promise<unknown> } = {},
): Promise<Recounted> {
  const [begun] = await database.rows<{ xid: string }>({ name: "read checkpoint", text: READ_CHECKPOINT, values: [] });
  if (!begun) throw new Error("the aggregation has no checkpoint");
  const counted = await database.rows<Counted>({ name: "count sales", text: COUNT_SALES, values: ["0", begun.xid, timezone] });
  return database.transaction(async (run) => {
    const [checkpoint] = await run<{ xid: string }>(LOCK_CHECKPOINT);
    await beside.before?.(run);
    await checkTimezone(run, timezone);
    const all = [...counted, ...(await run<Counted>(COUNT_SALES, [begun.xid, checkpoint?.xid, timezone]))];
    const [result] = await run<{ corrected: number }>(CORRECT_SALES, [
      arrayOf(all, ({ day }) => day),
      arrayOf(all, ({ productId }) => productId),
      arrayOf(all, ({ units }) => units),
      arrayOf(all, ({ revenue }) => revenue),
    ]);
    await beside.after?.(run);
    return { rows: new Set(all.map(({ day, productId }) => `${day} ${productId}`)).size, corrected: result?.corrected ?? 0 };
  });
}
