import { type Page, pageColumns } from "../database/batched-pages.ts";
import { uuidArray } from "../database/binary-arrays.ts";
import { columns, iso, type Statement } from "../database/statement.ts";
import type { Change, Journal, Table } from "../till/table.ts";
import { insertPlaced, storedItem, type StoredItem } from "./insert-orders.sql.ts";
import { changesDetails, DETAILS, updateDetails } from "./order-details.sql.ts";
import type { Order, OrderEvent, OrderItem } from "./order.ts";

const SCALARS = `o.id, o.user_id AS "userId", o.status, o.changes, o.user_coupon_id AS "userCouponId", o.total_amount AS "totalAmount",
  o.discount_amount AS "discountAmount", o.refunded_amount AS "refundedAmount", o.created_at AS "createdAt", o.expires_at AS "expiresAt",
  o.completed_at AS "completedAt"`;
const PAID = `coalesce(o.holds_stock, false) AS "holdsStock", o.paid_at AS "paidAt", o.payment_id AS "paymentId"`;

/** All line items. Those of an order that was not moved are in rows of their own. */
export const ITEMS = "coalesce(o.items, unmoved_items(o.id))";

/** The payment from the balance, for commands: that of an order that was not moved has a row of its own. */
const paid = (column: string, unmoved: string): string =>
  `CASE WHEN o.items IS NULL THEN (SELECT p.${unmoved} FROM payments p WHERE p.order_id = o.id AND p.method = 'BALANCE' AND p.status <> 'FAILED') ELSE o.${column} END`;

/** Orders with their line items, locked. The lock of an order protects its payments and refunds, too. */
export const orders: Table<Order> = {
  name: "orders",
  load: (ids) => ({
    name: "lock orders",
    text: `SELECT ${SCALARS}, ${DETAILS}, ${ITEMS} AS items, o.items IS NULL AS unmoved, coalesce(o.holds_stock, false) AS "holdsStock",
             ${paid("paid_at", "paid_at")} AS "paidAt", ${paid("payment_id", "id")} AS "paymentId"
           FROM orders o WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR NO KEY UPDATE`,
    values: [uuidArray(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, withItems(row as Order)],
  save(changes) {
    const placed = changes.flatMap(({ before, after }) => (before === undefined ? [after] : []));
    const changed = changes.filter(({ before }) => before !== undefined);
    const unmoved = changed.filter(({ before }) => before?.unmoved);
    const refunded = changed.filter(({ before, after }) => before?.items !== after.items);
    const detailed = changed.filter(changesDetails);
    return [
      ...insertPlaced(placed),
      ...(unmoved.length > 0 ? [moveOrders(unmoved.map(({ key }) => key))] : []),
      ...(changed.length > 0 ? [updateOrders(changed)] : []),
      ...(refunded.length > 0 ? [updateItems(refunded)] : []),
      ...(detailed.length > 0 ? [updateDetails(detailed)] : []),
    ];
  },
};

/** The row with its line items as the shop reads them. */
export function withItems<Row extends { items: OrderItem[] }>(row: Row): Row {
  const stored = row.items as StoredItem[];
  row.items = stored.map((item) => ({ ...item, sku: item.sku ?? null, options: item.options ?? {}, refundedQuantity: item.refundedQuantity ?? 0 }));
  return row;
}

const CHANGED = columns({
  id: "uuid",
  status: "text",
  changes: "int",
  refunded_amount: "bigint",
  completed_at: "timestamptz",
  paid_at: "timestamptz",
  payment_id: "uuid",
  holds_stock: "boolean",
});

function updateOrders(changes: Change<Order>[]): Statement {
  return {
    name: "update orders",
    text: `UPDATE orders o SET status = v.status, changes = v.changes, refunded_amount = v.refunded_amount, completed_at = v.completed_at,
             paid_at = v.paid_at, payment_id = v.payment_id, holds_stock = v.holds_stock
           FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE o.id = v.id`,
    values: CHANGED.arrays(changes.map(({ after }) => ({ ...after, holdsStock: after.holdsStock ?? null }))),
    rows: changes.length,
  };
}

const WITH_ITEMS = columns({ id: "uuid", items: "jsonb" });

function updateItems(changes: Change<Order>[]): Statement {
  return {
    name: "update items of orders",
    text: `UPDATE orders o SET items = v.items FROM ${WITH_ITEMS.unnest} v(${WITH_ITEMS.names}) WHERE o.id = v.id`,
    values: WITH_ITEMS.arrays(changes.map(({ key, after }) => ({ id: key, items: after.items.map(storedItem) }))),
    rows: changes.length,
  };
}

/** Moves orders of the layout before into the present one, unless older instances are running. */
export function moveOrders(ids: string[]): Statement {
  return { name: "move orders", text: "SELECT move_orders($1::uuid[])", values: [uuidArray(ids, (id) => id)] };
}

const EVENTS = columns({ order_id: "uuid", seq: "int", type: "text", data: "jsonb", at: "timestamptz" });

/**
 * The changes of orders after their first, written in the transaction that makes them. Together with
 * the placed orders they are the outbox (view `order_history`).
 */
export const orderEvents: Journal<OrderEvent> = {
  name: "order events",
  append: (rows) => ({
    name: "insert order events",
    text: `INSERT INTO order_events (order_id, seq, type, data, created_at) SELECT * FROM ${EVENTS.unnest}`,
    values: EVENTS.arrays(rows),
  }),
};

const GATEWAY_PAYMENT = `SELECT json_build_object('id', p.id, 'method', p.method, 'status', p.status) FROM payments p WHERE p.order_id = o.id AND`;
/** The settled, open, or else last failed payment that is not from the balance. */
const PAYMENT_JSON = `CASE WHEN o.paid_at IS NULL THEN coalesce((${GATEWAY_PAYMENT} p.status <> 'FAILED'), (${GATEWAY_PAYMENT} p.status = 'FAILED' ORDER BY p.id DESC LIMIT 1)) END`;

/** The line items of each order in a list. */
export const ITEMS_IN_LIST = 5;

const WHOLE = `${SCALARS}, ${PAID}, ${DETAILS}, ${ITEMS} AS items, ${PAYMENT_JSON} AS payment`;
/** Only the first line items, so that a page is bounded in bytes. */
export const LISTED = `${SCALARS}, ${PAID}, ${DETAILS}, i.first AS items, i.count AS "itemCount", ${PAYMENT_JSON} AS payment`;
export const FIRST_ITEMS = `CROSS JOIN LATERAL (SELECT jsonb_path_query_array(items, '$[0 to ${ITEMS_IN_LIST - 1}]') AS first, jsonb_array_length(items) AS count FROM (SELECT ${ITEMS} AS items) all_items) i`;

/** Orders with all line items. `payment` is one at the gateway: the settled, open, or else last failed one. */
export function selectOrders(ids: string[]): Statement {
  return { name: "select orders", text: `SELECT ${WHOLE} FROM orders o WHERE o.id = ANY($1::uuid[])`, values: [uuidArray(ids, (id) => id)] };
}

/** Pages of users' orders, newest first, with their first line items. `page` counts from 1. */
export function selectUserOrders(pages: Page[]): Statement {
  return {
    name: "select user orders",
    text: `SELECT k.page, ${LISTED} FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY k(user_id, before, most, page)
           CROSS JOIN LATERAL (SELECT * FROM orders WHERE user_id = k.user_id AND id < k.before ORDER BY id DESC LIMIT k.most) o ${FIRST_ITEMS} ORDER BY k.page, o.id DESC`,
    values: pageColumns(pages),
  };
}

/** The parts of orders that never change: user, variants and coupon. */
export function selectImmutableOrders(ids: string[]): Statement {
  return {
    name: "select immutable orders",
    text: `SELECT o.id, o.user_id AS "userId", o.user_coupon_id AS "userCouponId", ${ITEMS} AS "lineItems" FROM orders o WHERE o.id = ANY($1::uuid[])`,
    values: [uuidArray(ids, (id) => id)],
  };
}

/**
 * Unpaid orders past their expiry, without those whose card payment is open: these would fill each
 * batch and block all others.
 */
export function selectExpiredOrders(now: number, limit: number, holding: boolean): Statement {
  return {
    name: `select expired orders${holding ? " that hold stock" : ""}`,
    text: `SELECT id, floor(extract(epoch FROM expires_at) * 1000)::bigint AS "dueAt" FROM orders o WHERE status = 'PENDING' AND expires_at <= $1::timestamptz ${holding ? "AND holds_stock" : ""}
             AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.status <> 'FAILED') ORDER BY expires_at LIMIT $2`,
    values: [iso(now), limit],
  };
}
