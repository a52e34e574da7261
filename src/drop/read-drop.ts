// Drops with their figures as visitors see them, from the cache.

import type { Cache } from "../cache/cache.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type DropRow, dropRowOf, selectDrops } from "./drop.sql.ts";

/** The cache group of all drops with their figures. */
export const DROPS = "drops";
const DROP_TTL_MS = 60_000;

export type DropParts = { database: Database; cache: Cache; now: Now };

/** A drop with its figures, from the cache, without the seed of its draw before it is drawn. */
export async function readDrop({ database, cache }: Omit<DropParts, "now">, dropId: string): Promise<DropRow | null> {
  return cache.read<DropRow | null>({
    key: `drop ${dropId}`,
    group: DROPS,
    ttlMs: () => DROP_TTL_MS,
    load: async () => (await database.rows<Record<string, unknown>>(selectDrops([dropId]))).map(publicRow)[0] ?? null,
  });
}

/** A drop without its secrets, for a shared cache. */
export function publicRow(row: Record<string, unknown>): DropRow {
  const { draw, ...drop } = dropRowOf(row);
  return { ...drop, draw: draw && { ...draw, seed: draw.drawnAt === null ? null : draw.seed } };
}
