// Moves orders of the layout before, in which line items, payment and first event had rows of their own, into `orders`
// (docs/decisions/0014). The version after this one drops the functions and this file.

import type { Statement } from "../database/statement.ts";

/** `finished`: older instances are no longer supported. */
export const SELECT_STATE = "SELECT to_regclass('order_items_unmoved') IS NOT NULL AS finished, older_instances()::int AS \"olderInstances\"";

/** Built beside running instances. `finish_order_layout` would build them too, but block orders for as long. */
export const INDEXES = {
  orders_by_transaction: "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_transaction ON orders (xid) WHERE xid IS NOT NULL",
  orders_by_payment: "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS orders_by_payment ON orders (payment_id) WHERE payment_id IS NOT NULL",
};

/** Remains of an index build that was interrupted. */
export function selectInvalidIndexes(): Statement {
  return {
    name: "select invalid indexes",
    text: "SELECT indexrelid::regclass::text AS index FROM pg_index WHERE indrelid = 'orders'::regclass AND NOT indisvalid",
    values: [],
  };
}

export const FINISH = "SELECT finish_order_layout() AS finished";

/** Moves the next orders after `after`, in one transaction. `last` is null at the end. */
export function moveNext(after: string, limit: number): Statement {
  return {
    name: "move next orders",
    text: `WITH next AS (SELECT DISTINCT order_id AS id FROM order_items_unmoved WHERE order_id > $1::uuid ORDER BY order_id LIMIT $2),
             locked AS (SELECT id FROM orders WHERE id IN (SELECT id FROM next) ORDER BY id FOR NO KEY UPDATE),
             moved AS (SELECT count(*)::int AS count, move_orders(array_agg(id)) FROM locked)
           SELECT (SELECT count FROM moved) AS moved, (SELECT max(id::text)::uuid FROM next) AS last`,
    values: [after, limit],
  };
}
