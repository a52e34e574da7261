import type { Check } from "./check.ts";
import { LINE_ITEMS } from "./shared-scans.ts";

/** An order keeps the units of its lines that were neither refunded, cancelled nor expired. */
const KEPT_UNITS = `CASE WHEN o.status IN ('CANCELLED', 'EXPIRED') THEN 0 ELSE i.quantity - coalesce(i."refundedQuantity", 0) END`;

/**
 * Per drop and person: units within the limit, each with its cause. Per drop: numbers without a gap, and no entry waits while free stock
 * would satisfy it. Held and ordered entries have their orders and their time.
 */
export const drops: Check[] = [
  {
    invariant: 8,
    what: "a person's units in a drop are not those of the entry that waits or is held and of the orders",
    sql: `SELECT p.drop_id AS "dropId", p.person, (coalesce(e.sum, 0) + coalesce(s.sum, 0))::bigint AS expected, p.units AS actual
          FROM drop_people p
          LEFT JOIN (SELECT drop_id, person, sum(quantity) AS sum FROM drop_entries WHERE status IN ('WAITING', 'HELD') GROUP BY 1, 2) e USING (drop_id, person)
          LEFT JOIN (SELECT drop_id, person, sum(units) AS sum FROM drop_sales GROUP BY 1, 2) s USING (drop_id, person)
          WHERE p.units <> coalesce(e.sum, 0) + coalesce(s.sum, 0)`,
  },
  {
    invariant: 8,
    what: "a person has more units of a drop than its limit",
    sql: `SELECT p.drop_id AS "dropId", p.person, d.limit_per_customer AS expected, p.units AS actual
          FROM drop_people p JOIN drops d ON d.id = p.drop_id WHERE p.units > d.limit_per_customer`,
  },
  {
    invariant: 8,
    what: "a sale in a drop does not count the units of its order, or its buyer has no row",
    sql: `SELECT s.drop_id AS "dropId", s.order_id AS "orderId", coalesce(sum(${KEPT_UNITS}), 0)::bigint AS expected, s.units AS actual
          FROM drop_sales s JOIN drops d ON d.id = s.drop_id LEFT JOIN drop_people p ON p.drop_id = s.drop_id AND p.person = s.person
          LEFT JOIN orders o ON o.id = s.order_id LEFT JOIN LATERAL ${LINE_ITEMS} ON i."productId" = d.product_id
          GROUP BY s.drop_id, s.order_id, s.units, p.person HAVING s.units <> coalesce(sum(${KEPT_UNITS}), 0) OR p.person IS NULL`,
  },
  {
    invariant: 8,
    what: "the numbers of a drop's entries are not 1, 2, 3 … up to its counter",
    sql: `SELECT d.id AS "dropId", d.number AS expected, count(e.number)::bigint AS actual FROM drops d LEFT JOIN drop_entries e ON e.drop_id = d.id
          GROUP BY d.id HAVING count(e.number) <> d.number OR coalesce(max(e.number), 0) <> d.number`,
  },
  {
    invariant: 8,
    what: "an entry waits while free stock would satisfy it",
    sql: `SELECT e.drop_id AS "dropId", e.number, e.quantity AS expected, v.stock AS actual
          FROM drops d JOIN drop_entries e ON e.drop_id = d.id AND e.status = 'WAITING' JOIN variants v ON v.id = e.variant_id
          WHERE d.paused_at IS NULL AND d.closed_at IS NULL AND v.stock >= e.quantity
            AND (d.mode = 'FIRST_COME' AND (d.closes_at IS NULL OR d.closes_at > clock_timestamp()) OR d.drawn_at IS NOT NULL AND d.waitlist)`,
  },
  {
    invariant: 8,
    what: "an entry that waits after a draw has no place in the drawn line, or not that of its rank",
    // LATERAL and OFFSET 0: by the whole key, independent of statistics. Otherwise each entry may read the whole line.
    sql: `SELECT e.drop_id AS "dropId", r.rank, e.number AS expected, l.number AS actual
          FROM drops d JOIN draw_parts p ON p.drop_id = d.id CROSS JOIN unnest(p.numbers, p.ranks) r(number, rank)
          JOIN drop_entries e ON e.drop_id = d.id AND e.number = r.number AND e.status = 'WAITING'
          LEFT JOIN LATERAL (SELECT number FROM draw_lines
            WHERE drop_id = e.drop_id AND variant_id = e.variant_id AND quantity = e.quantity AND rank = r.rank OFFSET 0) l ON true
          WHERE d.drawn_at IS NOT NULL AND d.waitlist AND d.closed_at IS NULL AND l.number IS DISTINCT FROM e.number`,
  },
  {
    invariant: 8,
    what: "an entry's status is not that of its order",
    sql: `SELECT e.drop_id AS "dropId", e.number, e.order_id AS "orderId", coalesce(o.status, 'no order') AS expected, e.status AS actual
          FROM drop_entries e LEFT JOIN orders o ON o.id = e.order_id
          WHERE e.status = 'ORDERED' AND (o.status IS DISTINCT FROM 'PENDING' OR o.holds_stock IS NOT TRUE)
            OR e.status = 'BOUGHT' AND (o.status IS NULL OR o.status NOT IN ('COMPLETED', 'PARTIALLY_REFUNDED', 'REFUNDED'))`,
  },
  {
    invariant: 8,
    what: "a person has another live entry than the last one",
    sql: `SELECT e.drop_id AS "dropId", e.person, p.entry AS expected, e.number AS actual
          FROM drop_entries e LEFT JOIN drop_people p USING (drop_id, person)
          WHERE e.status IN ('WAITING', 'HELD', 'ORDERED', 'BOUGHT') AND p.entry IS DISTINCT FROM e.number`,
  },
];
