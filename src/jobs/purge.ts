// Lets go of what only had to be kept for a while.

import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";

/**
 * Rows per transaction: the outbox's readers wait for the oldest transaction that is running, so none may be long.
 * `ctid` finds the rows again: by then none of them changes any more, and one that does is left for the next time.
 */
const CHUNK = 5000;

const OLD = {
  idempotencyKeys: { table: "idempotency_keys", where: "created_at < now() - interval '48 hours'" },
  rounds: { table: "rounds", where: "created_at < now() - interval '1 hour'" },
  // Of what was delivered more than an hour ago the last position of each minute is kept: an event's time of delivery is then
  // right to the minute, for ever, and a busy day leaves 1,440 rows instead of a million.
  deliveries: {
    table: "deliveries d",
    where: `delivered_at < now() - interval '1 hour' AND EXISTS (
      SELECT FROM deliveries n WHERE n.sink = d.sink AND n.position > d.position AND n.delivered_at < date_trunc('minute', d.delivered_at) + interval '1 minute')`,
  },
};

/** Deletes what is past its time, answers how much of each. Old runs of jobs go when a new one is written down. */
export async function purge(database: Database): Promise<Record<keyof typeof OLD, number>> {
  return {
    idempotencyKeys: await deleteAll(database, OLD.idempotencyKeys),
    rounds: await deleteAll(database, OLD.rounds),
    deliveries: await deleteAll(database, OLD.deliveries),
  };
}

async function deleteAll(database: Database, { table, where }: { table: string; where: string }): Promise<number> {
  const statement: Statement = {
    name: `purge ${table}`,
    text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${where} LIMIT ${CHUNK})) RETURNING 1) SELECT count(*) AS count FROM gone`,
    values: [],
  };
  let deleted = 0;
  for (;;) {
    const [gone] = await database.rows<{ count: number }>(statement);
    deleted += gone?.count ?? 0;
    if ((gone?.count ?? 0) < CHUNK) return deleted;
  }
}
