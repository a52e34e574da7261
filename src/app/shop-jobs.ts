// What the shop does by the clock.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { drainOutbox } from "../outbox/drain.ts";
import type { Relay } from "../outbox/relay.ts";
import { aggregateSales } from "../popular/aggregate-sales.ts";
import { recountSales } from "../popular/recount-sales.ts";
import { snapshotPopular } from "../popular/snapshot-popular.ts";
import type { Job } from "../jobs/job.ts";
import { purge } from "../jobs/purge.ts";

export type ShopJobsOptions = {
  database: Database;
  timezone: string;
  now: Now;
  relay: Relay;
  /** Both go through the till. They answer how many they expired. */
  expireOrders: () => Promise<number>;
  expireCoupons: () => Promise<number>;
  /** Asks the gateway about everything whose outcome is not known. */
  settlePayments: () => Promise<Record<string, unknown>>;
  /** Sales were added up: a cached popular list is no longer the latest. */
  onAggregated: () => unknown;
};

export function shopJobs({ database, timezone, now, relay, expireOrders, expireCoupons, settlePayments, onAggregated }: ShopJobsOptions): Job[] {
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
      // By itself once a week, and at the first start of this version: sales may have been counted in days of another zone until then.
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
    { name: "expire-coupons", schedule: "*/10 * * * *", run: async () => ({ expired: await expireCoupons() }) },
    { name: "settle-payments", schedule: "* * * * *", run: settlePayments },
    // The relay works all the time; this is for the operator who wants it done now.
    { name: "relay-events", schedule: "*/10 * * * *", run: () => drainOutbox(database, relay) },
    { name: "purge", schedule: "30 * * * *", run: () => purge(database) },
  ];
}
