import type { Check } from "./check.ts";

/** Each entry with the one before it; before the first is the anchor, where deleted entries ended. */
const CHAIN = `(
  SELECT seq, hash, content, lag(seq, 1, (SELECT seq FROM journal_ends WHERE name = 'anchor')) OVER chain AS previous_seq,
    lag(hash, 1, (SELECT hash FROM journal_ends WHERE name = 'anchor')) OVER chain AS previous_hash
  FROM journal_entries WINDOW chain AS (ORDER BY seq)
) j`;
const HASH = `encode(sha256(convert_to(j.previous_hash || E'\\n' || j.content, 'UTF8')), 'hex')`;

/** The operators' journal is an unbroken chain: no entry was changed, removed or moved. */
export const journal: Check[] = [
  {
    invariant: 9,
    what: "an entry's hash is not that of the entry before it and its content",
    sql: `SELECT j.seq, j.content::jsonb ->> 'id' AS "entryId", ${HASH} AS expected, j.hash AS actual FROM ${CHAIN} WHERE j.hash IS DISTINCT FROM ${HASH}`,
  },
  {
    invariant: 9,
    what: "entries are missing before an entry",
    sql: `SELECT j.content::jsonb ->> 'id' AS "entryId", j.previous_seq + 1 AS expected, j.seq AS actual FROM ${CHAIN} WHERE j.seq IS DISTINCT FROM j.previous_seq + 1`,
  },
  {
    invariant: 9,
    what: "the journal does not end with the last entry that was written",
    sql: `SELECT h.seq AS expected, l.seq AS actual
          FROM (SELECT) one LEFT JOIN journal_ends h ON h.name = 'head'
          LEFT JOIN LATERAL (SELECT seq, hash FROM (SELECT seq, hash FROM journal_entries UNION ALL SELECT seq, hash FROM journal_ends WHERE name = 'anchor') e ORDER BY seq DESC LIMIT 1) l ON true
          WHERE (h.seq, h.hash) IS DISTINCT FROM (l.seq, l.hash)`,
  },
];
