// Deletes rows whose retention has ended.

import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";

/**
 * Rows per transaction. Readers of the outbox wait for the oldest running transaction, so none may
 * be long. `ctid` finds the rows again: rows past their retention don't change, and one that did is
 * left for the next run.
 */
const CHUNK_SIZE = 5000;

const EXPIRED = {
  idempotencyKeys: { table: "idempotency_keys", where: "created_at < now() - interval '48 hours'" },
  // Windows that were opened and never paid. A charge keeps its own row.
  chargeIntents: { table: "charge_intents", where: "expires_at < now() - interval '7 days'" },
  consoleSessions: { table: "console_sessions", where: "expires_at < now()" },
  rounds: { table: "rounds", where: "created_at < now() - interval '1 hour'" },
  // Of deliveries older than an hour, the last position of each minute is kept for good. An event's
  // time of delivery is then right to the minute, and a busy day leaves 1,440 rows instead of a
  // million.
  deliveries: {
    table: "deliveries d",
    where: `delivered_at < now() - interval '1 hour' AND EXISTS (
      SELECT FROM deliveries n WHERE n.sink = d.sink AND n.position > d.position AND n.delivered_at < date_trunc('minute', d.delivered_at) + interval '1 minute')`,
  },
};

/**
 * Deletes all expired rows and returns their numbers. Old runs of jobs are deleted when a new run
 * is recorded.
 */
export async function purge(database: Database): Promise<Record<keyof typeof EXPIRED, number>> {
  return {
    idempotencyKeys: await deleteAll(database, EXPIRED.idempotencyKeys),
    chargeIntents: await deleteAll(database, EXPIRED.chargeIntents),
    consoleSessions: await deleteAll(database, EXPIRED.consoleSessions),
    rounds: await deleteAll(database, EXPIRED.rounds),
    deliveries: await deleteAll(database, EXPIRED.deliveries),
  };
}

async function deleteAll(database: Database, { table, where }: { table: string; where: string }): Promise<number> {
  const statement: Statement = {
    name: `purge ${table}`,
    text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${where} LIMIT ${CHUNK_SIZE})) RETURNING 1) SELECT count(*) AS count FROM gone`,
    values: [],
  };
  let deleted = 0;
  for (;;) {
    const [chunk] = await database.rows<{ count: number }>(statement);
    deleted += chunk?.count ?? 0;
    if ((chunk?.count ?? 0) < CHUNK_SIZE) return deleted;
  }
}
