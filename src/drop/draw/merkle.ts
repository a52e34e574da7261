// The Merkle tree of RFC 9162, 2.1, over leaves that are hashed already. Levels are one buffer each,
// 32 bytes a node, so that a tree of a million leaves is 64 MB outside of the heap.

import { hash } from "node:crypto";

export const HASH_BYTES = 32;
const NODE = 1;

/** SHA-256. */
export function sha256(data: Uint8Array | string): Buffer {
  return hash("sha256", data, "buffer");
}

const scratch = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);

/** H(0x01 ‖ left ‖ right) of the two nodes that start at `at` in `level`. */
function parentOf(level: Buffer, at: number): Buffer {
  level.copy(scratch, 1, at, at + 2 * HASH_BYTES);
  return sha256(scratch);
}

/**
 * The level above: a parent for each two nodes. An odd last node moves up as it is, which gives the
 * tree that RFC 9162 splits at the largest power of two.
 */
export function levelAbove(level: Buffer): Buffer {
  const above = Buffer.allocUnsafe(Math.ceil(level.length / (2 * HASH_BYTES)) * HASH_BYTES);
  let to = 0;
  let at = 0;
  for (; at + HASH_BYTES < level.length; at += 2 * HASH_BYTES, to += HASH_BYTES) parentOf(level, at).copy(above, to);
  if (at < level.length) level.copy(above, to, at);
  return above;
}

/** The root over these leaves; H of nothing if there are none. */
export function rootOf(leaves: Buffer): Buffer {
  if (leaves.length === 0) return sha256("");
  let level = leaves;
  while (level.length > HASH_BYTES) level = levelAbove(level);
  return level;
}

/** The siblings of the leaf at `index` (from 0), from the leaf upwards: the inclusion proof of RFC 9162, 2.1.3. */
export function pathOf(leaves: Buffer, index: number): Buffer[] {
  const path: Buffer[] = [];
  let at = index;
  for (let level = leaves; level.length > HASH_BYTES; level = levelAbove(level), at >>= 1) {
    const sibling = (at ^ 1) * HASH_BYTES;
    if (sibling < level.length) path.push(level.subarray(sibling, sibling + HASH_BYTES));
  }
  return path;
}

/**
 * The root that a leaf and its siblings lead to, by RFC 9162, 2.1.3.2. Undefined if a tree of `count`
 * leaves has no leaf at `index`, or another number of siblings there.
 */
export function rootFromPath(leaf: Buffer, index: number, count: number, path: readonly Buffer[]): Buffer | undefined {
  if (index < 0 || index >= count) return undefined;
  let node = leaf;
  let at = index;
  let last = count - 1;
  let used = 0;
  for (; last > 0; at >>= 1, last >>= 1) {
    if (at === last && at % 2 === 0) continue; // The odd last node moves up.
    const sibling = path[used++];
    if (sibling?.length !== HASH_BYTES) return undefined;
    node = parentOf(Buffer.concat(at % 2 === 1 ? [sibling, node] : [node, sibling]), 0);
  }
  return used === path.length ? node : undefined;
}
