import { counted } from "../popular/popular.sql.ts";
import type { Check } from "./check.ts";
import { LINE_ITEMS } from "./shared-scans.ts";

const CHECKPOINT = "(SELECT xid FROM checkpoints WHERE name = 'aggregate-sales')";

/**
 * Aggregated sales = a recount from orders as of the checkpoint, for every product and day. The
 * recount reads line items, unlike the aggregation: current sales, less orders completed after the
 * checkpoint, plus units refunded after it.
 */
export const sales: Check[] = [
  {
    invariant: 7,
    what: "aggregated sales differ from a recount of the orders",
    usesTimezone: true,
    inKeyOrder: true,
    sql: `WITH checkpoint AS (SELECT xid FROM checkpoints WHERE name = 'aggregate-sales'),
            later AS (
              SELECT e.order_id, r."variantId" AS variant_id, sum(r.quantity) AS quantity
              FROM checkpoint c JOIN order_events e ON e.xid > c.xid CROSS JOIN LATERAL jsonb_to_recordset(e.data -> 'items') AS r("variantId" uuid, quantity bigint)
              WHERE e.type IN ('order.refunded', 'order.partially-refunded') GROUP BY 1, 2
            ),
            uncounted AS (SELECT e.order_id FROM checkpoint c JOIN order_history e ON e.xid > c.xid WHERE e.type = 'order.completed'),
            line_items AS NOT MATERIALIZED (
              SELECT o.id, (o.completed_at AT TIME ZONE $1)::date AS day, i."variantId" AS variant_id, i."productId" AS product_id, i."unitPrice" AS unit_price,
                i.quantity, coalesce(i."refundedQuantity", 0) AS refunded_quantity
              FROM orders o CROSS JOIN LATERAL ${LINE_ITEMS} WHERE o.completed_at IS NOT NULL
            ),
            sold AS (
              SELECT day, product_id, sum(quantity - refunded_quantity) AS units, sum((quantity - refunded_quantity) * unit_price) AS revenue FROM line_items l GROUP BY day, product_id
              UNION ALL SELECT day, product_id, -quantity, -quantity * unit_price FROM line_items i JOIN uncounted u ON u.order_id = i.id
              UNION ALL SELECT day, product_id, l.quantity, l.quantity * unit_price FROM line_items i JOIN later l ON l.order_id = i.id AND l.variant_id = i.variant_id
            ),
            recount AS (SELECT day, product_id, sum(units) AS units, sum(revenue) AS revenue FROM sold GROUP BY day, product_id)
          SELECT coalesce(s.product_id, r.product_id) AS "productId", coalesce(s.day, r.day)::text AS day,
            json_build_object('units', coalesce(r.units, 0), 'revenue', coalesce(r.revenue, 0)) AS expected,
            json_build_object('units', coalesce(s.units, 0), 'revenue', coalesce(s.revenue, 0)) AS actual
          FROM product_sales s FULL JOIN recount r ON r.day = s.day AND r.product_id = s.product_id
          WHERE coalesce(s.units, 0) <> coalesce(r.units, 0) OR coalesce(s.revenue, 0) <> coalesce(r.revenue, 0)`,
  },
  {
    invariant: 7,
    what: "net sales differ from payments less refunds",
    usesTimezone: true,
    sql: `WITH ${counted("'0'::xid8", CHECKPOINT, "$1")}
          SELECT coalesce(s.product_id, c.product_id) AS "productId", coalesce(s.day, c.day)::text AS day,
            json_build_object('net', coalesce(c.net, 0), 'refunded', coalesce(c.refunded, 0)) AS expected,
            json_build_object('net', coalesce(s.net, 0), 'refunded', coalesce(s.refunded, 0)) AS actual
          FROM product_sales s FULL JOIN counted c ON c.day = s.day AND c.product_id = s.product_id
          WHERE coalesce(s.net, 0) <> coalesce(c.net, 0) OR coalesce(s.refunded, 0) <> coalesce(c.refunded, 0)`,
  },
  {
    invariant: 7,
    what: "the number of a day's orders differs from a recount",
    usesTimezone: true,
    sql: `WITH ${counted("'0'::xid8", CHECKPOINT, "$1")}
          SELECT coalesce(s.day, c.day)::text AS day, coalesce(c.orders, 0) AS expected, coalesce(s.orders, 0) AS actual
          FROM sales_days s FULL JOIN days c ON c.day = s.day WHERE coalesce(s.orders, 0) <> coalesce(c.orders, 0)`,
  },
  {
    invariant: 7,
    what: "sales are of a product that does not exist",
    sql: `SELECT s.product_id AS "productId", s.day::text AS day FROM product_sales s LEFT JOIN products p ON p.id = s.product_id WHERE p.id IS NULL`,
  },
];
