// Advisory locks: the admission of rounds to a campaign, the migrations, and the checkpoint of
// aggregations.

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
/** Outside of any transaction, because pg_stat_activity is frozen inside one. */
let observer: pg.Client;
before(async () => {
  ({ url, drop } = await freshDatabase());
  rival = new pg.Client({ connectionString: url });
  observer = new pg.Client({ connectionString: url });
  await Promise.all([rival.connect(), observer.connect()]);
});
after(async () => {
  await Promise.all([rival.end(), observer.end()]);
  await drop();
});

/** The query that waits for a lock, as soon as there is one. */
async function waitingQuery(): Promise<string> {
  for (const until = Date.now() + 60_000; Date.now() < until;) {
    const { rows } = await observer.query<{ query: string }>(
      "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (rows[0]) return rows[0].query;
  }
  return assert.fail("no session waits for a lock");
}

test("a round waits for the round admitted to a campaign before it without locking its row", async () => {
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

test("several campaigns are locked in the order of their names, not of the request", async () => {
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  await rival.query("BEGIN");
  await rival.query(takeAdvisoryLocks(["a"]));
  await holder.query("BEGIN");
  const waiting = holder.query(takeAdvisoryLocks(["b", "a"]));
  for (let isWaiting = false; !isWaiting;) {
    const { rows } = await rival.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'");
    isWaiting = rows.length > 0;
  }
  const { rows } = await rival.query("SELECT pg_try_advisory_xact_lock(hashtextextended('b', 0)) AS free");
  assert.deepEqual(rows, [{ free: true }]);
  await rival.query("ROLLBACK");
  await waiting;
  await holder.end();
});

test("five concurrent migrations of an empty database apply each migration once", async () => {
  const name = `${rival.database}_empty`;
  await rival.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  try {
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(withDatabase(url, name))));
    assert.deepEqual(applied.flat(), migrationNames());
  } finally {
    await rival.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
});

test("an aggregation waits for the one before it before it reads the checkpoint", async () => {
  const database = new Database(url, { size: 1, onError: () => {} });
  await rival.query("BEGIN");
  await rival.query("UPDATE checkpoints SET xid = xid");
  const aggregating = aggregateSales(database, "Asia/Seoul", 0);
  assert.match(await waitingQuery(), /^SELECT xid/);
  await rival.query("ROLLBACK");
  await aggregating;
  await database.close();
});
