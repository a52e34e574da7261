// Locks that are no row's: the door before a campaign at which crowds meet, and the migrations'.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { campaigns } from "../../src/coupon/campaign.sql.ts";
import { migrate, migrationNames } from "../../src/database/migrate.ts";
import { Database } from "../../src/database/pool.ts";
import { takeAdvisoryLocks } from "../../src/lock/postgres-lock.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { need } from "../../src/till/table.ts";
import { LockTimeout } from "../../src/lock/lock.ts";
import { freshDatabase } from "../support/database.ts";
import { insertCampaign } from "../support/rows.ts";
import { withDatabase } from "../support/server.ts";

let url: string;
let drop: () => Promise<void>;
let rival: pg.Client;
/** Outside of any transaction: inside one, what others are doing stands still. */
let onlooker: pg.Client;
before(async () => {
  ({ url, drop } = await freshDatabase());
  rival = new pg.Client({ connectionString: url });
  onlooker = new pg.Client({ connectionString: url });
  await Promise.all([rival.connect(), onlooker.connect()]);
});
after(async () => {
  await Promise.all([rival.end(), onlooker.end()]);
  await drop();
});

/** What somebody asked for who waits for a lock now, as soon as there is one. */
async function whatWaits(): Promise<string> {
  for (const until = Date.now() + 10_000; Date.now() < until;) {
    const { rows } = await onlooker.query<{ query: string }>(
      "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (rows[0]) return rows[0].query;
  }
  return assert.fail("nobody waits");
}

// Goes red without the admission's statement in #opening: the row behind it is free.
test("a round waits for who was admitted to a campaign before it, without touching its row", async () => {
  const store = new PostgresStore({ url, lockWaitMs: 2000 });
  const campaign = await insertCampaign(rival);
  await rival.query("BEGIN");
  await rival.query(takeAdvisoryLocks([campaign]));
  await assert.rejects(
    store.lock([need(campaigns, campaign)], 30).then((round) => round.release()),
    LockTimeout,
  );
  await rival.query("ROLLBACK");
  await store.close();
});

// Goes red without ORDER BY in takeAdvisoryLocks: two rounds with two campaigns each the other way round would wait for each other.
test("several campaigns are taken by name, whoever was asked for first", async () => {
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  await rival.query("BEGIN");
  await rival.query(takeAdvisoryLocks(["a"]));
  await holder.query("BEGIN");
  const waiting = holder.query(takeAdvisoryLocks(["b", "a"]));
  for (let waits = false; !waits;) {
    const { rows } = await rival.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'");
    waits = rows.length > 0;
  }
  const { rows } = await rival.query("SELECT pg_try_advisory_xact_lock(hashtextextended('b', 0)) AS free");
  assert.deepEqual(rows, [{ free: true }]);
  await rival.query("ROLLBACK");
  await waiting;
  await holder.end();
});

// Goes red without the advisory lock in `migrate`: two would run the same file.
test("five that migrate an empty database at once do it once", async () => {
  const name = `${rival.database}_empty`;
  await rival.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  try {
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(withDatabase(url, name))));
    assert.deepEqual(applied.flat(), migrationNames());
  } finally {
    await rival.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
});

// Goes red without FOR UPDATE in LOCK_CHECKPOINT: it would read where the other began, and count the same events again.
test("an aggregation reads how far the one before it came only when that is over", async () => {
  const database = new Database(url, { size: 1, onError: () => {} });
  await rival.query("BEGIN");
  await rival.query("UPDATE checkpoints SET xid = xid");
  const aggregating = aggregateSales(database, "Asia/Seoul", 0);
  assert.match(await whatWaits(), /^SELECT xid/);
  await rival.query("ROLLBACK");
  await aggregating;
  await database.close();
});
