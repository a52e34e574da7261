import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "./pool.ts";
import type { Statement } from "./statement.ts";

const POLL_MS = 20;

/**
 * Waits until every transaction on the server that is running now has ended, at most `waitMs`. A
 * reader that then reads the outbox up to the oldest running transaction finds everything committed
 * before this call.
 */
export async function waitForRunningTransactions(database: Database, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  const [next] = await database.rows<{ xid: string }>(NEXT);
  while (next && performance.now() < deadline) {
    const [row] = await database.rows<{ done: boolean }>({ ...DONE, values: [next.xid] });
    if (row?.done) return;
    await sleep(POLL_MS);
  }
}

const NEXT: Statement = { name: "select next transaction", text: "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid", values: [] };
const DONE = { name: "select transactions are done", text: "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS done" };
