import { type Page, pageColumns } from "../database/batched-pages.ts";
import { arrayOf, iso, isoOrNull, LAST_ID, type Statement, textArray, timestampArray } from "../database/statement.ts";
import type { Change, Journal, Table } from "../till/table.ts";
import type { Order, OrderEvent, OrderItem } from "./order.ts";

const ORDER = `o.id, o.user_id AS "userId", o.status, o.changes, o.user_coupon_id AS "userCouponId", o.total_amount AS "totalAmount",
  o.discount_amount AS "discountAmount", o.refunded_amount AS "refundedAmount", o.created_at AS "createdAt", o.expires_at AS "expiresAt", o.completed_at AS "completedAt"`;

/** Orders, locked. The lock of an order protects its line items, payments and refunds, too. */
export const orders: Table<Order> = {
  name: "orders",
  load: (ids) => ({
    name: "lock orders",
    text: `SELECT ${ORDER} FROM orders o WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR NO KEY UPDATE`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Order],
  save(changes) {
    const placed = changes.filter((change) => change.before === undefined);
    const changed = changes.filter((change) => change.before !== undefined);
    return [...(placed.length > 0 ? [insertOrders(placed)] : []), ...(changed.length > 0 ? [updateOrders(changed)] : [])];
  },
};

function insertOrders(changes: Change<Order>[]): Statement {
  return {
    name: "insert orders",
    text: `INSERT INTO orders (id, user_id, status, changes, user_coupon_id, total_amount, discount_amount, refunded_amount, created_at, expires_at, completed_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])`,
    values: [
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.userId),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.changes),
      arrayOf(changes, ({ after }) => after.userCouponId),
      arrayOf(changes, ({ after }) => after.totalAmount),
      arrayOf(changes, ({ after }) => after.discountAmount),
      arrayOf(changes, ({ after }) => after.refundedAmount),
      timestampArray(changes, ({ after }) => after.createdAt),
      timestampArray(changes, ({ after }) => after.expiresAt),
      timestampArray(changes, ({ after }) => after.completedAt),
    ],
  };
}

function updateOrders(changes: Change<Order>[]): Statement {
  return {
    name: "update orders",
    text: `UPDATE orders o SET status = v.status, changes = v.changes, refunded_amount = v.refunded_amount, completed_at = v.completed_at
           FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[]) v(id, status, changes, refunded_amount, completed_at) WHERE o.id = v.id`,
    values: [
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.changes),
      arrayOf(changes, ({ after }) => after.refundedAmount),
      timestampArray(changes, ({ after }) => after.completedAt),
    ],
    rows: changes.length,
  };
}

/** Line items by order, protected by the order's lock. Only their refunded quantities change. */
export const orderItems: Table<OrderItem[]> = {
  name: "order items",
  load: (orderIds) => ({
    name: "read order items",
    text: `SELECT order_id, json_agg(${ITEM_JSON} ORDER BY line) AS items FROM order_items WHERE order_id = ANY($1::uuid[]) GROUP BY order_id`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["order_id"] as string, row["items"] as OrderItem[]],
  save(changes) {
    const placed: (OrderItem & { orderId: string })[] = [];
    const refunded: (OrderItem & { orderId: string })[] = [];
    for (const { key: orderId, before, after } of changes) {
      if (before === undefined) for (const item of after) placed.push({ ...item, orderId });
      else after.forEach((item, i) => item.refundedQuantity !== before[i]?.refundedQuantity && refunded.push({ ...item, orderId }));
    }
    return [...(placed.length > 0 ? [insertItems(placed)] : []), ...(refunded.length > 0 ? [updateRefunded(refunded)] : [])];
  },
};

const ITEM_JSON = `json_build_object('variantId', variant_id, 'productId', product_id, 'line', line, 'name', name, 'unitPrice', unit_price, 'quantity', quantity, 'refundedQuantity', refunded_quantity)`;

function insertItems(items: (OrderItem & { orderId: string })[]): Statement {
  return {
    name: "insert order items",
    text: `INSERT INTO order_items (order_id, variant_id, product_id, line, name, unit_price, quantity)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::text[], $6::bigint[], $7::int[])`,
    values: [
      arrayOf(items, (item) => item.orderId),
      arrayOf(items, (item) => item.variantId),
      arrayOf(items, (item) => item.productId),
      arrayOf(items, (item) => item.line),
      textArray(items, (item) => item.name),
      arrayOf(items, (item) => item.unitPrice),
      arrayOf(items, (item) => item.quantity),
    ],
  };
}

function updateRefunded(items: (OrderItem & { orderId: string })[]): Statement {
  return {
    name: "update refunded quantities",
    text: `UPDATE order_items i SET refunded_quantity = v.refunded FROM unnest($1::uuid[], $2::uuid[], $3::int[]) v(order_id, variant_id, refunded)
           WHERE i.order_id = v.order_id AND i.variant_id = v.variant_id`,
    values: [arrayOf(items, (item) => item.orderId), arrayOf(items, (item) => item.variantId), arrayOf(items, (item) => item.refundedQuantity)],
    rows: items.length,
  };
}

/** The outbox, written in the transaction that changes the order. */
export const orderEvents: Journal<OrderEvent> = {
  name: "order events",
  append: (rows) => ({
    name: "insert order events",
    text: "INSERT INTO order_events (order_id, seq, type, data, created_at) SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::jsonb[], $5::timestamptz[])",
    values: [
      arrayOf(rows, (row) => row.orderId),
      arrayOf(rows, (row) => row.seq),
      arrayOf(rows, (row) => row.type),
      textArray(rows, (row) => (row.data === null ? null : JSON.stringify(row.data))),
      timestampArray(rows, (row) => row.at),
    ],
  }),
};

const PAYMENT_JSON = `coalesce(
    (SELECT json_build_object('id', p.id, 'method', p.method, 'status', p.status) FROM payments p WHERE p.order_id = o.id AND p.status <> 'FAILED'),
    (SELECT json_build_object('id', p.id, 'method', p.method, 'status', p.status) FROM payments p WHERE p.order_id = o.id AND p.status = 'FAILED' ORDER BY p.id DESC LIMIT 1)
  ) AS payment`;

/** The line items of each order in a list. */
export const ITEMS_IN_LIST = 5;

const COLUMNS = `${ORDER}, l.items, l.count AS "itemCount", ${PAYMENT_JSON}`;
const ALL_ITEMS = `CROSS JOIN LATERAL (SELECT json_agg(${ITEM_JSON} ORDER BY line) AS items, count(*)::int FROM order_items WHERE order_id = o.id) l`;
/** Only the first line items (`line` counts from 0), so that a page is bounded in bytes. */
const FIRST_ITEMS = `CROSS JOIN LATERAL (
  SELECT json_agg(${ITEM_JSON} ORDER BY line) FILTER (WHERE line < ${ITEMS_IN_LIST}) AS items, count(*)::int FROM order_items WHERE order_id = o.id) l`;

/** Orders with all line items. `payment` is the successful, open, or else last failed one. */
export function selectOrders(ids: string[]): Statement {
  return {
    name: "select orders",
    text: `SELECT ${COLUMNS} FROM orders o ${ALL_ITEMS} WHERE o.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  };
}

export type OrderFilter = { userId: string | null; status: string | null; from: number | null; to: number | null; rehearsals: boolean };

/**
 * Orders before this id, newest first, with their first line items. `from` is included, `to` is not
 * (ms). `rehearsals` includes the orders of rehearsals' buyers.
 * @param before null for the first page
 */
export function selectOrderPage({ userId, status, from, to, rehearsals }: OrderFilter, before: string | null, limit: number): Statement {
  const values: unknown[] = [before ?? LAST_ID, limit];
  const where = ["o.id < $1::uuid"];
  const name = ["select order page"];
  if (rehearsals) name.push("with rehearsals");
  else where.push("NOT EXISTS (SELECT FROM users u WHERE u.id = o.user_id AND u.rehearsal_id IS NOT NULL)");
  for (const [filter, value, condition] of [
    ["user", userId, "o.user_id ="],
    ["status", status, "o.status ="],
    ["from", isoOrNull(from), "o.created_at >="],
    ["to", isoOrNull(to), "o.created_at <"],
  ] as const) {
    if (value === null) continue;
    where.push(`${condition} $${values.push(value)}`);
    name.push(filter);
  }
  // Selects the page before it joins line items, so that no plan reads the items of other orders.
  return {
    name: name.join(" "),
    text: `SELECT ${COLUMNS} FROM (SELECT * FROM orders o WHERE ${where.join(" AND ")} ORDER BY o.id DESC LIMIT $2) o ${FIRST_ITEMS} ORDER BY o.id DESC`,
    values,
  };
}

/** Pages of users' orders, newest first, with their first line items. `page` counts from 1. */
export function selectUserOrders(pages: Page[]): Statement {
  return {
    name: "select user orders",
    text: `SELECT k.page, ${COLUMNS} FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY k(user_id, before, most, page)
           CROSS JOIN LATERAL (SELECT * FROM orders WHERE user_id = k.user_id AND id < k.before ORDER BY id DESC LIMIT k.most) o ${FIRST_ITEMS} ORDER BY k.page, o.id DESC`,
    values: pageColumns(pages),
  };
}

/** The parts of orders that never change: user, variants and coupon. */
export function selectImmutableOrders(ids: string[]): Statement {
  return {
    name: "select immutable orders",
    text: `SELECT o.id, o.user_id AS "userId", o.user_coupon_id AS "userCouponId",
             (SELECT json_agg(json_build_object('variantId', variant_id, 'productId', product_id) ORDER BY line) FROM order_items i WHERE i.order_id = o.id) AS "lineItems"
           FROM orders o WHERE o.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  };
}

/**
 * Unpaid orders past their expiry, without those whose card payment is open: these would fill each
 * batch and block all others.
 */
export function selectExpiredOrders(now: number, limit: number): Statement {
  return {
    name: "select expired orders",
    text: `SELECT id FROM orders o WHERE status = 'PENDING' AND expires_at <= $1::timestamptz
             AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.status <> 'FAILED') ORDER BY expires_at LIMIT $2`,
    values: [iso(now), limit],
  };
}
