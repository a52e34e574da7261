// Draws once the entries are closed and a public value, if one was announced, is known. Every step can be repeated: after a crash
// the next run begins again, writes the same parts and ranks, and makes the draw public in one round.

import type { Now } from "../../database/clock.ts";
import type { Database } from "../../database/pool.ts";
import type { Till } from "../../till/till.ts";
import { type Drop } from "../drop.ts";
import { dropOf, selectDrops } from "../drop.sql.ts";
import type { FindStock } from "../steer-drop.ts";
import { type DrawEntry, drawOrder, leafOf } from "./draw.ts";
import { type DrawPart, insertDrawPart, selectDrawNodes, selectDrawPart, selectDueDraws, selectEntriesToDraw, updateRanks } from "./draw.sql.ts";
import { closeEntries, fixRoot, publishDraw } from "./draw-steps.ts";
import { HASH_BYTES, rootOf } from "./merkle.ts";
import { PART_SIZE } from "./proof.ts";

export type DrawParts = { database: Database; till: Till; findStock: FindStock; now: Now };

/** Ranks that are written at a time, under the lock of the drop. */
const RANKS_AT_ONCE = 4000;

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
  if (closed?.draw && closed.draw.entriesRoot === null) {
    const root = await storeParts(database, closed);
    if (!(await till.finish(fixRoot, { dropId, ...root }))) return false;
  }
  const { draw } = (await readDraw(database, dropId)) ?? {};
  if (!draw?.entriesRoot || (draw.publicValueSource !== null && draw.publicValue === null)) return false;
  await storeRanks(database, dropId, { seed: draw.seed ?? "", publicValue: draw.publicValue, entriesRoot: draw.entriesRoot });
  return till.finish(publishDraw(findStock), { dropId });
}

async function readDraw(database: Database, dropId: string): Promise<Drop | undefined> {
  const [row] = await database.rows<Record<string, unknown>>(selectDrops([dropId]));
  return row && dropOf(row);
}

/** Stores the leaves of all entries and returns their root. */
async function storeParts(database: Database, { id: dropId, closesAt }: Drop): Promise<{ entriesRoot: string; entryCount: number }> {
  const nodes: Buffer[] = [];
  let entryCount = 0;
  for (let after = 0; ;) {
    const entries = await database.rows<DrawEntry>(selectEntriesToDraw(dropId, closesAt ?? 0, after, PART_SIZE));
    const last = entries.at(-1);
    if (!last) break;
    const leaves = Buffer.concat(entries.map((entry) => leafOf(dropId, entry)));
    const node = rootOf(leaves);
    const numbers = entries.map(({ number }) => number);
    await database.rows(insertDrawPart(dropId, { part: nodes.length, numbers, leaves: leaves.toString("hex"), node: node.toString("hex") }));
    nodes.push(node);
    entryCount += entries.length;
    after = last.number;
  }
  return { entriesRoot: rootOf(Buffer.concat(nodes)).toString("hex"), entryCount };
}

async function storeRanks(database: Database, dropId: string, input: Parameters<typeof drawOrder>[0]): Promise<void> {
  const { leaves, numbers } = await readParts(database, dropId);
  const order = await drawOrder(input, leaves);
  const ranks = new Uint32Array(order.length);
  order.forEach((place, i) => (ranks[place] = i + 1));
  // In order of number, as the entries lie on disk.
  for (let at = 0; at < ranks.length; at += RANKS_AT_ONCE) {
    const batch = Array.from(ranks.subarray(at, at + RANKS_AT_ONCE), (rank, i) => ({ number: numbers[at + i] ?? 0, rank }));
    await database.rows(updateRanks(dropId, batch));
  }
}

async function readParts(database: Database, dropId: string): Promise<{ leaves: Buffer; numbers: number[] }> {
  const count = (await database.rows(selectDrawNodes(dropId))).length;
  const leaves: Buffer[] = [];
  const numbers: number[] = [];
  for (let part = 0; part < count; part++) {
    const [row] = await database.rows<DrawPart>(selectDrawPart(dropId, part));
    if (!row) throw new Error(`part ${part} of the draw of ${dropId} is missing`);
    leaves.push(Buffer.from(row.leaves, "hex"));
    for (const number of row.numbers) numbers.push(number);
  }
  const all = Buffer.concat(leaves);
  if (all.length !== numbers.length * HASH_BYTES) throw new Error(`the draw of ${dropId} has ${numbers.length} entries and other leaves`);
  return { leaves: all, numbers };
}
