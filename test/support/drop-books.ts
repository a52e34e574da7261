// The books of a drop with holds, read again and again while a crowd is there.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

/** Rows of a statement; none if the database is down at the moment. */
export type Rows = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

export type BooksOptions = {
  rows: Rows;
  dropId: string;
  variantIds: readonly string[];
  /** Units of each variant. */
  stock: number;
  limit: number;
  /** Since when shop and database have been running, in ms since 1970; infinite while one of them is down. */
  upSince?: () => number;
};

/**
 * `samples`: how often the books were read. `late`: the longest time in ms that a hold was seen to outlive its end while shop and database
 * were up; `outlived`: the same with the time during which they were not.
 */
export type Books = { samples: number; late: number; outlived: number };

const EVERY_MS = 20;
/** An instant that no hold reaches. */
const FAR_MS = 4_000_000_000_000;

/**
 * Reads the books in one statement, again and again: at each instant all units are free, held, ordered or bought, nothing waits beside
 * free stock, and no person has more than the limit. `stop` rejects with an AssertionError if they ever did not add up.
 */
export function watchBooks({ rows, dropId, variantIds, stock, limit, upSince = () => 0 }: BooksOptions): { stop: () => Promise<Books> } {
  let stopped = false;
  const books = { samples: 0, late: 0, outlived: 0 };
  const read = async (): Promise<void> => {
    const [row] = await rows<{ units: number[]; waiting: number; most: number; late: number | null; outlived: number | null }>(BOOKS, [
      `{${variantIds.join(",")}}`,
      dropId,
      Math.min(upSince(), FAR_MS),
    ]);
    if (!row) return;
    assert.deepEqual({ units: row.units, waiting: row.waiting }, { units: variantIds.map(() => stock), waiting: 0 });
    assert.ok(row.most <= limit, `a person has ${row.most} units`);
    books.late = Math.max(books.late, row.late ?? 0);
    books.outlived = Math.max(books.outlived, row.outlived ?? 0);
    books.samples++;
  };
  const running = (async () => {
    for (; !stopped; await pause(EVERY_MS)) await read();
    await read();
  })();
  // An unhandled rejection would end the process before `stop` reports it.
  running.catch(() => {});
  return {
    async stop() {
      stopped = true;
      await running;
      return books;
    },
  };
}

// The statement's own time, at which it looks at the rows: the clock goes on while it adds them up.
const BOOKS = `SELECT
  (SELECT array_agg((v.stock
     + coalesce((SELECT sum(e.quantity) FROM drop_entries e WHERE e.drop_id = $2 AND e.variant_id = v.id AND e.status = 'HELD'), 0)
     + coalesce((SELECT sum((i->>'quantity')::int - coalesce((i->>'refundedQuantity')::int, 0))
        FROM drop_sales s JOIN orders o ON o.id = s.order_id CROSS JOIN jsonb_array_elements(o.items) i
        WHERE s.drop_id = $2 AND i->>'variantId' = v.id::text AND (o.status IN ('COMPLETED', 'PARTIALLY_REFUNDED') OR o.status = 'PENDING' AND o.holds_stock)), 0))::int)
   FROM variants v WHERE v.id = ANY($1::uuid[])) AS units,
  (SELECT count(*)::int FROM variants v WHERE v.id = ANY($1::uuid[]) AND EXISTS (SELECT FROM drop_entries e
   WHERE e.drop_id = $2 AND e.variant_id = v.id AND e.status = 'WAITING' AND e.quantity <= v.stock)) AS waiting,
  (SELECT coalesce(max(units), 0) FROM drop_people WHERE drop_id = $2) AS most,
  late.late, late.outlived
  FROM (SELECT max(extract(epoch FROM statement_timestamp() - greatest(held_until, to_timestamp($3::float8 / 1000))) * 1000)::float8 AS late,
          max(extract(epoch FROM statement_timestamp() - held_until) * 1000)::float8 AS outlived
        FROM drop_entries WHERE drop_id = $2 AND status = 'HELD' AND held_until <= statement_timestamp()) late`;

/** Entries of one variant and quantity that got their hold after a later one. */
export function overtakenEntries(rows: Rows, dropId: string): Promise<{ number: number }[]> {
  return rows<{ number: number }>(
    `WITH held AS (SELECT coalesce(e.rank, e.number) AS place, e.number, e.variant_id, e.quantity, min(s.seq) AS seq, min(s.created_at) AS at
                   FROM shop_events s JOIN drop_entries e ON e.id = s.subject
                   WHERE e.drop_id = $1 AND s.type = 'entry.held' GROUP BY 1, 2, 3, 4),
          latest AS (SELECT *, max(at) OVER (PARTITION BY variant_id, quantity ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM held)
     SELECT number FROM latest WHERE at < before ORDER BY number LIMIT 5`,
    [dropId],
  );
}
