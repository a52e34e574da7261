import type { Database } from "../database/pool.ts";
import { waitForRunningTransactions } from "../database/running-transactions.ts";
import { checkTimezone } from "../settings/stored-settings.ts";
import { ADD_SALES, LOCK_CHECKPOINT, MOVE_CHECKPOINT, OLDEST_RUNNING } from "./popular.sql.ts";

/** The number of events counted, and of rows (product and day) created and increased. */
export type Aggregated = { events: number; rowsMade: number; rowsAdded: number };

const WAIT_MS = 2000;

/**
 * Adds sales and refunds since the last run, per product and day in the shop's time zone. A run
 * stops before the oldest running transaction. So exactly one run counts each event, however late
 * its transaction commits.
 * @param waitMs how long to wait for running transactions first, so that the run usually includes
 * every earlier sale
 * Errors: ConfigError, before it counts, if the shop's time zone has changed.
 */
export async function aggregateSales(database: Database, timezone: string, waitMs = WAIT_MS): Promise<Aggregated> {
  await waitForRunningTransactions(database, waitMs);
  return database.transaction(async (run) => {
    const [checkpoint] = await run<{ xid: string }>(LOCK_CHECKPOINT);
    // Checked under the checkpoint's lock, which a change of the time zone takes, too. Otherwise a
    // run could mix days of two zones.
    await checkTimezone(run, timezone);
    const [oldest] = await run<{ xmin: string }>(OLDEST_RUNNING);
    if (!checkpoint || !oldest) throw new Error("the checkpoint of the aggregation is missing");
    const upper = String(BigInt(oldest.xmin) - 1n);
    const [counts] = await run<Aggregated>(ADD_SALES, [checkpoint.xid, upper, timezone]);
    await run(MOVE_CHECKPOINT, [upper]);
    return counts ?? { events: 0, rowsMade: 0, rowsAdded: 0 };
  });
}
