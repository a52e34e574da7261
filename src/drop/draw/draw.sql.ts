// Statements of the draw, outside of rounds.

import { arrayOf, iso, type Statement } from "../../database/statement.ts";
import type { DrawEntry } from "./draw.ts";

/**
 * Draws with something to do: entries to close, a root to fix, or a draw whose public value is known. A paused drop waits, and one
 * that an operator has closed is never drawn.
 */
export function selectDueDraws(now: number): Statement {
  return {
    name: "select due draws",
    text: `SELECT id FROM drops WHERE mode = 'DRAW' AND drawn_at IS NULL AND closed_at IS NULL AND paused_at IS NULL AND closes_at <= $1::timestamptz
             AND (entries_root IS NULL OR public_value_source IS NULL OR public_value IS NOT NULL) ORDER BY closes_at`,
    values: [iso(now)],
  };
}

/** Entries of the draw after this number: those that waited at `closesAt`, whether or not they have left since. */
export function selectEntriesToDraw(dropId: string, closesAt: number, after: number, limit: number): Statement {
  return {
    name: "select entries to draw",
    text: `SELECT number, id AS "entryId", variant_id AS "variantId", quantity FROM drop_entries
           WHERE drop_id = $1 AND number > $2 AND (status = 'WAITING' OR status = 'LEFT' AND ended_at >= $3::timestamptz) ORDER BY number LIMIT $4`,
    values: [dropId, after, iso(closesAt), limit],
  };
}

/** `leaves` and `node` in hex. */
export type DrawPart = { part: number; numbers: number[]; leaves: string; node: string };

/** The parts of a draw are the same whenever they are made, so a run after a crash writes them again. */
export function insertDrawPart(dropId: string, { part, numbers, leaves, node }: DrawPart): Statement {
  return {
    name: "insert draw part",
    text: `INSERT INTO draw_parts (drop_id, part, numbers, leaves, node) VALUES ($1, $2, $3::int[], decode($4, 'hex'), decode($5, 'hex'))
           ON CONFLICT (drop_id, part) DO UPDATE SET numbers = excluded.numbers, leaves = excluded.leaves, node = excluded.node`,
    values: [dropId, part, arrayOf(numbers, (number) => number), leaves, node],
  };
}

const PART = `part, to_json(numbers) AS numbers, encode(leaves, 'hex') AS leaves, encode(node, 'hex') AS node`;

export function selectDrawPart(dropId: string, part: number): Statement {
  return { name: "select draw part", text: `SELECT ${PART} FROM draw_parts WHERE drop_id = $1 AND part = $2`, values: [dropId, part] };
}

/** The first number and the node of each part, in order. */
export function selectDrawNodes(dropId: string): Statement {
  return {
    name: "select draw nodes",
    text: `SELECT numbers[1] AS first, encode(node, 'hex') AS node FROM draw_parts WHERE drop_id = $1 ORDER BY part`,
    values: [dropId],
  };
}

/** The entries of a part with their ranks, in order of number. */
export function selectDrawnEntries(dropId: string, part: number): Statement {
  return {
    name: "select drawn entries",
    text: `SELECT e.number, e.id AS "entryId", e.variant_id AS "variantId", e.quantity, e.rank
           FROM draw_parts p JOIN drop_entries e ON e.drop_id = p.drop_id AND e.number = ANY(p.numbers)
           WHERE p.drop_id = $1 AND p.part = $2 ORDER BY e.number`,
    values: [dropId, part],
  };
}
export type DrawnEntryRow = DrawEntry & { rank: number | null };

/**
 * Writes ranks, under the lock of the drop as rounds take it: no row is written before the count of the locked rows is known. Entries that
 * have their ranks, from a run that broke off, are not written again.
 * @param ranks in order of number: their range keeps PostgreSQL from reading all entries for each batch
 */
export function updateRanks(dropId: string, ranks: readonly { number: number; rank: number }[]): Statement {
  return {
    name: "update ranks",
    text: `WITH locked AS MATERIALIZED (SELECT id FROM drops WHERE id = $1 FOR NO KEY UPDATE)
           UPDATE drop_entries e SET rank = v.rank FROM unnest($2::int[], $3::int[]) v(number, rank) CROSS JOIN (SELECT count(*) AS count FROM locked) l
           WHERE e.drop_id = $1 AND e.number = v.number AND e.rank IS DISTINCT FROM v.rank AND l.count = 1
             AND e.number BETWEEN $4 AND $5`,
    values: [dropId, arrayOf(ranks, ({ number }) => number), arrayOf(ranks, ({ rank }) => rank), ranks[0]?.number ?? 0, ranks.at(-1)?.number ?? 0],
  };
}
