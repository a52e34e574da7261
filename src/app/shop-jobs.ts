// The shop's scheduled jobs.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { moveAllOrders } from "../order/move-orders.job.ts";
import { drainOutbox } from "../outbox/drain.ts";
import { closeAbandonedWork } from "../journal/close-abandoned-work.ts";
import { purgeJournal } from "../journal/purge-journal.ts";
import type { Relay } from "../outbox/relay.ts";
import { aggregateSales } from "../popular/aggregate-sales.ts";
import { recountSales } from "../popular/recount-sales.ts";
import { snapshotPopular } from "../popular/snapshot-popular.ts";
import type { Job } from "../jobs/job.ts";
import { purge } from "../jobs/purge.ts";
import type { Till } from "../till/till.ts";

export type ShopJobsOptions = {
  database: Database;
  till: Till;
  /** How long the operators' journal is kept. */
  journalKeep: string;
  timezone: string;
  now: Now;
  relay: Relay;
  /** Both go through the till and return how many rows they expired. */
  expireOrders: () => Promise<number>;
  expireCoupons: () => Promise<number>;
  expireHolds: () => Promise<number>;
  /** Makes the draws whose time has come. */
  drawAll: () => Promise<Record<string, unknown>>;
  /** Asks the gateway about every attempt whose outcome is unknown. */
  settlePayments: () => Promise<Record<string, unknown>>;
  /** Sales were aggregated, so a cached popular list is outdated. */
  onAggregated: () => unknown;
};

export function shopJobs({
  database,
  till,
  journalKeep,
  timezone,
  now,
  relay,
  expireOrders,
  expireCoupons,
  expireHolds,
  drawAll,
  settlePayments,
  onAggregated,
}: ShopJobsOptions): Job[] {
  return [
    {
      name: "aggregate-sales",
      schedule: "0 * * * *",
      async run() {
        const result = await aggregateSales(database, timezone);
        await onAggregated();
        return result;
      },
    },
    {
      name: "snapshot-popular",
      schedule: "0 0 * * *",
      async run() {
        const result = await snapshotPopular(database, timezone, now());
        await onAggregated();
        return result;
      },
    },
    {
      // Weekly, and at the first start of this version: earlier versions may have counted sales in days of another time zone.
      name: "recount-sales",
      schedule: "0 4 * * 1",
      async run() {
        await aggregateSales(database, timezone);
        const result = await recountSales(database, timezone);
        await onAggregated();
        return result;
      },
    },
    { name: "expire-orders", schedule: "* * * * *", run: async () => ({ expired: await expireOrders() }) },
    // Holds are watched all the time (lapsingHolds); this job also marks lines that are over.
    { name: "expire-holds", schedule: "* * * * *", run: async () => ({ expired: await expireHolds() }) },
    // Draws are watched all the time, too.
    { name: "run-draws", schedule: "* * * * *", run: drawAll },
    { name: "expire-coupons", schedule: "*/10 * * * *", run: async () => ({ expired: await expireCoupons() }) },
    { name: "settle-payments", schedule: "* * * * *", run: settlePayments },
    // Moves orders of the version before, once no instance of it is running; does nothing when all are moved.
    { name: "move-orders", schedule: "15 * * * *", run: () => moveAllOrders(database) },
    // The relay delivers continuously; this job lets an operator deliver now.
    { name: "relay-events", schedule: "*/10 * * * *", run: () => drainOutbox(database, relay) },
    {
      name: "purge",
      schedule: "30 * * * *",
      run: async () => ({ ...(await purge(database)), journalEntries: await purgeJournal(database, journalKeep) }),
    },
    // Writes the entries of operators' work whose process has died.
    { name: "close-journal", schedule: "*/5 * * * *", run: async () => ({ closed: await closeAbandonedWork({ database, till }) }) },
  ];
}
