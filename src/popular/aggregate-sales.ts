import type { Database } from "../database/pool.ts";
import { waitForRunningTransactions } from "../database/running-transactions.ts";
import { checkTimezone } from "../settings/stored-settings.ts";
import { ADD_SALES, LOCK_CHECKPOINT, MOVE_CHECKPOINT, OLDEST_RUNNING } from "./popular.sql.ts";

/** `events` that counted, and how many rows of product and day were new or added to. */
export type Aggregated = { events: number; rowsMade: number; rowsAdded: number };

const STRAGGLERS_MS = 2000;

/**
 * Adds up what was sold and refunded since the last time, per product and day in the shop's zone. Every event is counted in exactly one
 * run, however late its transaction commits: a run stops before the oldest transaction that is still running. It gives those a
 * moment to end (ms), so that as a rule everything that was sold before the call is in it.
 * Errors: ConfigError where the shop's time zone is another by now; nothing is counted then.
 */
export async function aggregateSales(database: Database, timezone: string, stragglersMs = STRAGGLERS_MS): Promise<Aggregated> {
  await waitForRunningTransactions(database, stragglersMs);
  return database.transaction(async (run) => {
    const [checkpoint] = await run<{ xid: string }>(LOCK_CHECKPOINT);
    // Under the checkpoint's lock, which a change of the zone takes too: else days of two zones would be added up.
    await checkTimezone(run, timezone);
    const [oldest] = await run<{ xmin: string }>(OLDEST_RUNNING);
    if (!checkpoint || !oldest) throw new Error("the aggregation has no checkpoint");
    const upper = String(BigInt(oldest.xmin) - 1n);
    const [counts] = await run<Aggregated>(ADD_SALES, [checkpoint.xid, upper, timezone]);
    await run(MOVE_CHECKPOINT, [upper]);
    return counts ?? { events: 0, rowsMade: 0, rowsAdded: 0 };
  });
}
