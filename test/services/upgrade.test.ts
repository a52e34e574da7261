// Several instances on one database: at its first migration, and during a rolling upgrade under load.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { migrationNames } from "../../src/database/migrate.ts";
import { type Cluster, startSingle } from "../support/clusters.ts";
import { Load } from "../support/load.ts";
import { serve, VERSION_UNDER_TEST } from "../support/process.ts";
import { faultsOf, NO_FAULTS, verifyLoad } from "../support/verification.ts";
import { Client, good } from "../support/shop.ts";

/** All kinds of changes that docs/operating/upgrade.md allows in a migration during a rolling upgrade; one table in use per file. */
const NEXT_MIGRATIONS = {
  "9991-orders.sql": `ALTER TABLE orders ADD COLUMN gift_note text;
                      CREATE INDEX orders_gift_note ON orders (gift_note) WHERE gift_note IS NOT NULL;`,
  "9992-users.sql": "ALTER TABLE users ADD COLUMN tier text NOT NULL DEFAULT 'BASIC';",
  "9993-events.sql": "ALTER TABLE order_events ADD COLUMN schema_version integer NOT NULL DEFAULT 1;",
  "9994-gift-cards.sql": `CREATE TABLE gift_cards (id uuid PRIMARY KEY, amount bigint NOT NULL);
                          CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql RETURN n * 2;`,
};

type Instance = Awaited<ReturnType<typeof serve>>;

describe("instances of one database", () => {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-upgrade-"));
  const next = join(folder, "next");
  const running = new Set<Instance>();
  let cluster: Cluster;
  before(async () => {
    cluster = await startSingle();
    for (const part of ["bin", "client/src", "data", "web/dist", "src", "tools", "package.json"])
      cpSync(join(VERSION_UNDER_TEST, part), join(next, part), { recursive: true });
    symlinkSync(join(VERSION_UNDER_TEST, "node_modules"), join(next, "node_modules"));
    for (const [name, text] of Object.entries(NEXT_MIGRATIONS)) writeFileSync(join(next, "src/database/migrations", name), text);
  });
  after(async () => {
    for (const instance of running) await end(instance);
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(name: string, version = VERSION_UNDER_TEST): Promise<Instance> {
    const env = { DATABASE_URL: cluster.url, DATA_DIR: join(folder, name), BALANCE_FUNDING: "open" };
    const instance = await serve(env, [], version);
    running.add(instance);
    return instance;
  }

  async function end(instance: Instance): Promise<void> {
    running.delete(instance);
    instance.child.kill("SIGTERM");
    assert.equal((await instance.ended).code, 0);
  }

  // Fails without the advisory lock in `migrate`: two instances would run the same migration, and one would fail.
  test("four instances that start on an empty database at once all open, and each migration is applied once", async () => {
    const four = await Promise.all(["a", "b", "c", "d"].map((name) => open(name)));
    for (const { url } of four) good(await new Client(url, "an-operator", "operator").get("/readyz"), 200);
    const applied = await cluster.query("SELECT name FROM migrations ORDER BY name");
    assert.deepEqual(
      applied.map(({ name }) => name),
      migrationNames(),
    );
    await Promise.all(four.map(end));
  });

  // Fails without `lock_timeout` in src/database/migrate.ts: orders would wait for the migration, which waits for the report. Also fails
  // without `IN_THE_WAY`: the new instance would exit instead of retrying the migration.
  test("a rolling upgrade under load and its rollback lose or duplicate no acknowledged order", async (t) => {
    const instances = [await open("old-1"), await open("old-2")];
    const operator = new Client(instances[0]?.url ?? "", "an-operator", "operator");
    const load = new Load({ instances: () => instances.map(({ url }) => url), operator, buyers: 20 });
    await load.start();
    t.after(() => load.stop());

    // A long-running report on orders.
    const report = new pg.Client({ connectionString: cluster.url });
    await report.connect();
    t.after(() => report.end());
    await report.query("BEGIN; SELECT count(*) FROM orders");
    const upgrading = open("first-new", next);
    await waited(cluster, "ALTER TABLE orders");
    await load.more(100);
    assert.deepEqual(await cluster.query("SELECT FROM migrations WHERE name LIKE '999%'"), [], "the report still blocks the migration");
    await report.end();
    await end(await upgrading);

    /** Replaces the instances one by one; each new one is ready before an old one ends. */
    async function roll(name: string, version: string): Promise<void> {
      for (const [i, old] of [...instances].entries()) {
        instances.push(await open(`${name}-${i}`, version));
        await load.more(200); // Both versions run at the same time.
        instances.splice(instances.indexOf(old), 1);
        await end(old);
        await load.more(200);
      }
    }
    await roll("new", next);
    assert.equal((await cluster.query("SELECT FROM migrations WHERE name LIKE '999%'")).length, Object.keys(NEXT_MIGRATIONS).length);
    await roll("back", VERSION_UNDER_TEST);
    await load.stop();

    const verification = await verifyLoad(cluster.url, load);
    assert.ok(verification.acknowledged > 1600);
    assert.deepEqual(faultsOf(verification), NO_FAULTS);
    const auditor = new Client(instances[0]?.url ?? "", "an-operator", "operator");
    assert.deepEqual(good(await auditor.get("/admin/audit"), 200).violations, []);
    assert.deepEqual([...load.retries.byCode.keys()], [], "no request was rejected for overload");
  });
});

/** Resolves when a statement with this beginning waits for a lock. */
async function waited(cluster: Cluster, beginning: string): Promise<void> {
  const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '${beginning}%'`;
  for (const deadline = Date.now() + 60_000; (await cluster.query(waiting)).length === 0; await pause(20))
    if (Date.now() > deadline) throw new Error(`no statement waits that starts with ${beginning}`);
}
