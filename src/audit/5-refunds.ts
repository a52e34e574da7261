import type { Check } from "./check.ts";

/** Refunds ≤ paid, per order and per item; each return of stock or coupon once per cause. Each cause is one event. */
export const refunds: Check[] = [
  {
    invariant: 5,
    what: "an order was refunded more than was paid, or what its refunds do not add up to",
    sql: `SELECT o.id AS "orderId", least(coalesce(r.sum, 0), o.total_amount - o.discount_amount)::bigint AS expected, o.refunded_amount AS actual
          FROM orders o LEFT JOIN (SELECT order_id, sum((data ->> 'amount')::bigint) AS sum FROM order_events WHERE type IN ('order.refunded', 'order.partially-refunded') GROUP BY order_id) r ON r.order_id = o.id
          WHERE o.refunded_amount <> coalesce(r.sum, 0) OR o.refunded_amount > o.total_amount - o.discount_amount`,
  },
  {
    invariant: 5,
    what: "more of a line was returned than was bought, or not what its refunds add up to",
    sql: `WITH returned AS (
            SELECT e.order_id, r."variantId" AS variant_id, sum(r.quantity) AS quantity
            FROM order_events e CROSS JOIN LATERAL jsonb_to_recordset(e.data -> 'items') AS r("variantId" uuid, quantity bigint)
            WHERE e.type IN ('order.refunded', 'order.partially-refunded') GROUP BY 1, 2
          )
          SELECT coalesce(i.order_id, r.order_id) AS "orderId", coalesce(i.variant_id, r.variant_id) AS "variantId", coalesce(r.quantity, 0)::bigint AS expected, i.refunded_quantity AS actual
          FROM order_items i FULL JOIN returned r ON r.order_id = i.order_id AND r.variant_id = i.variant_id
          WHERE i.refunded_quantity IS DISTINCT FROM coalesce(r.quantity, 0) OR i.refunded_quantity > i.quantity`,
  },
  {
    invariant: 5,
    what: "an order's status does not say how much of it was returned",
    sql: `SELECT o.id AS "orderId", i.expected, o.status AS actual
          FROM orders o JOIN (
            SELECT order_id, CASE WHEN sum(refunded_quantity) = 0 THEN 'not refunded' WHEN sum(refunded_quantity) = sum(quantity) THEN 'REFUNDED' ELSE 'PARTIALLY_REFUNDED' END AS expected
            FROM order_items GROUP BY order_id
          ) i ON i.order_id = o.id
          WHERE i.expected <> CASE WHEN o.status IN ('REFUNDED', 'PARTIALLY_REFUNDED') THEN o.status ELSE 'not refunded' END`,
  },
  {
    invariant: 5,
    what: "an order was returned whole, and not all of its money",
    sql: `SELECT id AS "orderId", total_amount - discount_amount AS expected, refunded_amount AS actual FROM orders WHERE status = 'REFUNDED' AND refunded_amount <> total_amount - discount_amount`,
  },
  {
    invariant: 5,
    what: "the balance was not given back what the order says",
    sql: `WITH given AS (SELECT order_id, sum(amount) AS sum FROM balance_transactions WHERE type = 'REFUND' AND status = 'COMPLETED' AND order_id IS NOT NULL GROUP BY order_id),
            owed AS (SELECT o.id, o.refunded_amount FROM orders o JOIN payments p ON p.order_id = o.id AND p.method = 'BALANCE' AND p.status <> 'FAILED')
          SELECT coalesce(owed.id, given.order_id) AS "orderId", coalesce(owed.refunded_amount, 0) AS expected, coalesce(given.sum, 0)::bigint AS actual
          FROM owed FULL JOIN given ON given.order_id = owed.id WHERE coalesce(owed.refunded_amount, 0) <> coalesce(given.sum, 0)`,
  },
  {
    // What is under way is reserved, and no more than what is left of the payment.
    invariant: 5,
    what: "the card was not given back what the order says, or may get back more than was paid",
    sql: `WITH given AS (SELECT order_id, sum(amount) FILTER (WHERE status = 'COMPLETED') AS done, sum(amount) FILTER (WHERE status <> 'FAILED') AS reserved FROM refunds GROUP BY order_id),
            owed AS (SELECT o.id, o.refunded_amount, p.amount FROM orders o JOIN payments p ON p.order_id = o.id AND p.method = 'CARD' AND p.status <> 'FAILED')
          SELECT coalesce(owed.id, given.order_id) AS "orderId", coalesce(owed.refunded_amount, 0) AS expected, coalesce(given.done, 0)::bigint AS actual, coalesce(given.reserved, 0)::bigint AS reserved
          FROM owed FULL JOIN given ON given.order_id = owed.id
          WHERE coalesce(owed.refunded_amount, 0) <> coalesce(given.done, 0) OR coalesce(given.reserved, 0) > coalesce(owed.amount, 0)`,
  },
];
