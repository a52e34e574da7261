import type { Check } from "./check.ts";

/** Every order change has exactly one event row. (That it is delivered, in order, shows in the outbox's own states.) */
export const events: Check[] = [
  {
    // With a primary key on (order, seq), as many rows as changes, from 1 to that number, are exactly one each.
    invariant: 6,
    what: "an order has not one event per change",
    sql: `SELECT o.id AS "orderId", o.changes AS expected, coalesce(e.count, 0) AS actual
          FROM orders o LEFT JOIN (SELECT order_id, count(*) AS count, min(seq) AS first, max(seq) AS last FROM order_events GROUP BY order_id) e ON e.order_id = o.id
          WHERE (e.count, e.first, e.last) IS DISTINCT FROM (o.changes::bigint, 1, o.changes)`,
  },
  {
    invariant: 6,
    what: "an order's last event is not the one that made its status",
    sql: `SELECT o.id AS "orderId", w.type AS expected, e.type AS actual
          FROM orders o
          JOIN (VALUES ('PENDING', 'order.placed'), ('COMPLETED', 'order.completed'), ('CANCELLED', 'order.cancelled'), ('EXPIRED', 'order.expired'),
                       ('REFUNDED', 'order.refunded'), ('PARTIALLY_REFUNDED', 'order.partially-refunded')) AS w(status, type) USING (status)
          JOIN order_events e ON e.order_id = o.id AND e.seq = o.changes WHERE e.type <> w.type`,
  },
  {
    invariant: 6,
    what: "an event is of an order that does not exist",
    sql: `SELECT e.order_id AS "orderId", e.seq FROM order_events e LEFT JOIN orders o ON o.id = e.order_id WHERE o.id IS NULL`,
  },
  {
    invariant: 6,
    what: "a letter is of an event that does not exist",
    sql: `SELECT l.sink, l.order_id AS "orderId", l.seq FROM letters l LEFT JOIN order_events e USING (order_id, seq) WHERE e.order_id IS NULL`,
  },
];
