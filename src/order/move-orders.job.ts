// Moves orders of the layout before behind a running shop.

import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Database } from "../database/pool.ts";
import { FINISH, INDEXES, moveNext, SELECT_STATE, selectInvalidIndexes } from "./move-orders.sql.ts";

/** `olderInstances`: they still read orders in the layout before, so nothing was moved. */
export type Moved = { moved: number; olderInstances?: number };

/** Orders per transaction. Readers of the outbox wait for the oldest running transaction, so none may be long. */
const BATCH_SIZE = 500;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";
/** As in database/migrate.ts: orders wait behind a lock of the whole table. */
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = 400";
const RETRY_MS = 100;
const MAX_TRIES = 50;
const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Moves all orders of the layout before, unless instances of an older version are running. Pauses after each batch for as long as the
 * batch took, so that it takes at most half of the database's time. May be interrupted at any time.
 */
export async function moveAllOrders(database: Database): Promise<Moved> {
  const [state] = await database.rows<{ finished: boolean; olderInstances: number }>({ name: "select order layout", text: SELECT_STATE, values: [] });
  if (!state?.finished && (state?.olderInstances !== 0 || !(await finish(database)))) return { moved: 0, olderInstances: state?.olderInstances ?? 0 };
  let moved = 0;
  for (let after: string | null = FIRST_ID; after !== null;) {
    const startedAt = performance.now();
    const [batch]: { moved: number; last: string | null }[] = await database.rows(moveNext(after, BATCH_SIZE));
    moved += batch?.moved ?? 0;
    after = batch?.last ?? null;
    if (after !== null) await sleep(performance.now() - startedAt);
  }
  return { moved };
}

/** Ends the support of older instances. Returns false if one has connected, or a report keeps the tables. */
async function finish(database: Database): Promise<boolean> {
  for (const { index } of await database.rows<{ index: string }>(selectInvalidIndexes())) await execute(database, `DROP INDEX CONCURRENTLY ${index}`);
  for (const text of Object.values(INDEXES)) await execute(database, text);
  for (let tries = 1; ; tries++) {
    try {
      return await database.transaction(async (run) => {
        await run(LOCK_TIMEOUT);
        return (await run<{ finished: boolean }>(FINISH))[0]?.finished ?? false;
      });
    } catch (error) {
      if ((error as pg.DatabaseError).code !== LOCK_NOT_AVAILABLE) throw error;
      if (tries === MAX_TRIES) return false;
      await sleep(RETRY_MS);
    }
  }
}

async function execute(database: Database, text: string): Promise<void> {
  await database.rows({ name: text.slice(0, 60), text, values: [] });
}
