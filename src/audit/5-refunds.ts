import type { Check } from "./check.ts";
import { history, lines, money } from "./shared-scans.ts";

/** What an order's status has to say of its lines. */
const RETURNED =
  "CASE WHEN o.id IS NULL OR i.order_id IS NULL THEN NULL WHEN i.returned = 0 THEN 'not refunded' WHEN i.returned = i.bought THEN 'REFUNDED' ELSE 'PARTIALLY_REFUNDED' END";
/** What the balance has to have been given back. */
const OWED = "CASE WHEN p.by_balance THEN o.refunded_amount ELSE 0 END";

/** Refunds ≤ paid, per order and per item; each return of stock or coupon once per cause. Each cause is one event. */
export const refunds: Check[] = [
  {
    invariant: 5,
    what: "an order was refunded more than was paid, or what its refunds do not add up to",
    sweep: history,
    where: "o.refunded_amount <> coalesce(e.refunded, 0) OR o.refunded_amount > o.total_amount - o.discount_amount",
    select: `o.id AS "orderId", least(coalesce(e.refunded, 0), o.total_amount - o.discount_amount)::bigint AS expected, o.refunded_amount AS actual`,
  },
  {
    invariant: 5,
    what: "more of a line was returned than was bought, or not what its refunds add up to",
    inKeyOrder: true,
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
    sweep: lines,
    where: `${RETURNED} <> CASE WHEN o.status IN ('REFUNDED', 'PARTIALLY_REFUNDED') THEN o.status ELSE 'not refunded' END`,
    select: `o.id AS "orderId", ${RETURNED} AS expected, o.status AS actual`,
  },
  {
    invariant: 5,
    what: "an order was returned whole, and not all of its money",
    sweep: lines,
    where: "o.status = 'REFUNDED' AND o.refunded_amount <> o.total_amount - o.discount_amount",
    select: `o.id AS "orderId", o.total_amount - o.discount_amount AS expected, o.refunded_amount AS actual`,
  },
  {
    invariant: 5,
    what: "the balance was not given back what the order says",
    sweep: money,
    where: `${OWED} <> coalesce(t.given, 0)`,
    select: `coalesce(o.id, t.order_id) AS "orderId", ${OWED} AS expected, coalesce(t.given, 0)::bigint AS actual`,
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
