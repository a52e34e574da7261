// Reads the outbox in whole transactions: a pass covers the transactions after a position that are older than every running one.
// An id or a time assigned before the commit cannot tell which rows are committed; transaction ids can.

import { uuidArray } from "../database/binary-arrays.ts";
import { type Statement } from "../database/statement.ts";
import type { OrderItem, ShippingAddress } from "../order/order.ts";
import { ITEMS } from "../order/order.sql.ts";
import type { OrderEventContent } from "./event.ts";

/**
 * All events, in the shape of `order_history` (migration 0022). `id` is null if `idOf` makes it from order and number. PostgreSQL merges the three
 * indexes, so that a condition and an order by transaction read no more rows than of one index.
 */
export const EVENTS = `(SELECT * FROM (
  SELECT id AS order_id, 1 AS seq, NULL::uuid AS id, CASE WHEN expires_at IS NULL THEN 'order.completed' ELSE 'order.placed' END AS type, NULL::jsonb AS data, created_at, xid
    FROM orders
  UNION ALL SELECT order_id, seq, id, type, data, created_at, xid FROM order_events
  UNION ALL SELECT subject, seq, id, type, data, created_at, xid FROM shop_events) event WHERE xid IS NOT NULL)`;

/** The oldest running transaction, as the outbox stores ids (migration 0084). All earlier ones are visible or never will be. */
export const OLDEST_RUNNING = "shop_xid(pg_snapshot_xmin(pg_current_snapshot()))";

/**
 * Readable events after `position`, by transaction, at most `limit`; the last transaction may be cut.
 * ORDER BY names the table's column, because the output column is text, in which 10 sorts before 9. The subqueries hide position and limit from
 * the planner, so that it reads an index in order whatever the statistics say: those of a table that has grown since let it expect few events
 * after the position, and it would sort all that wait in each pass.
 */
export function selectReadable(position: string, limit: number): Statement {
  return {
    name: "select readable events",
    text: `SELECT e.order_id AS "orderId", e.xid::text FROM ${EVENTS} e
           WHERE e.xid > (SELECT $1::xid8) AND e.xid < ${OLDEST_RUNNING} ORDER BY e.xid LIMIT (SELECT $2::bigint)`,
    values: [position, limit],
  };
}

/** Excludes events `e` of rehearsals from deliveries, lists and counts. Other subjects of rehearsals have no events. */
export const OF_NO_REHEARSAL =
  "NOT EXISTS (SELECT FROM orders r JOIN users u ON u.id = r.user_id WHERE r.id = e.order_id AND u.rehearsal_id IS NOT NULL)";

/** A condition on an event `e`, as `isOfOrder` decides it. */
export const OF_ORDER = "(e.type LIKE 'order.%' OR e.type LIKE 'return.%')";

/** Orders, and subjects of other events, of one transaction. */
export function selectOrdersOfTransaction(xid: string): Statement {
  return { name: "select orders of transaction", text: `SELECT order_id AS "orderId" FROM ${EVENTS} e WHERE xid = $1::xid8`, values: [xid] };
}

/**
 * Events of these orders and other subjects that a pass from `position` to `upper` delivers, in the order of delivery, without those of rehearsals.
 *
 * Transactions get their ids at their first write, not in the order in which they lock an order. So transaction 10 may write an
 * order's third event after transaction 12 has written its second. While 11 is running, 10 is readable and 12 is not.
 * An event is therefore due with the earliest transaction among its own and its successors': the pass that delivers the third
 * event delivers the second before it, and no later pass delivers the second again.
 */
export function selectDue(orderIds: string[], position: string, upper: string): Statement {
  return {
    name: "select due events",
    text: `SELECT id, order_id AS "orderId", seq, type, data, created_at AS at, due::text FROM (
             SELECT *, min(xid) OVER (PARTITION BY order_id ORDER BY seq DESC) AS due FROM ${EVENTS} e
             WHERE order_id = ANY($1::uuid[]) AND ${OF_NO_REHEARSAL}
           ) e WHERE due > $2::xid8 AND due <= $3::xid8 ORDER BY e.due, order_id, seq`,
    values: [uuidArray(orderIds, (id) => id), position, upper],
  };
}

export type OrderRow = {
  orderId: string;
  userId: string;
  userExternalId: string | null;
  shippingAddress: ShippingAddress | null;
  note: string | null;
  metadata: Record<string, string> | null;
  userCouponId: string | null;
  couponId: string | null;
  items: OrderItem[];
  totalAmount: number;
  discountAmount: number;
  createdAt: number;
  expiresAt: number | null;
  completedAt: number | null;
  /** Null if it is the id of the order's first event. */
  paymentId: string | null;
  method: "BALANCE" | "CARD" | null;
  amount: number | null;
  paidAt: number | null;
  /** Its first event is its only one. */
  hasOneEvent: boolean;
  isRehearsal: boolean;
};

export function selectOrderRows(orderIds: string[]): Statement {
  return {
    name: "select orders at events",
    text: `SELECT o.id AS "orderId", o.user_id AS "userId", u.external_id AS "userExternalId", o.shipping_address AS "shippingAddress", o.note, o.metadata, o.user_coupon_id AS "userCouponId", c.campaign_id AS "couponId",
             ${ITEMS} AS items, o.total_amount AS "totalAmount", o.discount_amount AS "discountAmount",
             o.created_at AS "createdAt", o.expires_at AS "expiresAt", o.completed_at AS "completedAt",
             coalesce(o.payment_id, p.id) AS "paymentId",
             CASE WHEN o.paid_at IS NULL THEN p.method ELSE 'BALANCE' END AS method,
             CASE WHEN o.paid_at IS NULL THEN p.amount ELSE o.total_amount - o.discount_amount END AS amount, coalesce(o.paid_at, p.paid_at) AS "paidAt",
             o.changes = 1 AS "hasOneEvent", u.rehearsal_id IS NOT NULL AS "isRehearsal"
           FROM orders o LEFT JOIN users u ON u.id = o.user_id LEFT JOIN user_coupons c ON c.id = o.user_coupon_id LEFT JOIN LATERAL (SELECT * FROM payments p WHERE o.paid_at IS NULL AND p.order_id = o.id AND p.status <> 'FAILED' OFFSET 0) p ON true
           WHERE o.id = ANY($1::uuid[])`,
    values: [uuidArray(orderIds, (id) => id)],
  };
}

export type DataEventRow = { orderId: string; seq: number } & Exclude<OrderEventContent, { data: null }>;

/** The events of these orders that carry data, oldest first. */
export function selectDataEvents(orderIds: string[]): Statement {
  return {
    name: "select events with data",
    text: `SELECT order_id AS "orderId", seq, type, data FROM order_events WHERE order_id = ANY($1::uuid[]) AND data IS NOT NULL ORDER BY order_id, seq`,
    values: [uuidArray(orderIds, (id) => id)],
  };
}

/**
 * Events of one order after `after`, oldest first: at most `limit`, and at most as many that their refunds together have `maxItems`
 * line items, but at least one event. `more`: later events exist.
 */
export function selectEventsOfOrder(orderId: string, after: number, limit: number, maxItems: number): Statement {
  return {
    name: "select events of order",
    text: `SELECT NULL AS id, e.order_id AS "orderId", e.seq, e.type, e.data, e.created_at AS at, e.seq < o.changes AS more
           FROM (SELECT *, sum(coalesce(jsonb_array_length(data -> 'items'), 0)) OVER (ORDER BY seq) AS items FROM order_history
                 WHERE order_id = $1 AND seq > $2 AND seq <= $2 + $3 ORDER BY seq LIMIT $3) e JOIN orders o ON o.id = e.order_id
           WHERE e.items <= $4 OR e.seq = $2 + 1 ORDER BY e.seq`,
    values: [orderId, after, limit, maxItems],
  };
}
