// Draws once the entries are closed and a public value, if one was announced, is known. Every step can be repeated: after a crash
// the next run begins again, writes the same parts and ranks, and makes the draw public in one round.

import type { Now } from "../../database/clock.ts";
import type { Database } from "../../database/pool.ts";
import type { Till } from "../../till/till.ts";
import type { Draw, Drop } from "../drop.ts";
import { dropOf, selectDrops } from "../drop.sql.ts";
import type { FindStock } from "../steer-drop.ts";
import { drawOrder } from "./draw.ts";
import { insertDrawnLine, insertDrawParts, selectDueDraws, selectEntriesToDraw, updatePartRanks } from "./draw.sql.ts";
import { closeEntries, fixRoot, publishDraw } from "./draw-steps.ts";
import { EnteredEntries, type EnteredRow } from "./entered-entries.ts";
import { HASH_BYTES, rootOf } from "./merkle.ts";
import { PART_SIZE } from "./proof.ts";

export type DrawParts = { database: Database; till: Till; findStock: FindStock; now: Now };

/** Parts that are read or written at a time. */
const PARTS_AT_ONCE = 4;
/** Places of a drawn line that are written at a time. */
const LINE_PART_SIZE = 10_000;

/** Whether a draw has something to do. */
export async function hasDueDraws({ database, now }: Pick<DrawParts, "database" | "now">): Promise<boolean> {
  return (await database.rows(selectDueDraws(now()))).length > 0;
}

/** Brings each draw as far as it can come now. Returns how many were drawn. */
export async function runDraws(parts: DrawParts): Promise<{ drawn: number }> {
  let drawn = 0;
  for (const { id } of await parts.database.rows<{ id: string }>(selectDueDraws(parts.now()))) if (await runDraw(parts, id)) drawn++;
  return { drawn };
}

async function runDraw({ database, till, findStock }: DrawParts, dropId: string): Promise<boolean> {
  if (!(await till.finish(closeEntries, { dropId }))) return false;
  const closed = await readDraw(database, dropId);
  if (!closed?.draw) return false;
  const isFixed = closed.draw.entriesRoot !== null;
  if (isFixed && !isKnown(closed.draw)) return false;
  const { entries, entriesRoot } = await readEntries(database, closed, !isFixed);
  if (!isFixed && !(await till.finish(fixRoot, { dropId, entriesRoot, entryCount: entries.count }))) return false;
  const { draw } = (await readDraw(database, dropId)) ?? {};
  if (!draw?.entriesRoot || !isKnown(draw)) return false;
  if (draw.entriesRoot !== entriesRoot) throw new Error(`the draw of ${dropId} has other entries than at its close`);
  const order = await drawOrder({ seed: draw.seed ?? "", publicValue: draw.publicValue, entriesRoot }, entries.leaves);
  await storeRanks(database, dropId, order);
  for (const line of entries.linesIn(order, LINE_PART_SIZE)) await database.rows(insertDrawnLine(dropId, line));
  return till.finish(publishDraw(findStock), { dropId });
}

/** Whether the public value is known, if one was announced. */
function isKnown({ publicValueSource, publicValue }: Draw): boolean {
  return publicValueSource === null || publicValue !== null;
}

async function readDraw(database: Database, dropId: string): Promise<Drop | undefined> {
  const [row] = await database.rows<Record<string, unknown>>(selectDrops([dropId]));
  return row && dropOf(row);
}

/** Reads all entries of a draw. While the next ones are on their way, those that have come are hashed and, with `store`, written as parts. */
async function readEntries(
  database: Database,
  { id: dropId, closesAt }: Drop,
  store: boolean,
): Promise<{ entries: EnteredEntries; entriesRoot: string }> {
  const read = (after: number): Promise<EnteredRow[]> =>
    database.rows<EnteredRow>(selectEntriesToDraw(dropId, closesAt ?? 0, after, PARTS_AT_ONCE * PART_SIZE));
  const entries = new EnteredEntries(dropId);
  const nodes: Buffer[] = [];
  for (let rows = await read(0); rows.length > 0;) {
    const next = read(rows.at(-1)?.number ?? 0);
    next.catch(() => {}); // Reported below, unless writing fails first.
    const from = entries.count;
    for (const row of rows) entries.add(row);
    const parts = partsOf(entries, from);
    nodes.push(...parts.map(({ node }) => node));
    if (store) await database.rows(insertDrawParts(dropId, parts.map(hexOf)));
    rows = await next;
  }
  return { entries, entriesRoot: rootOf(Buffer.concat(nodes)).toString("hex") };
}

type EnteredPart = { part: number; numbers: Int32Array; leaves: Buffer; node: Buffer };

/** The parts of the entries from this place on, which is the beginning of a part. */
function partsOf({ count, leaves, numbers }: EnteredEntries, from: number): EnteredPart[] {
  const parts: EnteredPart[] = [];
  for (let at = from; at < count; at += PART_SIZE) {
    const own = leaves.subarray(at * HASH_BYTES, (at + PART_SIZE) * HASH_BYTES);
    parts.push({ part: at / PART_SIZE, numbers: numbers.subarray(at, at + PART_SIZE), leaves: own, node: rootOf(own) });
  }
  return parts;
}

function hexOf({ leaves, node, ...part }: EnteredPart) {
  return { ...part, leaves: leaves.toString("hex"), node: node.toString("hex") };
}

async function storeRanks(database: Database, dropId: string, order: Uint32Array): Promise<void> {
  const ranks = new Uint32Array(order.length);
  order.forEach((place, i) => (ranks[place] = i + 1));
  for (let at = 0; at < ranks.length; at += PARTS_AT_ONCE * PART_SIZE) {
    const parts = Array.from({ length: PARTS_AT_ONCE }, (_, i) => {
      const from = at + i * PART_SIZE;
      return { part: from / PART_SIZE, ranks: ranks.subarray(from, from + PART_SIZE) };
    });
    await database.rows(
      updatePartRanks(
        dropId,
        parts.filter((part) => part.ranks.length > 0),
      ),
    );
  }
}
