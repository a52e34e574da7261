import { columns, type Statement } from "../database/statement.ts";
import type { Rendered } from "../problem.ts";
import type { Change, Table } from "../till/table.ts";
import type { IdempotencyKey } from "./request-key.ts";

/**
 * The stored response to a keyed request, or while `attempt` is set, the attempt that it started
 * (two-phase.ts).
 */
export type IdempotencyRecord = IdempotencyKey & Rendered & { attempt: string | null; createdAt: number };

const KEYS = columns({ caller: "text", key: "text" });
const INSERTED = columns({
  caller: "text",
  key: "text",
  fingerprint: "text",
  status: "smallint",
  body: "text",
  attempt: "uuid",
  created_at: "timestamptz",
});
const UPDATED = columns({ caller: "text", key: "text", status: "smallint", body: "text" });

/**
 * Idempotency records by `recordKey`. No lock guards them: if two rounds insert the same key, the
 * primary key makes one of them retry.
 */
export const idempotencyRecords: Table<IdempotencyRecord> = {
  name: "idempotency records",
  load: (recordKeys) => ({
    name: "select idempotency records",
    // OFFSET 0 keeps it a lookup per key. Otherwise the planner makes it a join, which scans the
    // whole table if statistics say that it is empty.
    text: `SELECT a.* FROM ${KEYS.unnest} k(${KEYS.names}) CROSS JOIN LATERAL
             (SELECT caller, key, fingerprint, status, body, attempt FROM idempotency_keys WHERE caller = k.caller AND key = k.key OFFSET 0) a`,
    values: KEYS.arrays(recordKeys.map(parseRecordKey)),
  }),
  read: (row) => [recordKey(row as IdempotencyRecord), row as IdempotencyRecord],
  save(changes) {
    const inserted = changes.filter(({ before }) => before === undefined);
    const updated = changes.filter(({ before }) => before !== undefined);
    return [...(inserted.length > 0 ? [insertRecords(inserted)] : []), ...(updated.length > 0 ? [updateRecords(updated)] : [])];
  },
};

/** The key of a record in its table. An idempotency key contains no blanks. */
export function recordKey({ caller, key }: Pick<IdempotencyKey, "caller" | "key">): string {
  return `${caller} ${key}`;
}

function parseRecordKey(recordKey: string): { caller: string; key: string } {
  const blank = recordKey.lastIndexOf(" ");
  return { caller: recordKey.slice(0, blank), key: recordKey.slice(blank + 1) };
}

function insertRecords(changes: Change<IdempotencyRecord>[]): Statement {
  return {
    name: "insert idempotency records",
    text: `INSERT INTO idempotency_keys (${INSERTED.names})
           SELECT * FROM ${INSERTED.unnest}`,
    values: INSERTED.arrays(changes.map(({ after }) => after)),
  };
}

/** Stores the response of a finished attempt. The first response stays. */
function updateRecords(changes: Change<IdempotencyRecord>[]): Statement {
  return {
    name: "update idempotency records",
    text: `UPDATE idempotency_keys a SET status = v.status, body = v.body, attempt = NULL
           FROM ${UPDATED.unnest} v(${UPDATED.names}) WHERE a.caller = v.caller AND a.key = v.key AND a.attempt IS NOT NULL`,
    values: UPDATED.arrays(changes.map(({ after }) => after)),
  };
}
