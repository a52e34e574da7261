import type { Check } from "./check.ts";
import { FIRST_EVENT, orderHistory } from "./shared-scans.ts";

/** The type of event that leads to an order's status. */
const EVENT_OF_STATUS = `CASE o.status WHEN 'PENDING' THEN 'order.placed' WHEN 'COMPLETED' THEN 'order.completed' WHEN 'CANCELLED' THEN 'order.cancelled'
  WHEN 'EXPIRED' THEN 'order.expired' WHEN 'REFUNDED' THEN 'order.refunded' WHEN 'PARTIALLY_REFUNDED' THEN 'order.partially-refunded' END`;

const COUNT = `coalesce(e.count, 0) + ${FIRST_EVENT}`;
const LAST_TYPE = "coalesce(e.last_type, CASE WHEN o.xid IS NULL THEN NULL WHEN o.expires_at IS NULL THEN 'order.completed' ELSE 'order.placed' END)";

/** Each change of an order has exactly one event. (The outbox tables show the delivery.) */
export const events: Check[] = [
  {
    // (order, seq) is the primary key. So if there are as many events as changes, from 1 to that
    // number, each change has one.
    invariant: 6,
    what: "an order has not exactly one event per change",
    scan: orderHistory,
    where: `o.id IS NOT NULL AND (${COUNT} <> o.changes OR e.first <> 1 + ${FIRST_EVENT} OR e.last <> o.changes)`,
    select: `o.id AS "orderId", o.changes AS expected, ${COUNT} AS actual`,
  },
  {
    invariant: 6,
    what: "an order's last event does not match its status",
    scan: orderHistory,
    where: `${LAST_TYPE} <> ${EVENT_OF_STATUS}`,
    select: `o.id AS "orderId", ${EVENT_OF_STATUS} AS expected, ${LAST_TYPE} AS actual`,
  },
  {
    invariant: 6,
    what: "an event is of an order that does not exist",
    scan: orderHistory,
    where: "o.id IS NULL",
    select: `e.order_id AS "orderId", e.last AS seq`,
  },
  {
    invariant: 6,
    what: "a delivery retry is of an event that does not exist",
    // Few events are refused, so each is looked up.
    sql: `SELECT l.sink, l.order_id AS "orderId", l.seq FROM letters l
      WHERE (SELECT 1 FROM order_history e WHERE e.order_id = l.order_id AND e.seq = l.seq) IS NULL
        AND (SELECT 1 FROM shop_events s WHERE s.subject = l.order_id AND s.seq = l.seq) IS NULL`,
  },
];
