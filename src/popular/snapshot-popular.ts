import type { Database } from "../database/pool.ts";
import { aggregateSales } from "./aggregate-sales.ts";
import { checkTimezone } from "../settings/stored-settings.ts";
import { addDays, dayOf } from "./day.ts";
import { DELETE_OLD_SNAPSHOTS, DELETE_SNAPSHOT, DELETE_SNAPSHOTS, INSERT_SNAPSHOT } from "./popular.sql.ts";

export type Snapshot = { day: string; from: string; to: string; products: number; deleted: number };

/**
 * Stores the five best-selling products of the last three full days, and deletes snapshots older
 * than three days. Aggregates sales first, so that the snapshot includes the last hour before
 * midnight. A second run on the same day replaces the first. Later changes of a product, such as
 * its withdrawal from sale, do not change the snapshot.
 */
export async function snapshotPopular(database: Database, timezone: string, now: number): Promise<Snapshot> {
  await aggregateSales(database, timezone);
  const day = dayOf(now, timezone);
  return database.transaction(async (run) => {
    await checkTimezone(run, timezone);
    await run(DELETE_SNAPSHOT, [day]);
    await run(INSERT_SNAPSHOT, [day]);
    const [old] = await run<{ count: number }>(DELETE_OLD_SNAPSHOTS, [day]);
    const [stored] = await run<{ count: number }>("SELECT count(*) AS count FROM popular_snapshots WHERE day = $1::date", [day]);
    return { day, from: addDays(day, -3), to: addDays(day, -1), products: stored?.count ?? 0, deleted: old?.count ?? 0 };
  });
}

/** After a change of the time zone: replaces all snapshots by one of this day. */
export async function replaceSnapshots(run: (text: string, values?: unknown[]) => Promise<unknown>, day: string): Promise<void> {
  await run(DELETE_SNAPSHOTS);
  await run(INSERT_SNAPSHOT, [day]);
}
