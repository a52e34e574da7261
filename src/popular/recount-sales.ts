import type { Database } from "../database/pool.ts";
import { arrayOf } from "../database/statement.ts";
import { checkTimezone } from "../settings/stored-settings.ts";
import { CORRECT_DAYS, CORRECT_SALES, COUNT_SALES, LOCK_CHECKPOINT, READ_CHECKPOINT } from "./popular.sql.ts";

type Run = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;
type Counted = { day: string; productId: string; units: number; revenue: number; net: number; refunded: number };
type CountedDay = { day: string; productId: null; orders: number };

/** The number of rows (product and day), and of rows that were missing, wrong or superfluous. */
export type Recounted = { rows: number; corrected: number };

/**
 * Recounts all sales up to the aggregation's checkpoint and corrects the stored ones. The long
 * count has no transaction id, so the outbox does not wait for it. Then it adds the sales that were
 * aggregated during the count, under the checkpoint's lock.
 * @param extra runs in the same transaction, before and after the correction
 * Errors: ConfigError if the shop's time zone has changed.
 */
export async function recountSales(
  database: Database,
  timezone: string,
  extra: { before?: (run: Run) => Promise<unknown>; after?: (run: Run) => Promise<unknown> } = {},
): Promise<Recounted> {
  const [start] = await database.rows<{ xid: string }>({ name: "read checkpoint", text: READ_CHECKPOINT, values: [] });
  if (!start) throw new Error("the checkpoint of the aggregation is missing");
  const counted = await database.rows<Counted | CountedDay>({ name: "count sales", text: COUNT_SALES, values: ["0", start.xid, timezone] });
  return database.transaction(async (run) => {
    const [checkpoint] = await run<{ xid: string }>(LOCK_CHECKPOINT);
    await extra.before?.(run);
    await checkTimezone(run, timezone);
    const rows = [...counted, ...(await run<Counted | CountedDay>(COUNT_SALES, [start.xid, checkpoint?.xid, timezone]))];
    const all = rows.filter((row): row is Counted => row.productId !== null);
    const days = rows.filter((row): row is CountedDay => row.productId === null);
    const [result] = await run<{ corrected: number }>(CORRECT_SALES, [
      arrayOf(all, ({ day }) => day),
      arrayOf(all, ({ productId }) => productId),
      arrayOf(all, ({ units }) => units),
      arrayOf(all, ({ revenue }) => revenue),
      arrayOf(all, ({ net }) => net),
      arrayOf(all, ({ refunded }) => refunded),
    ]);
    await run(CORRECT_DAYS, [arrayOf(days, ({ day }) => day), arrayOf(days, ({ orders }) => orders)]);
    await extra.after?.(run);
    return { rows: new Set(all.map(({ day, productId }) => `${day} ${productId}`)).size, corrected: result?.corrected ?? 0 };
  });
}
