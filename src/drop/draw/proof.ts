// The proof that an entry is in a draw, from the part of the tree that has its leaf and the nodes above the parts.

import type { LRUCache } from "lru-cache";
import { BatchedRead } from "../../database/batched-read.ts";
import type { Database } from "../../database/pool.ts";
import { type DrawPart, selectDrawNodes, selectDrawPart } from "./draw.sql.ts";
import { HASH_BYTES, pathOf } from "./merkle.ts";
import { lruCache } from "../../lru.ts";

/** Leaves per part: a power of two, so that each part is a subtree. */
export const PART_SIZE = 1024;

/** `leaf` and `path` in hex, `index` from 0 in order of number. */
export type Proof = { leaf: string; index: number; path: string[] };

/** 32 kB each. */
const CACHED_PARTS = 512;
const CACHED_NODES = 16;

type Nodes = { firsts: number[]; nodes: Buffer };
type Part = { numbers: number[]; leaves: Buffer; ranks: number[] | null };

/** Makes proofs and finds ranks, for draws that were made. Their parts never change again, so they are kept. */
export class Proofs {
  readonly #nodes = lruCache<Nodes>(CACHED_NODES);
  readonly #parts = lruCache<Part>(CACHED_PARTS);
  readonly #readNodes: BatchedRead<Nodes>;
  readonly #readPart: BatchedRead<Part>;

  constructor(database: Database) {
    this.#readNodes = new BatchedRead(async (ids) => {
      const found = new Map<string, Nodes>();
      for (const id of ids) {
        const rows = await database.rows<{ first: number; node: string }>(selectDrawNodes(id));
        found.set(id, { firsts: rows.map(({ first }) => first), nodes: Buffer.from(rows.map(({ node }) => node).join(""), "hex") });
      }
      return found;
    });
    this.#readPart = new BatchedRead(async (keys) => {
      const found = new Map<string, Part>();
      for (const key of keys) {
        const [row] = await database.rows<DrawPart>(selectDrawPart(key.slice(0, 36), Number(key.slice(37))));
        if (row) found.set(key, { numbers: row.numbers, leaves: Buffer.from(row.leaves, "hex"), ranks: row.ranks });
      }
      return found;
    });
  }

  /** The proof of the entry with this number; null if it is not in the draw. */
  async of(dropId: string, number: number): Promise<Proof | null> {
    const found = await this.#find(dropId, number);
    if (!found) return null;
    const { nodes, part, leaves, place } = found;
    const path = [...pathOf(leaves, place), ...pathOf(nodes, part)];
    return {
      leaf: leaves.toString("hex", place * HASH_BYTES, (place + 1) * HASH_BYTES),
      index: part * PART_SIZE + place,
      path: path.map((node) => node.toString("hex")),
    };
  }

  /** The rank of the entry with this number; null if it is not in the draw. */
  async rankOf(dropId: string, number: number): Promise<number | null> {
    const found = await this.#find(dropId, number);
    return found?.ranks?.[found.place] ?? null;
  }

  /** The part that has this entry, and its place there. */
  async #find(dropId: string, number: number): Promise<(Part & { nodes: Buffer; part: number; place: number }) | undefined> {
    const { firsts, nodes } = await cached(this.#nodes, this.#readNodes, dropId, { firsts: [], nodes: Buffer.alloc(0) });
    const part = firsts.findLastIndex((first) => first <= number);
    if (part < 0) return undefined;
    const found = await cached(this.#parts, this.#readPart, `${dropId}:${part}`, { numbers: [], leaves: Buffer.alloc(0), ranks: null });
    const place = found.numbers.indexOf(number);
    return place < 0 ? undefined : { ...found, nodes, part, place };
  }
}

async function cached<Value extends object>(cache: LRUCache<string, Value>, read: BatchedRead<Value>, key: string, none: Value): Promise<Value> {
  const known = cache.get(key);
  if (known) return known;
  const value = (await read.get(key)) ?? none;
  cache.set(key, value);
  return value;
}
