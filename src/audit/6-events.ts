import type { Check } from "./check.ts";
import { history } from "./shared-scans.ts";

/** The event that tells of an order's status. */
const TOLD = `CASE o.status WHEN 'PENDING' THEN 'order.placed' WHEN 'COMPLETED' THEN 'order.completed' WHEN 'CANCELLED' THEN 'order.cancelled'
  WHEN 'EXPIRED' THEN 'order.expired' WHEN 'REFUNDED' THEN 'order.refunded' WHEN 'PARTIALLY_REFUNDED' THEN 'order.partially-refunded' END`;

/** Every order change has exactly one event row. (That it is delivered, in order, shows in the outbox's own states.) */
export const events: Check[] = [
  {
    // With a primary key on (order, seq), as many rows as changes, from 1 to that number, are exactly one each.
    invariant: 6,
    what: "an order has not one event per change",
    sweep: history,
    where: "o.id IS NOT NULL AND (e.count IS DISTINCT FROM o.changes OR e.first <> 1 OR e.last <> o.changes)",
    select: `o.id AS "orderId", o.changes AS expected, coalesce(e.count, 0) AS actual`,
  },
  {
    invariant: 6,
    what: "an order's last event is not the one that made its status",
    sweep: history,
    where: `e.last_type <> ${TOLD}`,
    select: `o.id AS "orderId", ${TOLD} AS expected, e.last_type AS actual`,
  },
  {
    invariant: 6,
    what: "an event is of an order that does not exist",
    sweep: history,
    where: "o.id IS NULL",
    select: `e.order_id AS "orderId", e.last AS seq`,
  },
  {
    invariant: 6,
    what: "a letter is of an event that does not exist",
    sql: `SELECT l.sink, l.order_id AS "orderId", l.seq FROM letters l LEFT JOIN order_events e USING (order_id, seq) WHERE e.order_id IS NULL`,
  },
];
