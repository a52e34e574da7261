import type { Check } from "./check.ts";
import { BY_BALANCE, orderLineItems, orderPayments, SETTLED } from "./shared-scans.ts";

const COST = "o.total_amount - o.discount_amount";
/** The amount that the balance must have paid. */
const FROM_BALANCE = `coalesce(p.from_balance, 0) + CASE WHEN ${BY_BALANCE} THEN ${COST} ELSE 0 END`;

/**
 * COMPLETED order ⇔ exactly one COMPLETED (or refunded) payment of paidAmount = totalAmount −
 * discountAmount = Σ price × quantity − discount.
 */
export const payments: Check[] = [
  {
    invariant: 4,
    what: "an order's total is not the sum of its line items",
    scan: orderLineItems,
    where: "o.total_amount IS DISTINCT FROM i.total",
    select: `o.id AS "orderId", coalesce(i.total, 0)::bigint AS expected, o.total_amount AS actual`,
  },
  {
    invariant: 4,
    what: "a line item has no units, or a negative price or refunded quantity",
    scan: orderLineItems,
    where: "i.impossible",
    select: `o.id AS "orderId"`,
  },
  {
    // A paid order has the same status as its payment at the gateway.
    invariant: 4,
    what: "a paid order has not exactly one settled payment, or an unpaid one has any",
    scan: orderPayments,
    where: `CASE WHEN o.status IN ${SETTLED} THEN coalesce(p.settled, 0) + ${BY_BALANCE}::int <> 1 OR p.status <> o.status ELSE p.settled > 0 OR ${BY_BALANCE} END`,
    select: `o.id AS "orderId", o.status AS expected,
      coalesce((SELECT array_agg(status) FROM order_payments s WHERE s.order_id = o.id AND s.status IN ${SETTLED}), '{}') AS actual`,
  },
  {
    invariant: 4,
    what: "a payment is not of its order's amount",
    scan: orderPayments,
    where: `p.least <> ${COST} OR p.most <> ${COST}`,
    select: `o.id AS "orderId", ${COST} AS expected, CASE WHEN p.least <> ${COST} THEN p.least ELSE p.most END AS actual`,
  },
  {
    invariant: 4,
    what: "a failed payment is not of its order's amount",
    sql: `SELECT p.order_id AS "orderId", p.id AS "paymentId", ${COST} AS expected, p.amount AS actual
          FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.status = 'FAILED' AND p.amount <> ${COST}`,
  },
  {
    // An order paid by other means takes nothing from the balance.
    invariant: 4,
    what: "the balance did not pay the amount of the payment",
    scan: orderPayments,
    where: `${FROM_BALANCE} <> coalesce(t.paid, 0)`,
    select: `coalesce(o.id, t.order_id) AS "orderId", (${FROM_BALANCE})::bigint AS expected, coalesce(t.paid, 0)::bigint AS actual`,
  },
  {
    invariant: 4,
    what: "an order has no user",
    sql: `SELECT o.id AS "orderId", o.user_id AS "userId" FROM orders o LEFT JOIN users u ON u.id = o.user_id WHERE u.id IS NULL`,
  },
  {
    // Failed payments have an index of their own.
    invariant: 4,
    what: "a payment is of an order that does not exist",
    inKeyOrder: true,
    sql: `SELECT order_id AS "orderId" FROM payments p WHERE status <> 'FAILED' AND NOT EXISTS (SELECT FROM orders o WHERE o.id = p.order_id)
          UNION ALL SELECT order_id FROM payments p WHERE status = 'FAILED' AND NOT EXISTS (SELECT FROM orders o WHERE o.id = p.order_id)`,
  },
];
