import type { Check } from "./check.ts";
import { LINE_ITEMS } from "./shared-scans.ts";

/** Per variant: initial stock + adjustments = stock + held (payments in flight, holding orders, entries) + sold − returned + written off; never below 0. */
export const stock: Check[] = [
  {
    invariant: 2,
    what: "stock is not the sum of its adjustments less the units sold or reserved",
    inKeyOrder: true,
    sql: `SELECT v.id AS "variantId", (coalesce(a.sum, 0) - coalesce(o.sum, 0) - coalesce(h.sum, 0))::bigint AS expected, v.stock AS actual
          FROM variants v
          LEFT JOIN (SELECT variant_id, sum(delta) AS sum FROM stock_adjustments GROUP BY variant_id) a ON a.variant_id = v.id
          LEFT JOIN (
            SELECT i."variantId" AS variant_id, sum(i.quantity - coalesce(i."refundedQuantity", 0) + coalesce((o.fulfilment -> 'writtenOff' ->> i."variantId"::text)::bigint, 0)) AS sum FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS}
            WHERE o.status IN ('COMPLETED', 'PARTIALLY_REFUNDED', 'REFUNDED')
              OR (o.status = 'PENDING' AND (o.holds_stock OR EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT'))))
            GROUP BY 1
          ) o ON o.variant_id = v.id
          LEFT JOIN (SELECT variant_id, sum(quantity) AS sum FROM drop_entries WHERE status = 'HELD' GROUP BY variant_id) h ON h.variant_id = v.id
          WHERE v.stock <> coalesce(a.sum, 0) - coalesce(o.sum, 0) - coalesce(h.sum, 0) OR v.stock < 0`,
  },
  {
    invariant: 2,
    what: "an adjustment is of a variant that does not exist",
    sql: `SELECT a.variant_id AS "variantId", a.id AS "adjustmentId" FROM stock_adjustments a LEFT JOIN variants v ON v.id = a.variant_id WHERE v.id IS NULL`,
  },
  {
    invariant: 2,
    what: "a line item is of a variant that does not exist, or is another product's",
    sql: `SELECT i.* FROM (SELECT (array_agg(o.id))[1] AS "orderId", i."variantId", i."productId" FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS} GROUP BY 2, 3) i
          LEFT JOIN variants v ON v.id = i."variantId" AND v.product_id = i."productId" WHERE v.id IS NULL`,
  },
  {
    invariant: 2,
    what: "a cart holds a variant that does not exist, or is another product's, or has no user",
    sql: `SELECT c.id AS "cartItemId", c.user_id AS "userId", c.variant_id AS "variantId"
          FROM cart_items c LEFT JOIN variants v ON v.id = c.variant_id AND v.product_id = c.product_id LEFT JOIN users u ON u.id = c.user_id
          WHERE v.id IS NULL OR u.id IS NULL`,
  },
];
