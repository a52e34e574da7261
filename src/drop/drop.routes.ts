// Drops as shoppers and visitors see them.

import Type from "typebox";
import { mayMeet } from "../balance/rehearsal-buyers.ts";
import type { Cache } from "../cache/cache.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { newestFirst } from "../http/pages.ts";
import type { Routes } from "../http/route.ts";
import { Id, NextCursor, OneOf, page, Query } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { DROP_STATUSES } from "./drop.ts";
import { type DropRow, dropRowOf, selectDropPage, selectDrops } from "./drop.sql.ts";
import { DropSchema } from "./drop.schemas.ts";
import { dropView } from "./drop-view.ts";

/** The cache group of all drops with their figures. */
export const DROPS = "drops";
/** Statuses change with time, so no list by status is older than this. */
const LIST_TTL_MS = 1000;
const DROP_TTL_MS = 60_000;

const LIST = newestFirst("drops");

export type DropParts = { database: Database; cache: Cache; now: Now };

export function dropRoutes(routes: Routes, { database, cache, now }: DropParts): void {
  listRoute(routes, { database, cache, now });

  routes.read(
    {
      method: "GET",
      path: "/drops/{dropId}",
      operationId: "getDrop",
      audience: "anyone",
      optionalToken: true,
      tag: "Drops",
      summary: "One drop, with what is left and how far the line has come",
      description: "Needs no token. Answered from memory: any number of visitors costs the database nothing.",
      params: Type.Object({ dropId: Id() }),
      answers: { 200: DropSchema },
      refusals: ["DROP_NOT_FOUND"],
    },
    async ({ caller, params: { dropId } }) => {
      const drop = await readDrop({ database, cache }, dropId.toLowerCase());
      if (!drop || !(await mayMeet(database, caller, drop))) refuse("DROP_NOT_FOUND", { dropId });
      return dropView(drop, drop, now());
    },
  );
}

/** A drop with its figures, from the cache; its draw is left out, because it holds the secret seed. */
export async function readDrop({ database, cache }: Omit<DropParts, "now">, dropId: string): Promise<DropRow | null> {
  return cache.read<DropRow | null>({
    key: `drop ${dropId}`,
    group: DROPS,
    ttlMs: () => DROP_TTL_MS,
    load: async () => (await database.rows<Record<string, unknown>>(selectDrops([dropId]))).map(publicRow)[0] ?? null,
  });
}

function listRoute(routes: Routes, { database, cache, now }: DropParts): void {
  routes.read(
    {
      method: "GET",
      path: "/drops",
      operationId: "listDrops",
      audience: "anyone",
      revalidated: true,
      tag: "Drops",
      summary: "Drops, newest first",
      query: Query({ ...page, status: Type.Optional(OneOf(DROP_STATUSES)) }),
      answers: { 200: Type.Object({ drops: Type.Array(DropSchema), nextCursor: NextCursor }) },
      shape: LIST.checkCursor,
    },
    async ({ query }) => {
      const { status = null, limit, cursor } = query;
      const { rows, nextCursor } = await cache.read({
        key: `drops ${status} ${limit} ${cursor}`,
        group: DROPS,
        ttlMs: () => LIST_TTL_MS,
        load: () =>
          LIST.read(
            query,
            async (after, most) =>
              (await database.rows<Record<string, unknown>>(selectDropPage({ status, at: now() }, after?.[0] ?? null, most))).map(publicRow),
            ({ id }) => [id],
          ),
      });
      return { drops: rows.map((row) => dropView(row, row, now())), nextCursor };
    },
  );
}

function publicRow(row: Record<string, unknown>): DropRow {
  return { ...dropRowOf(row), draw: null };
}
