// The figures of a drop's report.

import { arrayOf, iso, type Statement, textArray } from "../database/statement.ts";

/** Adds to the counts. Rows are taken in order of their keys, so that two instances cannot wait for each other. */
export function addRefusals(counts: readonly { dropId: string; code: string; count: number }[]): Statement {
  return {
    name: "add drop refusals",
    text: `INSERT INTO drop_refusals AS r (drop_id, code, count)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[]) v(drop_id, code, count) ORDER BY drop_id, code
           ON CONFLICT (drop_id, code) DO UPDATE SET count = r.count + excluded.count`,
    values: [arrayOf(counts, ({ dropId }) => dropId), textArray(counts, ({ code }) => code), arrayOf(counts, ({ count }) => count)],
  };
}

/** Seconds of the report that have orders, at most. */
const SECONDS_MAX = 10_000;

export type ReportRow = {
  sold: number;
  revenue: number;
  firstSaleAt: number | null;
  lastSaleAt: number | null;
  soldOutAfterMs: number | null;
  refused: Record<string, number>;
  entries: Record<string, number>;
  perSecond: { at: string; orders: number }[];
};

/**
 * The sales are those of paid orders, less refunded units; `revenue` in minor units before discounts. An order counts in the second
 * in which it was placed, also if it was cancelled later.
 */
export function selectReport(dropId: string, now: number): Statement {
  return {
    name: "select drop report",
    text: `WITH placed AS (
             SELECT o.created_at, o.completed_at, i.unit_price, i.quantity - i.refunded_quantity AS kept, o.id
             FROM drop_sales s JOIN orders o ON o.id = s.order_id JOIN order_items i ON i.order_id = o.id JOIN drops d ON d.id = s.drop_id
             WHERE s.drop_id = $1 AND i.product_id = d.product_id)
           SELECT coalesce((SELECT sum(kept) FROM placed WHERE completed_at IS NOT NULL), 0)::bigint AS sold,
             coalesce((SELECT sum(kept * unit_price) FROM placed WHERE completed_at IS NOT NULL), 0)::bigint AS revenue,
             (SELECT min(completed_at) FROM placed) AS "firstSaleAt", (SELECT max(completed_at) FROM placed) AS "lastSaleAt",
             (extract(epoch FROM coalesce(d.first_sold_out_at, d.sold_out_at) - d.opens_at) * 1000)::bigint AS "soldOutAfterMs",
             coalesce((SELECT json_object_agg(code, count) FROM drop_refusals WHERE drop_id = d.id), '{}') AS refused,
             coalesce((SELECT json_object_agg(status, n) FROM (SELECT ${SHOWN_STATUS} AS status, count(*) AS n FROM drop_entries e WHERE drop_id = d.id GROUP BY 1) e), '{}') AS entries,
             coalesce((SELECT json_agg(json_build_object('at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'orders', orders) ORDER BY at)
               FROM (SELECT date_trunc('second', created_at) AS at, count(DISTINCT id) AS orders FROM placed GROUP BY 1 ORDER BY 1 LIMIT ${SECONDS_MAX}) s), '[]') AS "perSecond"
           FROM drops d WHERE d.id = $1`,
    values: [dropId, iso(now)],
  };
}

/** The status of entry `e` as its owner sees it: an entry that waits when the line is over is lost, before the job has written it. */
const SHOWN_STATUS = `CASE WHEN e.status = 'WAITING' AND (d.closed_at IS NOT NULL OR d.mode = 'FIRST_COME' AND d.closes_at <= $2::timestamptz
  OR d.drawn_at IS NOT NULL AND NOT d.waitlist) THEN 'LOST' ELSE e.status END`;
