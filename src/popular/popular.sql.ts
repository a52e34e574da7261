import { firstImage } from "../catalog/details.sql.ts";
import type { Statement } from "../database/statement.ts";

/** The aggregation's checkpoint. The lock of its row lets only one aggregation run at a time. */
export const LOCK_CHECKPOINT = "SELECT xid::text FROM checkpoints WHERE name = 'aggregate-sales' FOR UPDATE";

/** The oldest running transaction, as the outbox stores ids (migration 0084). All earlier ones are visible or never will be. */
export const OLDEST_RUNNING = "SELECT shop_xid(pg_snapshot_xmin(pg_current_snapshot()))::text AS xmin";

/**
 * Sales per product and day from the events after $1, up to $2; $3 is the shop's time zone. A
 * refund counts on the day of the order's completion. Fully refunded units leave a row of 0; lists
 * omit such rows. Transaction ids bound the window, not times or event ids, so an event whose
 * transaction commits late is counted once, in a later run. If all running transactions are after
 * the window, its result never changes.
 */
export function counted(after: string, upto: string, zone: string): string {
  return `
  events AS (
    SELECT e.type, (o.completed_at AT TIME ZONE ${zone})::date AS day, CASE WHEN e.type = 'order.completed' THEN coalesce(o.items, unmoved_items(o.id)) ELSE e.data -> 'items' END AS items,
      o.total_amount::numeric AS total, o.total_amount - o.discount_amount AS paid,
      EXISTS (SELECT FROM users u WHERE u.id = o.user_id AND u.rehearsal_id IS NOT NULL) AS rehearsed
    FROM order_history e JOIN orders o ON o.id = e.order_id
    WHERE e.xid > ${after} AND e.xid <= ${upto} AND e.type IN ('order.completed', 'order.refunded', 'order.partially-refunded')
  ), moved AS (
    SELECT day, product_id, units, units * price AS revenue, CASE WHEN sold THEN ${SHARE} ELSE -amount END AS net, CASE WHEN sold THEN 0 ELSE amount END AS refunded
    FROM events CROSS JOIN LATERAL (
      SELECT "productId" AS product_id, CASE WHEN type = 'order.completed' THEN quantity ELSE -quantity END AS units, "unitPrice" AS price, amount, type = 'order.completed' AS sold,
        sum("unitPrice" * quantity) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS upto, "unitPrice" * quantity AS cost
      FROM ROWS FROM (jsonb_to_recordset(items) AS ("productId" uuid, quantity bigint, "unitPrice" bigint, amount bigint)) WITH ORDINALITY i("productId", quantity, "unitPrice", amount, place)
    ) i
  ), counted AS (
    SELECT day, product_id, sum(units) AS units, sum(revenue) AS revenue, sum(net) AS net, sum(refunded) AS refunded FROM moved GROUP BY day, product_id
  ), days AS (
    SELECT day, sum(CASE type WHEN 'order.completed' THEN 1 WHEN 'order.refunded' THEN -1 ELSE 0 END) AS orders FROM events WHERE NOT rehearsed GROUP BY day
  )`;
}

/** A line item's share of the payment, rounded as in refund-shares.ts: refunds subtract the same won. */
const SHARE = "CASE WHEN total = 0 THEN 0 ELSE div(paid * upto, total) - div(paid * (upto - cost), total) END";
const COUNTED = counted("$1::xid8", "$2::xid8", "$3");

/** Adds the counted sales to the stored ones. */
export const ADD_SALES = `
  WITH ${COUNTED}, saved AS (
    INSERT INTO product_sales AS s (day, product_id, units, revenue, net, refunded) SELECT * FROM counted ORDER BY day, product_id
    ON CONFLICT (day, product_id) DO UPDATE SET units = s.units + excluded.units, revenue = s.revenue + excluded.revenue, net = s.net + excluded.net,
      refunded = s.refunded + excluded.refunded
    RETURNING xmax = 0 AS made
  ), saved_days AS (
    INSERT INTO sales_days AS s (day, orders) SELECT * FROM days ORDER BY day ON CONFLICT (day) DO UPDATE SET orders = s.orders + excluded.orders
  )
  SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM saved WHERE made) AS "rowsMade", (SELECT count(*) FROM saved WHERE NOT made) AS "rowsAdded"`;

/** Counts without storing: rows per product and day, and per day those without a product. */
export const COUNT_SALES = `WITH ${COUNTED}
  SELECT day::text, product_id AS "productId", units, revenue, net::bigint, refunded, NULL::bigint AS orders FROM counted
  UNION ALL SELECT day::text, NULL, NULL, NULL, NULL, NULL, orders FROM days`;

/** Corrects the sales to $1–$6 (days, products, units, revenues, nets, refunds); returns the rows corrected. */
export const CORRECT_SALES = `
  WITH counted AS (
    SELECT day, product_id, sum(units) AS units, sum(revenue) AS revenue, sum(net) AS net, sum(refunded) AS refunded
    FROM unnest($1::date[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) c(day, product_id, units, revenue, net, refunded) GROUP BY day, product_id
  ), gone AS (
    DELETE FROM product_sales s WHERE NOT EXISTS (SELECT FROM counted c WHERE c.day = s.day AND c.product_id = s.product_id) RETURNING 1
  ), saved AS (
    INSERT INTO product_sales (day, product_id, units, revenue, net, refunded)
    SELECT * FROM counted c WHERE NOT EXISTS (
      SELECT FROM product_sales s WHERE s.day = c.day AND s.product_id = c.product_id AND s.units = c.units AND s.revenue = c.revenue AND s.net = c.net AND s.refunded = c.refunded)
    ON CONFLICT (day, product_id) DO UPDATE SET units = excluded.units, revenue = excluded.revenue, net = excluded.net, refunded = excluded.refunded RETURNING 1
  )
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM saved) AS corrected`;

/** Corrects the numbers of orders to $1 and $2 (days, orders). */
export const CORRECT_DAYS = `
  WITH counted AS (SELECT day, sum(orders) AS orders FROM unnest($1::date[], $2::bigint[]) c(day, orders) GROUP BY day),
    gone AS (DELETE FROM sales_days s WHERE NOT EXISTS (SELECT FROM counted c WHERE c.day = s.day))
  INSERT INTO sales_days (day, orders) SELECT * FROM counted ON CONFLICT (day) DO UPDATE SET orders = excluded.orders`;

/** Reads the checkpoint without a lock. */
export const READ_CHECKPOINT = "SELECT xid::text FROM checkpoints WHERE name = 'aggregate-sales'";

export const MOVE_CHECKPOINT = "UPDATE checkpoints SET xid = $1::xid8, at = now() WHERE name = 'aggregate-sales'";

/** A condition on sales `s`: excludes rehearsals' copies, whose sales are stored for recounts. */
const NO_COPIES = "NOT EXISTS (SELECT FROM products c WHERE c.id = s.product_id AND c.rehearsal_id IS NOT NULL)";

/** Stores the five best-selling products of the three days before $1 as the snapshot of $1. */
export const INSERT_SNAPSHOT = `
  INSERT INTO popular_snapshots (day, rank, product_id, total_sales)
  SELECT $1::date, row_number() OVER (ORDER BY sum(units) DESC, product_id), product_id, sum(units)
  FROM product_sales s WHERE day BETWEEN $1::date - 3 AND $1::date - 1 AND ${NO_COPIES}
  GROUP BY product_id HAVING sum(units) > 0 ORDER BY sum(units) DESC, product_id LIMIT 5`;

export const DELETE_SNAPSHOTS = "DELETE FROM popular_snapshots";
export const DELETE_SNAPSHOT = "DELETE FROM popular_snapshots WHERE day = $1::date";
export const DELETE_OLD_SNAPSHOTS =
  "WITH gone AS (DELETE FROM popular_snapshots WHERE day < $1::date - 3 RETURNING 1) SELECT count(*) AS count FROM gone";

export type PopularRecord = {
  productId: string;
  name: string;
  status: "ON_SALE";
  price: number;
  stock: number;
  totalSales: number;
  imageUrl: string | null;
};

/** The best-selling products on sale of these days, both included. */
export function selectPopular(from: string, to: string, limit: number): Statement {
  return {
    name: "select popular products",
    text: `SELECT s.product_id AS "productId", p.name, p.status, p.price, v.stock, s.units AS "totalSales", ${firstImage("p.id")} AS "imageUrl"
           FROM (SELECT product_id, sum(units) AS units FROM product_sales WHERE day BETWEEN $1::date AND $2::date GROUP BY product_id HAVING sum(units) > 0) s
           JOIN products p ON p.id = s.product_id AND p.status = 'ON_SALE' AND p.rehearsal_id IS NULL
           CROSS JOIN LATERAL (SELECT sum(stock) AS stock FROM variants WHERE product_id = p.id AND status = 'ON_SALE') v
           WHERE v.stock IS NOT NULL
           ORDER BY s.units DESC, s.product_id LIMIT $3`,
    values: [from, to, limit],
  };
}

/** The time of the last aggregation, in ms. */
export function selectAggregatedAt(): Statement {
  return { name: "select aggregated at", text: "SELECT at FROM checkpoints WHERE name = 'aggregate-sales'", values: [] };
}

/** Amounts in minor units, of the units kept; `refunded` of the others. */
type SalesAmounts = { units: number; revenue: number; discount: number; refunded: number; net: number };
export type SalesRecord = SalesAmounts & { productId: string; name: string };

const AMOUNTS =
  "sum(units)::bigint AS units, sum(revenue)::bigint AS revenue, sum(revenue - net)::bigint AS discount, sum(refunded)::bigint AS refunded, sum(net)::bigint AS net";

/** Sales by product; null leaves that end of the period open. */
export function selectSales(from: string | null, to: string | null, limit: number): Statement {
  return {
    name: "select sales",
    text: `SELECT s.product_id AS "productId", p.name, s.units, s.revenue, s.discount, s.refunded, s.net
           FROM (SELECT product_id, ${AMOUNTS} FROM product_sales
                 WHERE ($1::date IS NULL OR day >= $1::date) AND ($2::date IS NULL OR day <= $2::date) GROUP BY product_id HAVING sum(units) > 0) s
           JOIN products p ON p.id = s.product_id AND p.rehearsal_id IS NULL ORDER BY s.units DESC, s.product_id LIMIT $3`,
    values: [from, to, limit],
  };
}

export type SalesDay = SalesAmounts & { day: string; orders: number };

/** Sales by day, oldest first, without days whose units were all refunded. */
export function selectSalesByDay(from: string | null, to: string | null, limit: number): Statement {
  return {
    name: "select sales by day",
    text: `SELECT last.*, coalesce(d.orders, 0) AS orders FROM (SELECT day, ${AMOUNTS} FROM product_sales s
           WHERE ($1::date IS NULL OR day >= $1::date) AND ($2::date IS NULL OR day <= $2::date) AND ${NO_COPIES}
           GROUP BY day HAVING sum(units) > 0 ORDER BY day DESC LIMIT $3) last LEFT JOIN sales_days d USING (day) ORDER BY last.day`,
    values: [from, to, limit],
  };
}
