// A round was committed on the primary, its standby does not have it, and the response to its COMMIT is lost. The round must not be
// reported as committed, because it is lost if the primary is.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { migrate } from "../../src/database/migrate.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { LostCommit, StoreUnavailable } from "../../src/till/store.ts";
import { startPair } from "../support/clusters.ts";

// Fails if LOOK_UP_ROUND only reads: it would see the row and report the round as committed.
test("the outcome of a round that only a primary without its standby has is unknown, and the round is gone after a failover", async () => {
  const pair = await startPair();
  const store = new PostgresStore({ url: pair.primary.url, lockWaitMs: 500 });
  const promoted = new PostgresStore({ url: pair.standby.url, lockWaitMs: 500 });
  try {
    await migrate(pair.primary.url);
    const round = await store.lock([], 500);
    await pair.standby.kill();
    const roundId = randomUUID();
    const committing = assert.rejects(round.commit(roundId, { tables: new Map(), journals: new Map() }), LostCommit);
    while (
      (
        await pair.primary.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'jangnal'",
        )
      ).length === 0
    )
      await pause(20);
    await committing;
    assert.equal((await pair.primary.query(`SELECT FROM rounds WHERE id = '${roundId}'`)).length, 1, "the primary has it");
    await assert.rejects(store.outcome(roundId), StoreUnavailable);

    await pair.primary.kill();
    await pair.standby.start();
    pair.standby.promote();
    await pair.standby.query("ALTER SYSTEM RESET synchronous_standby_names");
    await pair.standby.query("SELECT pg_reload_conf()");
    assert.equal(await promoted.outcome(roundId), "abandoned");
  } finally {
    await store.close();
    await promoted.close();
    await pair.remove();
  }
});
