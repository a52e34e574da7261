import type { Check } from "./check.ts";
import { BY_BALANCE, LINE_ITEMS, orderHistory, orderLineItems, orderPayments } from "./shared-scans.ts";

/** The status that follows from the returned units. */
const RETURNED = "CASE WHEN i.returned = 0 THEN 'not refunded' WHEN i.returned = i.bought THEN 'REFUNDED' ELSE 'PARTIALLY_REFUNDED' END";
/** The amount that must be refunded to the balance. */
const TO_BALANCE = `CASE WHEN p.by_balance OR ${BY_BALANCE} THEN o.refunded_amount ELSE 0 END`;

/** Refunds ≤ payment, per order and per line item. Each event returns stock and coupon once. */
export const refunds: Check[] = [
  {
    invariant: 5,
    what: "an order's refund exceeds its payment, or is not the sum of its refunds",
    scan: orderHistory,
    where: "o.refunded_amount <> coalesce(e.refunded, 0) OR o.refunded_amount > o.total_amount - o.discount_amount",
    select: `o.id AS "orderId", least(coalesce(e.refunded, 0), o.total_amount - o.discount_amount)::bigint AS expected, o.refunded_amount AS actual`,
  },
  {
    // The next check finds returned units of an order with another status.
    invariant: 5,
    what: "a line item's returned units exceed those bought, or are not the sum of its refunds",
    inKeyOrder: true,
    sql: `WITH returned AS (
            SELECT e.order_id, r."variantId" AS variant_id, sum(r.quantity) AS quantity
            FROM order_events e CROSS JOIN LATERAL jsonb_to_recordset(e.data -> 'items') AS r("variantId" uuid, quantity bigint)
            WHERE e.type IN ('order.refunded', 'order.partially-refunded') GROUP BY 1, 2
          ), refunded AS (
            SELECT o.id AS order_id, i."variantId" AS variant_id, i.quantity, i."refundedQuantity" AS refunded FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS}
            WHERE o.status IN ('REFUNDED', 'PARTIALLY_REFUNDED') AND i."refundedQuantity" <> 0
          )
          SELECT coalesce(i.order_id, r.order_id) AS "orderId", coalesce(i.variant_id, r.variant_id) AS "variantId", coalesce(r.quantity, 0)::bigint AS expected,
            coalesce(i.refunded, 0) AS actual
          FROM refunded i FULL JOIN returned r ON r.order_id = i.order_id AND r.variant_id = i.variant_id
          WHERE coalesce(i.refunded, 0) <> coalesce(r.quantity, 0) OR i.refunded > i.quantity`,
  },
  {
    invariant: 5,
    what: "an order's status does not match its returned units",
    scan: orderLineItems,
    where: `${RETURNED} <> CASE WHEN o.status IN ('REFUNDED', 'PARTIALLY_REFUNDED') THEN o.status ELSE 'not refunded' END`,
    select: `o.id AS "orderId", ${RETURNED} AS expected, o.status AS actual`,
  },
  {
    invariant: 5,
    what: "all units of an order were returned, but not all of its money",
    scan: orderLineItems,
    where: "o.status = 'REFUNDED' AND o.refunded_amount <> o.total_amount - o.discount_amount",
    select: `o.id AS "orderId", o.total_amount - o.discount_amount AS expected, o.refunded_amount AS actual`,
  },
  {
    invariant: 5,
    what: "the refund to the balance is not the order's",
    scan: orderPayments,
    where: `${TO_BALANCE} <> coalesce(t.given, 0)`,
    select: `coalesce(o.id, t.order_id) AS "orderId", ${TO_BALANCE} AS expected, coalesce(t.given, 0)::bigint AS actual`,
  },
  {
    // Open refunds are reserved; together with completed ones they must not exceed the payment.
    invariant: 5,
    what: "the refund to the card is not the order's, or may exceed the payment",
    sql: `WITH given AS (SELECT order_id, sum(amount) FILTER (WHERE status = 'COMPLETED') AS done, sum(amount) FILTER (WHERE status <> 'FAILED') AS reserved FROM refunds GROUP BY order_id),
            owed AS (SELECT o.id, o.refunded_amount, p.amount FROM orders o JOIN payments p ON p.order_id = o.id AND p.method = 'CARD' AND p.status <> 'FAILED')
          SELECT coalesce(owed.id, given.order_id) AS "orderId", coalesce(owed.refunded_amount, 0) AS expected, coalesce(given.done, 0)::bigint AS actual, coalesce(given.reserved, 0)::bigint AS reserved
          FROM owed FULL JOIN given ON given.order_id = owed.id
          WHERE coalesce(owed.refunded_amount, 0) <> coalesce(given.done, 0) OR coalesce(given.reserved, 0) > coalesce(owed.amount, 0)`,
  },
  {
    // Such an attempt is never asked about again and not in the list of what needs a person, so its money stays in doubt.
    invariant: 5,
    what: "an open payment, charge, refund or unmatched capture is not scheduled",
    sql: `SELECT id AS "attemptId", status AS actual FROM payments WHERE status IN ('PENDING', 'UNKNOWN') AND payment_key IS NOT NULL AND ask_at IS NULL
          UNION ALL SELECT id, status FROM card_charges WHERE status = 'PENDING' AND ask_at IS NULL
          UNION ALL SELECT id, status FROM refunds WHERE status = 'PENDING' AND ask_at IS NULL
          UNION ALL SELECT id, status FROM stray_money WHERE status = 'PENDING' AND ask_at IS NULL`,
  },
];
