// The draw: pure functions over public data, shared by the shop and `npx jangnal verify-draw`.
// docs/api/draws.md specifies them for programs in other languages.

import { HASH_BYTES, sha256 } from "./merkle.ts";

export const DRAW_FORMAT = "jangnal-draw-1";

/** Ids in lower case. */
export type DrawEntry = { number: number; entryId: string; variantId: string; quantity: number };

/** The inputs of a draw's order, besides the entries. `seed` and `entriesRoot` in hex. */
export type DrawInput = { seed: string; publicValue: string | null; entriesRoot: string };

/** The commitment to a seed, shown when the drop is created: the shop cannot choose another seed later. */
export function commitmentOf(seed: string): string {
  return sha256(Buffer.from(seed, "hex")).toString("hex");
}

/** The leaf of an entry in the tree: H(0x00 ‖ data). */
export function leafOf(dropId: string, { number, entryId, variantId, quantity }: DrawEntry): Buffer {
  return sha256(`\0${DRAW_FORMAT}\n${dropId}\n${number}\n${entryId}\n${variantId}\n${quantity}`);
}

/** Between two batches of hashes other work of the process gets its turn. */
const BATCH = 2000;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The order of the draw: `order[rank - 1]` is the place of the entry in `leaves`, which are in order
 * of number. Lets other work run in between: a million entries take some seconds.
 */
export async function drawOrder({ seed, publicValue, entriesRoot }: DrawInput, leaves: Buffer): Promise<Uint32Array> {
  const prefix = Buffer.concat([Buffer.from(seed, "hex"), Buffer.from(publicValue ?? "", "utf8"), Buffer.from(entriesRoot, "hex")]);
  const input = Buffer.concat([prefix, Buffer.alloc(HASH_BYTES)]);
  const count = leaves.length / HASH_BYTES;
  const keys = Buffer.allocUnsafe(leaves.length);
  for (let i = 0; i < count; i++) {
    leaves.copy(input, prefix.length, i * HASH_BYTES, (i + 1) * HASH_BYTES);
    sha256(input).copy(keys, i * HASH_BYTES);
    if (i % BATCH === BATCH - 1) await nextTurn();
  }
  return sorted(keys, count);
}

/** Sorts bucket by bucket of the first sixteen bits, so that no step is long. */
async function sorted(keys: Buffer, count: number): Promise<Uint32Array> {
  const { order, ends } = bucketed(keys, count);
  const byKey = (a: number, b: number): number =>
    keys.compare(keys, b * HASH_BYTES, (b + 1) * HASH_BYTES, a * HASH_BYTES, (a + 1) * HASH_BYTES) || a - b;
  let start = 0;
  let since = 0;
  for (const end of ends) {
    if (end - start > 1) order.subarray(start, end).sort(byKey);
    since += end - start;
    if (since >= BATCH) {
      since = 0;
      await nextTurn();
    }
    start = end;
  }
  return order;
}

const BUCKETS = 1 << 16;

/** The places of the keys by their first sixteen bits (a counting sort), and where each bucket ends. */
function bucketed(keys: Buffer, count: number): { order: Uint32Array; ends: Uint32Array } {
  const starts = new Uint32Array(BUCKETS + 1);
  for (let i = 0; i < count; i++) {
    const bucket = keys.readUInt16BE(i * HASH_BYTES) + 1;
    starts[bucket] = (starts[bucket] ?? 0) + 1;
  }
  for (let b = 1; b <= BUCKETS; b++) starts[b] = (starts[b] ?? 0) + (starts[b - 1] ?? 0);
  const order = new Uint32Array(count);
  const next = starts.slice(0, BUCKETS);
  for (let i = 0; i < count; i++) {
    const bucket = keys.readUInt16BE(i * HASH_BYTES);
    const place = next[bucket] ?? 0;
    order[place] = i;
    next[bucket] = place + 1;
  }
  return { order, ends: next };
}

/**
 * Which entries the stock suffices for, in the order of the draw: each one that fits into the rest of
 * its variant. An entry that does not fit is passed over, and later ones are still looked at.
 * @param stock units by variant
 * @param entryAt the entry at this place, in order of number; undefined for one that has left
 * @returns the places of the entries that are held, in the order of the draw
 */
export function winnersOf(
  order: Uint32Array,
  stock: Readonly<Record<string, number>>,
  entryAt: (place: number) => { variantId: string; quantity: number } | undefined,
): number[] {
  const left = new Map(Object.entries(stock));
  const winners: number[] = [];
  for (const place of order) {
    const entry = entryAt(place);
    if (entry === undefined) continue;
    const units = left.get(entry.variantId) ?? 0;
    if (entry.quantity > units) continue;
    left.set(entry.variantId, units - entry.quantity);
    winners.push(place);
  }
  return winners;
}
