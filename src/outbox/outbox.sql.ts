// The outbox, read in whole transactions: a pass covers those after a position and older than every running one.
// A number taken before the commit (an id, a clock) says nothing about what has been committed; this does.

import { arrayOf, type Statement } from "../database/statement.ts";
import type { RefundData } from "./envelope.ts";

/**
 * Events after `position` that can be read by now, by transaction, at most `limit`; the last transaction may be cut.
 * ORDER BY makes the planner take the index: it believes that a good part of the table lies behind any position. It names the table's
 * column: the one that is answered is text, in which 10 comes before 9.
 */
export function selectReadable(position: string, limit: number): Statement {
  return {
    name: "select readable events",
    text: `SELECT e.order_id AS "orderId", e.xid::text FROM order_events e
           WHERE e.xid > $1::xid8 AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY e.xid LIMIT $2`,
    values: [position, limit],
  };
}

/** Of an event `e`: no place outside of the shop is told of a rehearsal, and no list or count of events has it. */
export const OF_NO_REHEARSAL =
  "NOT EXISTS (SELECT FROM orders r JOIN users u ON u.id = r.user_id WHERE r.id = e.order_id AND u.rehearsal_id IS NOT NULL)";

/** The orders that one transaction changed. */
export function selectOrdersOfTransaction(xid: string): Statement {
  return { name: "select orders of transaction", text: `SELECT order_id AS "orderId" FROM order_events WHERE xid = $1::xid8`, values: [xid] };
}

/**
 * The events of these orders that a pass from `position` to `upper` covers, in the order of their delivery. Events of rehearsals are passed over.
 *
 * Transactions number themselves at their first lock, not in the order in which they get an order's lock. So number 10 may
 * write an order's third event after number 12 has written its second, and while number 11 is running, 10 is readable
 * and 12 is not. An event is therefore due with the earliest transaction among its own and its successors': whoever
 * delivers the third event delivers the second before it, and not again when its own turn comes.
 */
export function selectDue(orderIds: string[], position: string, upper: string): Statement {
  return {
    name: "select due events",
    text: `SELECT order_id AS "orderId", seq, type, data, created_at AS at FROM (
             SELECT *, min(xid) OVER (PARTITION BY order_id ORDER BY seq DESC) AS due FROM order_events e
             WHERE order_id = ANY($1::uuid[]) AND ${OF_NO_REHEARSAL}
           ) e WHERE due > $2::xid8 AND due <= $3::xid8 ORDER BY due, order_id, seq`,
    values: [arrayOf(orderIds, (id) => id), position, upper],
  };
}

export type OrderRow = {
  orderId: string;
  userId: string;
  userCouponId: string | null;
  couponId: string | null;
  totalAmount: number;
  discountAmount: number;
  createdAt: number;
  expiresAt: number | null;
  completedAt: number | null;
  paymentId: string | null;
  method: "BALANCE" | "CARD" | null;
  amount: number | null;
  paidAt: number | null;
};

export function selectOrderRows(orderIds: string[]): Statement {
  return {
    name: "select orders at events",
    text: `SELECT o.id AS "orderId", o.user_id AS "userId", o.user_coupon_id AS "userCouponId", c.campaign_id AS "couponId",
             o.total_amount AS "totalAmount", o.discount_amount AS "discountAmount",
             o.created_at AS "createdAt", o.expires_at AS "expiresAt", o.completed_at AS "completedAt",
             p.id AS "paymentId", p.method, p.amount, p.paid_at AS "paidAt"
           FROM orders o LEFT JOIN user_coupons c ON c.id = o.user_coupon_id LEFT JOIN payments p ON p.order_id = o.id AND p.status <> 'FAILED'
           WHERE o.id = ANY($1::uuid[])`,
    values: [arrayOf(orderIds, (id) => id)],
  };
}

export type LineItemRow = { orderId: string; productId: string; variantId: string; name: string; unitPrice: number; quantity: number };

export function selectLineItemRows(orderIds: string[]): Statement {
  return {
    name: "select items at events",
    text: `SELECT order_id AS "orderId", product_id AS "productId", variant_id AS "variantId", name, unit_price AS "unitPrice", quantity
           FROM order_items WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, line`,
    values: [arrayOf(orderIds, (id) => id)],
  };
}

export type RefundEventRow = { orderId: string; seq: number; data: RefundData };

export function selectRefunds(orderIds: string[]): Statement {
  return {
    name: "select refund events",
    text: `SELECT order_id AS "orderId", seq, data FROM order_events WHERE order_id = ANY($1::uuid[]) AND data IS NOT NULL ORDER BY order_id, seq`,
    values: [arrayOf(orderIds, (id) => id)],
  };
}

/**
 * Events of one order behind this one, oldest first: at most `limit`, and behind the first only so many that their refunds have at most
 * `mostItems` line items. `more`: there are others behind it.
 */
export function selectEventsOfOrder(orderId: string, after: number, limit: number, mostItems: number): Statement {
  return {
    name: "select events of order",
    text: `SELECT e.order_id AS "orderId", e.seq, e.type, e.data, e.created_at AS at, e.seq < o.changes AS more
           FROM (SELECT *, sum(coalesce(jsonb_array_length(data -> 'items'), 0)) OVER (ORDER BY seq) AS items FROM order_events
                 WHERE order_id = $1 AND seq > $2 AND seq <= $2 + $3 ORDER BY seq LIMIT $3) e JOIN orders o ON o.id = e.order_id
           WHERE e.items <= $4 OR e.seq = $2 + 1 ORDER BY e.seq`,
    values: [orderId, after, limit, mostItems],
  };
}
