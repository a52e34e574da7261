// Drops as shoppers and visitors see them.

import Type from "typebox";
import { mayMeet } from "../balance/rehearsal-buyers.ts";
import { newestFirst } from "../http/pages.ts";
import type { Routes } from "../http/route.ts";
import { Id, NextCursor, OneOf, page, Query } from "../http/schemas.ts";
import { Utf8 } from "../http/utf8.ts";
import { refuse } from "../refusal.ts";
import { DROP_STATUSES } from "./drop.ts";
import { selectDropPage } from "./drop.sql.ts";
import { DropSchema } from "./drop.schemas.ts";
import { dropView } from "./drop-view.ts";
import { type DropParts, DROPS, publicRow, readDrop } from "./read-drop.ts";

/** Statuses change with time, so no list by status is older than this. */
const LIST_TTL_MS = 1000;

const LIST = newestFirst("drops");

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
      description: "`status` is computed from the shop's clock, the schedule and the stock.",
      query: Query({ ...page, status: Type.Optional(OneOf(DROP_STATUSES, "Only drops with this status now")) }),
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
      const at = now();
      const drops = rows.map((row) => dropView(row, row, at));
      const untimed = drops.map((drop) => ({ ...drop, serverTime: undefined }));
      return new Utf8(JSON.stringify({ drops, nextCursor }), JSON.stringify({ drops: untimed, nextCursor }));
    },
  );
}
