// The operators' journal, for operators.

import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { PagedList } from "../http/pages.ts";
import type { Routes } from "../http/route.ts";
import { Instant, NextCursor, page, Query } from "../http/schemas.ts";
import { dayOrInstant } from "../order/day-or-instant.ts";
import type { ChainEntry } from "./entry.ts";
import { type EntryFilter, selectEntries } from "./journal.sql.ts";

const Entry = Type.Object(
  {
    id: Type.String({ format: "uuid" }),
    at: Instant(),
    actor: Type.String({ description: "The operator's name: the subject of the token" }),
    operation: Type.String({ description: "The `operationId`" }),
    permission: Type.String(),
    subjects: Type.Array(Type.Object({ type: Type.String(), id: Type.String() }), { description: "The things that it changed, at most 100" }),
    subjectCount: Type.Integer(),
    input: Type.Record(Type.String(), Type.Unknown(), {
      description:
        "The parameters of the path and the body, without personal data: reasons and notes, and all text about people, are `[withheld]`. A long list is `{count, first}`",
    }),
    counts: Type.Optional(Type.Record(Type.String(), Type.Number(), { description: "Of jobs and imports" })),
    requestId: Type.String(),
    address: Type.String({ description: "The address that the request came from" }),
    status: Type.Integer({
      description: "The status of the answer. 202: it was started, and its outcome is told by the thing itself",
    }),
    hash: Type.String({ description: "SHA-256, in hex, of the hash of the entry before it, a line feed, and this entry as JSON without `hash`" }),
  },
  { title: "JournalEntry" },
);

const NAME_MAX = 255;
const Filters = {
  actor: Type.Optional(Type.String({ maxLength: NAME_MAX, description: "The subject of an operator's token" })),
  subject: Type.Optional(Type.String({ maxLength: NAME_MAX, description: "The id of a thing" })),
  operation: Type.Optional(Type.String({ maxLength: NAME_MAX, description: "An `operationId`" })),
  from: Type.Optional(Type.String({ maxLength: 40, description: "An instant, or a day in the shop's zone; included" })),
  to: Type.Optional(Type.String({ maxLength: 40, description: "An instant, not included, or a day in the shop's zone, included" })),
};
const JOURNAL = new PagedList<[seq: number]>("journal", ["number"]);

export type JournalRoutesOptions = { config: Pick<Config, "timezone">; lists: Database };

export function journalRoutes(routes: Routes, { config, lists }: JournalRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/journal",
      operationId: "listJournal",
      audience: "operator",
      permission: "operations",
      tag: "Operations",
      summary: "Who did what: all changes by operators, newest first",
      description:
        "Every change by an operator, also on shoppers' routes, jobs run by hand, and attempts that the rules or missing permissions refused. A repeat with an Idempotency-Key leaves no second entry. Entries are kept for JOURNAL_KEEP.",
      query: Query({ ...page, ...Filters }),
      answers: { 200: Type.Object({ entries: Type.Array(Entry), nextCursor: NextCursor }) },
      shape({ query }) {
        JOURNAL.checkCursor({ query });
        filterOf(query, config.timezone);
      },
    },
    async ({ query }) => {
      const filter = filterOf(query, config.timezone);
      const { rows, nextCursor } = await JOURNAL.read(
        query,
        (after, limit) => lists.rows<ChainEntry>(selectEntries(filter, after?.[0] ?? null, limit)),
        ({ seq }) => [seq],
      );
      return { entries: rows.map(({ content, hash }) => ({ ...(JSON.parse(content) as object), hash })), nextCursor };
    },
  );
}

type FilterQuery = { actor?: string; subject?: string; operation?: string; from?: string; to?: string };

/** Errors: INVALID_REQUEST. */
function filterOf({ actor, subject, operation, from, to }: FilterQuery, timezone: string): EntryFilter {
  const [after, before] = [dayOrInstant("/from", from, timezone, "start"), dayOrInstant("/to", to, timezone, "end")];
  return {
    actor: actor ?? null,
    subject: subject?.toLowerCase() ?? null,
    operation: operation ?? null,
    from: after === null ? null : iso(after),
    to: before === null ? null : iso(before),
  };
}
