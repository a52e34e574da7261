import type { Database } from "./pool.ts";
import type { Statement } from "./statement.ts";

const LOOK_AGAIN_MS = 20;

/**
 * Waits until every transaction that is running now has ended, wherever in the server it runs, but no longer than `waitMs`.
 * Whoever then reads the outbox up to the oldest running transaction finds all that was committed before this call.
 */
export async function waitForRunningTransactions(database: Database, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  const [next] = await database.rows<{ xid: string }>(NEXT);
  while (next && performance.now() < deadline) {
    const [answer] = await database.rows<{ done: boolean }>({ ...DONE, values: [next.xid] });
    if (answer?.done) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

const NEXT: Statement = { name: "select next transaction", text: "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid", values: [] };
const DONE = { name: "select transactions are done", text: "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS done" };
