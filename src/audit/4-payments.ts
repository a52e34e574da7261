import type { Check } from "./check.ts";

const SETTLED = "('COMPLETED', 'PARTIALLY_REFUNDED', 'REFUNDED')";

/** COMPLETED order ⇔ exactly one COMPLETED (or refunded) payment of paidAmount = totalAmount − discountAmount = Σ price × quantity − discount. */
export const payments: Check[] = [
  {
    invariant: 4,
    what: "an order's total is not the sum of its lines",
    sql: `SELECT o.id AS "orderId", coalesce(i.sum, 0)::bigint AS expected, o.total_amount AS actual
          FROM orders o LEFT JOIN (SELECT order_id, sum(unit_price * quantity) AS sum FROM order_items GROUP BY order_id) i ON i.order_id = o.id
          WHERE o.total_amount IS DISTINCT FROM i.sum`,
  },
  {
    // An order's status, once it is paid, is its payment's.
    invariant: 4,
    what: "a paid order has not exactly one settled payment, or an unpaid one has any",
    sql: `SELECT o.id AS "orderId", o.status AS expected, coalesce(p.statuses, '{}') AS actual
          FROM orders o LEFT JOIN (SELECT order_id, array_agg(status) AS statuses FROM payments WHERE status IN ${SETTLED} GROUP BY order_id) p ON p.order_id = o.id
          WHERE coalesce(p.statuses, '{}') <> CASE WHEN o.status IN ${SETTLED} THEN ARRAY[o.status] ELSE '{}'::text[] END`,
  },
  {
    invariant: 4,
    what: "a payment is not of what its order costs",
    sql: `SELECT p.order_id AS "orderId", p.id AS "paymentId", o.total_amount - o.discount_amount AS expected, p.amount AS actual
          FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.amount <> o.total_amount - o.discount_amount`,
  },
  {
    // An order that was not paid from the balance took nothing from it.
    invariant: 4,
    what: "the balance did not pay what its payment says",
    sql: `SELECT coalesce(p.order_id, t.order_id) AS "orderId", coalesce(p.amount, 0) AS expected, coalesce(t.sum, 0)::bigint AS actual
          FROM (SELECT order_id, amount FROM payments WHERE method = 'BALANCE' AND status IN ${SETTLED}) p
          FULL JOIN (SELECT order_id, -sum(amount) AS sum FROM balance_transactions WHERE type = 'PAYMENT' AND status = 'COMPLETED' GROUP BY order_id) t ON t.order_id = p.order_id
          WHERE coalesce(p.amount, 0) <> coalesce(t.sum, 0)`,
  },
  {
    invariant: 4,
    what: "an order belongs to nobody",
    sql: `SELECT o.id AS "orderId", o.user_id AS "userId" FROM orders o LEFT JOIN users u ON u.id = o.user_id WHERE u.id IS NULL`,
  },
  {
    invariant: 4,
    what: "a line is of an order that does not exist",
    sql: `SELECT i.order_id AS "orderId", i.variant_id AS "variantId" FROM order_items i LEFT JOIN orders o ON o.id = i.order_id WHERE o.id IS NULL`,
  },
  {
    invariant: 4,
    what: "a payment is of an order that does not exist",
    sql: `SELECT p.order_id AS "orderId", p.id AS "paymentId" FROM payments p LEFT JOIN orders o ON o.id = p.order_id WHERE o.id IS NULL`,
  },
];
