// Rows of exports, a page at a time in the order of their keys. A page is bounded by its rows and by
// their stored size: an order may have 2,000 line items, and a product 200 variants with metadata.

import { LAST_ID, type Statement } from "../database/statement.ts";
import { ITEMS } from "../order/order.sql.ts";

/** Lower than any id. */
const FIRST_ID = "00000000-0000-0000-0000-000000000000";
const PAGE = 1000;
/** As stored, which is compressed. PostgreSQL knows the size of a value without reading it. */
const PAGE_BYTES = 1_000_000;

/** The rows after this key; null for the first page. An empty page is the end. */
export type PageOf = (after: string | null) => Statement;

/**
 * The ids of the first rows of this selection, as far as a page goes, at least one. An array, so that the rows are looked up by key.
 * @param selection of `id` and `bytes`, in order and with a limit
 */
function bounded(selection: string, order: string): string {
  return `ARRAY(SELECT id FROM (SELECT id, sum(bytes) OVER sized AS upto, row_number() OVER sized AS place FROM (${selection}) sizes WINDOW sized AS (ORDER BY ${order})) summed
           WHERE upto <= ${PAGE_BYTES} OR place = 1)`;
}

const size = (...columns: string[]): string => columns.map((column) => `coalesce(pg_column_size(${column}), 0)`).join(" + ");

export const selectUsers: PageOf = (after) => ({
  name: "export users",
  text: `SELECT u.id AS key, u.id, u.external_id AS "externalId", u.name, u.balance, u.metadata, u.created_at AS "createdAt"
         FROM users u WHERE u.id = ANY(${bounded(`SELECT u.id, ${size("u.metadata")} AS bytes FROM users u WHERE u.id > $1::uuid AND u.rehearsal_id IS NULL ORDER BY u.id LIMIT ${PAGE}`, "id")}) ORDER BY u.id`,
  values: [after ?? FIRST_ID],
});

/** The key is the user's id and the version of the balance after the movement. */
export const selectLedger: PageOf = (after) => ({
  name: "export ledger",
  text: `SELECT t.user_id || ' ' || t.version AS key, t.id AS "transactionId", t.user_id AS "userId", u.external_id AS "userExternalId", t.type, t.status,
           t.amount, t.balance_after AS "balanceAfter", t.order_id AS "orderId", t.reason, t.customer_reason AS "customerReason", t.created_at AS "createdAt"
         FROM balance_transactions t JOIN users u ON u.id = t.user_id AND u.rehearsal_id IS NULL
         WHERE (t.user_id, t.version) > ($1::uuid, $2::int) ORDER BY t.user_id, t.version LIMIT ${PAGE}`,
  values: after === null ? [FIRST_ID, 0] : after.split(" "),
});

export const selectOrders: PageOf = (after) => ({
  name: "export orders",
  text: `SELECT o.id AS key, o.id AS "orderId", o.external_id AS "externalId", o.user_id AS "userId", u.external_id AS "userExternalId", o.status,
           coalesce(o.fulfilment_status, 'NONE') AS "fulfilmentStatus", ${ITEMS} AS items, o.total_amount AS "totalAmount",
           o.discount_amount AS "discountAmount", CASE WHEN o.completed_at IS NULL THEN 0 ELSE o.total_amount - o.discount_amount END AS "paidAmount",
           o.refunded_amount AS "refundedAmount", o.shipping_address AS "shippingAddress", o.note, o.metadata, o.created_at AS "createdAt", o.completed_at AS "completedAt"
         FROM orders o JOIN users u ON u.id = o.user_id
         WHERE o.id = ANY(${bounded(
           `SELECT o.id, ${size("o.items", "o.metadata", "o.shipping_address", "o.note")} AS bytes
              FROM orders o JOIN users u ON u.id = o.user_id AND u.rehearsal_id IS NULL WHERE o.id > $1::uuid ORDER BY o.id LIMIT ${PAGE}`,
           "id",
         )}) ORDER BY o.id`,
  values: [after ?? FIRST_ID],
});

/** In the form of the import (catalog/catalog.bodies.ts), newest first. */
export const selectProducts: PageOf = (after) => ({
  name: "export products",
  text: `SELECT p.id AS key, d.external_id AS "externalId", p.name, p.description, p.status, coalesce(d.images, '[]') AS images, coalesce(d.tags, '[]') AS tags,
           coalesce(d.metadata, '{}') AS metadata, p.tax_free_amount AS "taxFreeAmount",
           (SELECT json_agg(json_build_object('id', v.id, 'sku', v.sku, 'name', v.name, 'options', v.options, 'price', v.price, 'stock', v.stock, 'status', v.status,
              'imageUrl', vd.image_url, 'metadata', coalesce(vd.metadata, '{}')) ORDER BY v.position)
            FROM variants v LEFT JOIN variant_details vd ON vd.variant_id = v.id WHERE v.product_id = p.id) AS variants
         FROM products p LEFT JOIN product_details d ON d.product_id = p.id
         WHERE p.id = ANY(${bounded(
           `SELECT p.id, ${size("p.description", "d.images", "d.metadata")} + (SELECT sum(${size("v.*", "vd.metadata")}) FROM variants v LEFT JOIN variant_details vd ON vd.variant_id = v.id
                WHERE v.product_id = p.id) AS bytes
              FROM products p LEFT JOIN product_details d ON d.product_id = p.id WHERE p.id < $1::uuid AND p.rehearsal_id IS NULL ORDER BY p.id DESC LIMIT ${PAGE}`,
           "id DESC",
         )}) ORDER BY p.id DESC`,
  values: [after ?? LAST_ID],
});
