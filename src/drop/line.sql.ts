// Who waits and who holds, read under the drop's lock. The rows are the people's own (person.sql.ts); these tables only find them.

import { arrayOf } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { Person } from "./drop.ts";
import { ENTRY_JSON, personOf } from "./person.sql.ts";

const PERSON_JSON = `json_build_object('dropId', e.drop_id, 'person', e.person, 'units', p.units, 'most', p.most, 'entry', ${ENTRY_JSON})`;

/**
 * The head of the line of one variant: of each quantity that is waited for, the first people in the order of their places. `truncated` has the
 * quantities of which more people wait than were read.
 */
export type Line = { waiting: Person[]; truncated: ReadonlySet<number> };

const ENTRY_COLUMNS = "e.drop_id, e.number, e.id, e.user_id, e.person, e.variant_id, e.quantity, e.status, e.held_until, e.order_id, e.ended_at";

/** Of a table of waiting places: the quantities that are waited for. */
const quantitiesIn = (table: string): string => `WITH RECURSIVE quantities AS (
  (SELECT quantity FROM ${table} WHERE drop_id = k.drop_id AND variant_id = k.variant_id ${waitingIn(table)} ORDER BY quantity LIMIT 1)
  UNION ALL
  SELECT n.quantity FROM quantities q CROSS JOIN LATERAL (SELECT quantity FROM ${table}
    WHERE drop_id = k.drop_id AND variant_id = k.variant_id ${waitingIn(table)} AND quantity > q.quantity ORDER BY quantity LIMIT 1) n)`;
const waitingIn = (table: string): string => (table === "drop_entries" ? "AND status = 'WAITING'" : "");

/** Entries in the order of their numbers. */
const ENTERED = `(${quantitiesIn("drop_entries")}
  SELECT e.* FROM quantities q CROSS JOIN LATERAL (SELECT ${ENTRY_COLUMNS}, e.rank, e.number AS place FROM drop_entries e
    WHERE drop_id = k.drop_id AND variant_id = k.variant_id AND quantity = q.quantity AND status = 'WAITING' ORDER BY coalesce(rank, number) LIMIT k.most) e
  WHERE d.mode <> 'DRAW')`;

/**
 * Entries in the drawn order. OFFSET 0 keeps both reads by their keys. An entry that left between the close and the draw may have its
 * place still.
 */
const DRAWN = `(${quantitiesIn("draw_lines")}
  SELECT e.* FROM quantities q CROSS JOIN LATERAL (SELECT ${ENTRY_COLUMNS}, l.rank, l.rank AS place
    FROM (SELECT rank, number FROM draw_lines WHERE drop_id = k.drop_id AND variant_id = k.variant_id AND quantity = q.quantity ORDER BY rank OFFSET 0) l
    CROSS JOIN LATERAL (SELECT * FROM drop_entries WHERE drop_id = k.drop_id AND number = l.number AND status = 'WAITING' OFFSET 0) e
    ORDER BY l.rank LIMIT k.most) e
  WHERE d.mode = 'DRAW')`;

/**
 * Lines by `lineKey`. `most` of a need is the number of units that its command sets free: no more people can get their turn. A line of which
 * the round needs nothing is not read.
 */
export const lines: Table<Line> = {
  name: "lines",
  load: (keys, most) => ({
    name: "read lines",
    text: `SELECT k.drop_id AS "dropId", k.variant_id AS "variantId", k.most, w.waiting
           FROM unnest($1::uuid[], $2::uuid[], $3::int[]) k(drop_id, variant_id, most) JOIN drops d ON d.id = k.drop_id CROSS JOIN LATERAL (
             SELECT coalesce(json_agg(${PERSON_JSON} ORDER BY e.place), '[]') AS waiting FROM (${ENTERED} UNION ALL ${DRAWN}) e
             CROSS JOIN LATERAL (SELECT * FROM drop_people WHERE drop_id = e.drop_id AND person = e.person OFFSET 0) p
           ) w WHERE k.most > 0`,
    values: [arrayOf(keys, (key) => key.slice(0, 36)), arrayOf(keys, (key) => key.slice(37)), arrayOf(most, (count) => Math.min(count, MOST))],
  }),
  read(row) {
    const waiting = (row["waiting"] as Record<string, unknown>[]).map(personOf);
    return [lineKey(row["dropId"] as string, row["variantId"] as string), { waiting, truncated: truncated(waiting, row["most"] as number) }];
  },
  save: () => [], // `people` writes them.
};

/** PostgreSQL's largest integer. */
const MOST = 2_147_483_647;

export function lineKey(dropId: string, variantId: string): string {
  return `${dropId}:${variantId}`;
}

function truncated(waiting: Person[], most: number): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const { entry } of waiting) if (entry) counts.set(entry.quantity, (counts.get(entry.quantity) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count >= most).map(([quantity]) => quantity));
}

/** The place of the first waiting entry of a drop, of whatever variant, or a place before it. Null if no entry waits. */
export const lineHeads: Table<{ place: number | null }> = {
  name: "line heads",
  load: (ids) => ({
    name: "read line heads",
    text: `SELECT d.id, ${FIRST_WAITING} AS place FROM drops d WHERE d.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, { place: row["place"] as number | null }],
  save: () => [],
};

/** OFFSET 0: by its key, for the first place alone. */
const STILL_WAITS = `EXISTS (SELECT FROM drop_entries WHERE drop_id = d.id AND number = l.number AND status = 'WAITING' OFFSET 0)`;

/** Of a drop `d`: the first place among those of each variant and quantity, which the indexes give. */
export const FIRST_WAITING = `CASE WHEN d.drawn_at IS NULL THEN (WITH RECURSIVE line AS (
    (SELECT variant_id, quantity, coalesce(rank, number) AS place FROM drop_entries WHERE drop_id = d.id AND status = 'WAITING'
     ORDER BY variant_id, quantity, coalesce(rank, number) LIMIT 1)
    UNION ALL
    SELECT n.* FROM line CROSS JOIN LATERAL
      (SELECT variant_id, quantity, coalesce(rank, number) AS place FROM drop_entries
       WHERE drop_id = d.id AND status = 'WAITING' AND (variant_id, quantity) > (line.variant_id, line.quantity)
       ORDER BY variant_id, quantity, coalesce(rank, number) LIMIT 1) n
  ) SELECT min(place) FROM line)
  ELSE (WITH RECURSIVE line AS (
    (SELECT variant_id, quantity, rank FROM draw_lines l WHERE drop_id = d.id AND ${STILL_WAITS} ORDER BY variant_id, quantity, rank LIMIT 1)
    UNION ALL
    SELECT n.* FROM line CROSS JOIN LATERAL
      (SELECT variant_id, quantity, rank FROM draw_lines l
       WHERE drop_id = d.id AND (variant_id, quantity) > (line.variant_id, line.quantity) AND ${STILL_WAITS}
       ORDER BY variant_id, quantity, rank LIMIT 1) n
  ) SELECT min(rank) FROM line) END`;

/** The persons that hold units of a drop, for the command that ends all holds. A drop without any has its row, too: the round may add some. */
export const holds: Table<Person[]> = {
  name: "holds",
  load: (ids) => ({
    name: "read holds",
    text: `SELECT d.id, coalesce(json_agg(${PERSON_JSON} ORDER BY e.number) FILTER (WHERE e.number IS NOT NULL), '[]') AS holders FROM unnest($1::uuid[]) d(id)
           LEFT JOIN (drop_entries e JOIN drop_people p ON p.drop_id = e.drop_id AND p.person = e.person) ON e.drop_id = d.id AND e.status = 'HELD'
           GROUP BY d.id`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, (row["holders"] as Record<string, unknown>[]).map(personOf)],
  save: () => [],
};
