import type { Database } from "../database/pool.ts";
import type { Now } from "../database/clock.ts";
import { DueWork } from "../jobs/due-work.ts";
import type { Till } from "../till/till.ts";
import { expireOrder } from "./expire-order.ts";
import type { OrderCache } from "./order-cache.ts";
import { selectExpiredOrders } from "./order.sql.ts";

const BATCH_SIZE = 500;

type ExpireOrdersOptions = {
  database: Database;
  till: Till;
  orderCache: OrderCache;
  now: Now;
  /** Only orders that hold stock, which others may wait for. */
  holding?: boolean;
};
type ExpiredOrder = { id: string };

/** Expires all unpaid orders past their expiry, through the till. Returns how many it expired. */
export async function expireOrders({ database, till, orderCache, now, holding = false }: ExpireOrdersOptions): Promise<number> {
  const command = expireOrder(orderCache);
  let total = 0;
  for (;;) {
    const due = await database.rows<ExpiredOrder>(selectExpiredOrders(now(), BATCH_SIZE, holding));
    const results = await Promise.all(due.map(({ id }) => till.finish(command, { orderId: id })));
    const expired = results.filter(Boolean).length;
    total += expired;
    // Orders that cannot expire yet are due again at the next run.
    if (expired === 0 || due.length < BATCH_SIZE) return total;
  }
}

/** Expires each order that holds stock, which others may wait for, when its time is over. */
export function expiringHolds({ database, till, orderCache, now }: Omit<ExpireOrdersOptions, "holding">): DueWork<ExpiredOrder> {
  const command = expireOrder(orderCache);
  return new DueWork({
    now,
    select: (until, limit) => database.rows(selectExpiredOrders(until, limit, true)),
    keyOf: ({ id }) => id,
    perform: ({ id }) => till.finish(command, { orderId: id }),
  });
}
