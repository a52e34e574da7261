import type { Database } from "../database/pool.ts";
import type { Now } from "../database/clock.ts";
import type { Till } from "../till/till.ts";
import type { OrderCache } from "./order-cache.ts";
import { selectExpiredOrders } from "./order.sql.ts";
import { expireOrder } from "./undo-order.ts";

const AT_ONCE = 500;

/** Expires every unpaid order whose time is up, through the till like everything else. Answers how many. */
export async function expireOrders({
  database,
  till,
  orderCache,
  now,
}: {
  database: Database;
  till: Till;
  orderCache: OrderCache;
  now: Now;
}): Promise<number> {
  const command = expireOrder(orderCache);
  let expired = 0;
  for (;;) {
    const due = await database.rows<{ id: string }>(selectExpiredOrders(now(), AT_ONCE));
    const results = await Promise.all(due.map(({ id }) => till.submit(command, { orderId: id })));
    const moved = results.filter(Boolean).length;
    expired += moved;
    // What can't be expired yet comes up again at the next run, not in this one.
    if (moved === 0 || due.length < AT_ONCE) return expired;
  }
}
