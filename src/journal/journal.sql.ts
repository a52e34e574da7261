import { arrayOf, columns, type Statement, textArray, timestampArray } from "../database/statement.ts";
import type { Change, Journal, Table } from "../till/table.ts";
import type { ChainEntry, ChainHead, EntryDraft } from "./entry.ts";

/** The key of the only row of `journalHead`. */
export const HEAD = "journal head";

/** The last entry, locked: rounds with entries follow each other. */
export const journalHead: Table<ChainHead> = {
  name: "journal head",
  load: () => ({ name: "lock journal head", text: "SELECT seq, hash FROM journal_ends WHERE name = 'head' FOR NO KEY UPDATE", values: [] }),
  read: (row) => [HEAD, row as ChainHead],
  save: (changes) =>
    changes.map(({ after }) => ({
      name: "move journal head",
      text: "UPDATE journal_ends SET seq = $1, hash = $2 WHERE name = 'head'",
      values: [after.seq, after.hash],
    })),
};

const ENTRY = columns({ seq: "bigint", content: "text", hash: "text" });

export const journalEntries: Journal<ChainEntry> = {
  name: "journal entries",
  append: (rows) => ({
    name: "append journal entries",
    text: `INSERT INTO journal_entries (${ENTRY.names}) SELECT * FROM ${ENTRY.unnest}`,
    values: ENTRY.arrays(rows),
  }),
};

/** Work that is running. */
export type OpenWork = { id: string; entry: EntryDraft; startedAt: number; isOver: boolean };

/** Guarded by the lock of `journalHead`. */
export const journalWork: Table<OpenWork> = {
  name: "journal work",
  load: (ids) => ({
    name: "read journal work",
    text: `SELECT id, entry, started_at AS "startedAt", false AS "isOver" FROM journal_work WHERE id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as OpenWork],
  save(changes) {
    const started = changes.filter(({ before, after }) => before === undefined && !after.isOver);
    const over = changes.filter(({ before, after }) => before !== undefined && after.isOver);
    return [...(started.length > 0 ? [insertWork(started)] : []), ...(over.length > 0 ? [deleteWork(over)] : [])];
  },
};

function insertWork(changes: Change<OpenWork>[]): Statement {
  return {
    name: "insert journal work",
    text: "INSERT INTO journal_work (id, entry, started_at) SELECT * FROM unnest($1::uuid[], $2::jsonb[], $3::timestamptz[])",
    values: [
      arrayOf(changes, ({ key }) => key),
      textArray(changes, ({ after }) => JSON.stringify(after.entry)),
      timestampArray(changes, ({ after }) => after.startedAt),
    ],
  };
}

function deleteWork(changes: Change<OpenWork>[]): Statement {
  return {
    name: "delete journal work",
    text: "DELETE FROM journal_work WHERE id = ANY($1::uuid[])",
    values: [arrayOf(changes, ({ key }) => key)],
    rows: changes.length,
  };
}

/** Work that began so long ago that its process must have died, the oldest first. */
export function selectAbandonedWork(afterMs: number): Statement {
  return {
    name: "select abandoned journal work",
    text: `SELECT id, entry FROM journal_work WHERE started_at < clock_timestamp() - $1 * interval '1 ms' ORDER BY id LIMIT 100`,
    values: [afterMs],
  };
}

export type EntryFilter = { actor: string | null; subject: string | null; operation: string | null; from: string | null; to: string | null };

/** Entries, newest first. @param before the place of the last entry of the page before */
export function selectEntries({ actor, subject, operation, from, to }: EntryFilter, before: number | null, limit: number): Statement {
  return {
    name: "select journal entries",
    text: `SELECT seq, content, hash FROM journal_entries
           WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR subjects @> to_jsonb($2)) AND ($3::text IS NULL OR operation = $3)
             AND ($4::text IS NULL OR at >= $4) AND ($5::text IS NULL OR at < $5) AND ($6::bigint IS NULL OR seq < $6)
           ORDER BY seq DESC LIMIT $7`,
    values: [actor, subject, operation, from, to, before, limit],
  };
}

/**
 * Deletes entries from the beginning of the chain, and moves the anchor there in the same statement. @param keep an ISO 8601 duration
 */
export function deleteExpiredEntries(keep: string, limit: number): Statement {
  return {
    name: "delete expired journal entries",
    text: `WITH first_kept AS (
             SELECT min(seq) AS seq FROM journal_entries
             WHERE at >= to_char((now() - $1::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
           ), expired AS (
             SELECT seq, hash FROM journal_entries WHERE seq < coalesce((SELECT seq FROM first_kept), (SELECT seq + 1 FROM journal_ends WHERE name = 'head')) ORDER BY seq LIMIT $2
           ), gone AS (
             DELETE FROM journal_entries j USING expired e WHERE j.seq = e.seq RETURNING j.seq
           ), moved AS (
             UPDATE journal_ends a SET seq = e.seq, hash = e.hash FROM (SELECT seq, hash FROM expired ORDER BY seq DESC LIMIT 1) e WHERE a.name = 'anchor'
           )
           SELECT count(*) AS count FROM gone`,
    values: [keep, limit],
  };
}

/** Entries in the order of the chain. */
export function selectEntriesAfter(seq: number, limit: number): Statement {
  return {
    name: "select journal entries after",
    text: "SELECT seq, content, hash FROM journal_entries WHERE seq > $1 ORDER BY seq LIMIT $2",
    values: [seq, limit],
  };
}
