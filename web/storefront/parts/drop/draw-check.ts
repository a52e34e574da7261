// Checks a draw in the visitor's own browser (docs/api/draws.md): the secret against its commitment, and an entry's proof against the root of
// all entries.

import type { Body } from "#client";
import type { Entry } from "./drop-data.ts";

export type Draw = Body<"getDraw">;
export type DrawCheck = { seed: boolean; entry: boolean | null };

/** Null if the browser cannot hash (an insecure origin), or the draw is not made. `entry` is null without an entry in the draw. */
export async function checkDraw(draw: Draw, entry: Entry | null): Promise<DrawCheck | null> {
  if (crypto.subtle === undefined || draw.seed === null) return null;
  const seed = hexOf(await sha256(bytesOf(draw.seed))) === draw.commitment;
  return { seed, entry: entry?.proof ? await isInDraw(draw, entry, entry.proof) : null };
}

async function isInDraw({ entriesRoot, entryCount }: Draw, entry: Entry, { leaf, index, path }: NonNullable<Entry["proof"]>): Promise<boolean> {
  const { dropId, number, entryId, variantId, quantity } = entry;
  const data = new TextEncoder().encode(["jangnal-draw-1", dropId, number, entryId, variantId, quantity].join("\n"));
  const own = await sha256(new Uint8Array([0, ...data]));
  const root = await rootFromPath(own, index, entryCount ?? 0, path.map(bytesOf));
  return hexOf(own) === leaf && root !== null && hexOf(root) === entriesRoot;
}

/** RFC 9162, 2.1.3.2. Null if the path does not fit the tree. */
async function rootFromPath(leaf: Uint8Array, index: number, count: number, path: readonly Uint8Array[]): Promise<Uint8Array | null> {
  if (index < 0 || index >= count) return null;
  let [at, last, node] = [index, count - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    const isRight = at % 2 === 1 || at === last;
    node = await sha256(new Uint8Array(isRight ? [1, ...sibling, ...node] : [1, ...node, ...sibling]));
    // The last node of a level with an odd number of nodes moves up as it is.
    while (isRight && at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? node : null;
}

const half = (value: number): number => Math.floor(value / 2);

const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
