// Books cancels of the gateway's dashboard from the command line, with a till of its own beside those of running instances.

import { announcementOf } from "../app/invalidation.ts";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { ProductDrops } from "../drop/product-drops.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { OrderCache } from "../order/order-cache.ts";
import { openSettlement } from "../settlement/settlement.ts";
import { PostgresStore } from "../till/postgres-store.ts";
import { LocalTill } from "../till/till.ts";

export type BookingParts = { config: Config; url: string; database: Database; gateway: Gateway; now: Now };

/** Runs `work` with the function that books the gateway's cancels of a payment key, as the job does. */
export async function withBooking<T>(
  { config, url, database, gateway, now }: BookingParts,
  work: (book: (paymentKey: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const store = new PostgresStore({ url, lockWaitMs: config.lockWaitMs, announce: announcementOf });
  try {
    const till = new LocalTill({ store, waitMs: config.lockWaitMs });
    const { cancels } = openSettlement({
      database,
      till,
      gateway,
      background: gateway,
      orderCache: new OrderCache(database, new ProductDrops(database)),
      settings: config.gateway,
      hasGateway: true,
      balanceMax: config.balanceMax,
      now,
      onError: () => {},
    });
    return await work((paymentKey) => cancels.check(paymentKey));
  } finally {
    await store.close();
  }
}
