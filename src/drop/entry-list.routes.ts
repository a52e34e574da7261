import Type from "typebox";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { PagedList } from "../http/pages.ts";
import type { Routes } from "../http/route.ts";
import { Id, Instant, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { ENTRY_STATUSES, type Entry, type EntryStatus, entryStatus, isDrawn } from "./drop.ts";
import { Proofs } from "./draw/proof.ts";
import { dropRowOf, selectDrops } from "./drop.sql.ts";
import { selectEntryPage } from "./entry-list.sql.ts";
import { entryFields, entryView } from "./entry-view.ts";

const ENTRIES = new PagedList<[number: number]>("drop entries", ["count"]);
const EntryInList = Type.Object({ ...entryFields, userId: Id(), orderId: Nullable(Id()), createdAt: Instant(), endedAt: Nullable(Instant()) });

export function entryListRoute(routes: Routes, database: Database, now: Now): void {
  const proofs = new Proofs(database);
  routes.read(
    {
      method: "GET",
      path: "/admin/drops/{id}/entries",
      operationId: "listDropEntries",
      audience: "operator",
      permission: "drops",
      tag: "Drops",
      summary: "The entries of a drop, by number",
      description: "Entries in the order of their numbers, with the users who made them.",
      params: Type.Object({ id: Id() }),
      query: Query({ ...page, status: Type.Optional(OneOf(ENTRY_STATUSES, "Only entries with this status")) }),
      answers: { 200: Type.Object({ entries: Type.Array(EntryInList), nextCursor: NextCursor }) },
      refusals: ["DROP_NOT_FOUND"],
      shape: ENTRIES.checkCursor,
    },
    async ({ params: { id }, query }) => {
      const [record] = await database.rows<Record<string, unknown>>(selectDrops([id]));
      if (!record) refuse("DROP_NOT_FOUND", { dropId: id });
      const drop = dropRowOf(record);
      const at = now();
      const lineIsOver = entryStatus(drop, { status: "WAITING" }, at) === "LOST";
      const { rows, nextCursor } = await ENTRIES.read(
        query,
        (after, limit) =>
          database.rows<Entry & { createdAt: number }>(selectEntryPage(drop.id, storedStatuses(query.status, lineIsOver), after?.[0] ?? 0, limit)),
        ({ number }) => [number],
      );
      const ranks = isDrawn(drop) ? await Promise.all(rows.map(({ number }) => proofs.rankOf(drop.id, number))) : [];
      const entries = rows.map((row, i) => ({
        ...entryView(drop, { ...row, rank: ranks[i] ?? null }, drop.called, at),
        userId: row.userId,
        orderId: row.orderId,
        createdAt: iso(row.createdAt),
        endedAt: isoOrNull(row.endedAt),
      }));
      return { entries, nextCursor };
    },
  );
}

/** The statuses under which the entries of a shown status are stored: once the line is over, a waiting entry is lost. */
function storedStatuses(shown: EntryStatus | undefined, lineIsOver: boolean): EntryStatus[] | null {
  if (shown === undefined) return null;
  if (!lineIsOver) return [shown];
  return shown === "LOST" ? ["LOST", "WAITING"] : shown === "WAITING" ? [] : [shown];
}
