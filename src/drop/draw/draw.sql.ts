// Statements of the draw, outside of rounds.

import { arrayOf, iso, type Statement, textArray } from "../../database/statement.ts";
import type { DrawEntry } from "./draw.ts";
import type { DrawnLine } from "./entered-entries.ts";

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

/**
 * Entries of the draw after this number: those that waited at `closesAt`. `waits` is false for those that have left since.
 */
export function selectEntriesToDraw(dropId: string, closesAt: number, after: number, limit: number): Statement {
  return {
    name: "select entries to draw",
    text: `SELECT number, id AS "entryId", variant_id AS "variantId", quantity, status = 'WAITING' AS waits FROM drop_entries
           WHERE drop_id = $1 AND number > $2 AND (status = 'WAITING' OR status = 'LEFT' AND ended_at >= $3::timestamptz) ORDER BY number LIMIT $4`,
    values: [dropId, after, iso(closesAt), limit],
  };
}

/** `leaves` and `node` in hex, `ranks` null before the draw. */
export type DrawPart = { part: number; numbers: number[]; leaves: string; node: string; ranks: number[] | null };

/** The parts of a draw are the same whenever they are made, so a run after a crash writes them again. */
export function insertDrawParts(dropId: string, parts: readonly (Omit<DrawPart, "numbers" | "ranks"> & { numbers: Int32Array })[]): Statement {
  return {
    name: "insert draw parts",
    text: `INSERT INTO draw_parts (drop_id, part, numbers, leaves, node)
           SELECT $1, part, numbers::int[], decode(leaves, 'hex'), decode(node, 'hex') FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) v(part, numbers, leaves, node)
           ON CONFLICT (drop_id, part) DO UPDATE SET numbers = excluded.numbers, leaves = excluded.leaves, node = excluded.node`,
    values: [
      dropId,
      arrayOf(parts, ({ part }) => part),
      textArray(parts, ({ numbers }) => `{${numbers.join(",")}}`),
      textArray(parts, ({ leaves }) => leaves),
      textArray(parts, ({ node }) => node),
    ],
  };
}

/** Writes the ranks of parts, in the order of their numbers. A run after a crash writes the same. */
export function updatePartRanks(dropId: string, parts: readonly { part: number; ranks: Uint32Array }[]): Statement {
  return {
    name: "update part ranks",
    text: `UPDATE draw_parts p SET ranks = v.ranks::int[] FROM unnest($2::int[], $3::text[]) v(part, ranks) WHERE p.drop_id = $1 AND p.part = v.part`,
    values: [dropId, arrayOf(parts, ({ part }) => part), textArray(parts, ({ ranks }) => `{${ranks.join(",")}}`)],
  };
}

/** Writes places of a drawn line, before the draw is public. Those of a run that broke off are kept. */
export function insertDrawnLine(dropId: string, { variantId, quantity, numbers, ranks }: DrawnLine): Statement {
  return {
    name: "insert drawn line",
    text: `INSERT INTO draw_lines (drop_id, variant_id, quantity, rank, number)
           SELECT $1, $2, $3, rank, number FROM unnest($4::int[], $5::int[]) v(rank, number) ON CONFLICT DO NOTHING`,
    values: [dropId, variantId, quantity, `{${ranks.join(",")}}`, `{${numbers.join(",")}}`],
  };
}

const PART = `part, to_json(numbers) AS numbers, to_json(ranks) AS ranks, encode(leaves, 'hex') AS leaves, encode(node, 'hex') AS node`;

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
    text: `SELECT e.number, e.id AS "entryId", e.variant_id AS "variantId", e.quantity, u.rank
           FROM draw_parts p CROSS JOIN unnest(p.numbers, p.ranks) u(number, rank) JOIN drop_entries e ON e.drop_id = p.drop_id AND e.number = u.number
           WHERE p.drop_id = $1 AND p.part = $2 ORDER BY e.number`,
    values: [dropId, part],
  };
}
export type DrawnEntryRow = DrawEntry & { rank: number | null };
