// The database's primary dies under load and its standby is promoted: no acknowledged order is lost or duplicated.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serversOf } from "../../src/database/servers.ts";
import { startPair } from "../support/clusters.ts";
import { Load } from "../support/load.ts";
import { serve } from "../support/process.ts";
import { faultsOf, NO_FAULTS, verifyLoad } from "../support/verification.ts";
import { Client, good } from "../support/shop.ts";

describe("two instances on a primary with a synchronous standby", () => {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-failover-"));
  let pair: Awaited<ReturnType<typeof startPair>>;
  const shops: Awaited<ReturnType<typeof serve>>[] = [];
  let load: Load;
  let operator: Client;
  before(async () => {
    pair = await startPair();
    for (const name of ["a", "b"]) shops.push(await serve({ DATABASE_URL: pair.url, DATA_DIR: join(folder, name), BALANCE_FUNDING: "open" }));
    operator = new Client(shops[0]?.url ?? "", "an-operator", "operator");
    load = new Load({ instances: () => shops.map(({ url }) => url), operator });
    await load.start();
  });
  after(async () => {
    await load.stop();
    for (const { child, ended } of shops) {
      child.kill("SIGTERM");
      await ended;
    }
    await pair.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  // Fails without `servers` in connectionSettings: the instances would never find the new primary.
  test("after a failover to the standby, no acknowledged order is lost or duplicated", async () => {
    await load.more(500);
    await pair.primary.kill();
    pair.standby.promote();
    await load.more(500);
    await load.stop();
    const verification = await verifyLoad(pair.standby.url, load);
    assert.ok(verification.acknowledged > 1000);
    assert.deepEqual(faultsOf(verification), NO_FAULTS);
    assert.deepEqual(good(await operator.get("/admin/audit"), 200).violations, []);
    for (const { url } of shops) good(await new Client(url, "an-operator", "operator").get("/readyz"), 200);
  });

  // Fails without `toSorted` in Servers, which would choose the first host that accepts writes.
  test("an old primary that returns is not written to", async () => {
    await pair.primary.start();
    assert.equal((await serversOf(pair.url)?.primary())?.port, pair.standby.port);
  });
});

test("operators' lists are read from the replica, or from the primary if the replica is unavailable", async () => {
  const pair = await startPair();
  const folder = mkdtempSync(join(tmpdir(), "jangnal-replica-"));
  const shop = await serve({ DATABASE_URL: pair.primary.url, DATABASE_READ_URL: pair.standby.url, DATA_DIR: folder, BALANCE_FUNDING: "open" });
  try {
    const operator = new Client(shop.url, "an-operator", "operator");
    good(await operator.post("/admin/users", { name: "손님" }), 201);
    // The standby has every acknowledged commit, but applies it shortly after.
    const listed = async (): Promise<number> => good(await operator.get("/admin/users"), 200).users.length;
    while ((await listed()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const connections = await pair.standby.query(
      "SELECT FROM pg_stat_activity WHERE application_name = 'jangnal' AND backend_type = 'client backend'",
    );
    assert.ok(connections.length > 0);
    await pair.primary.query("ALTER SYSTEM RESET synchronous_standby_names");
    await pair.primary.query("SELECT pg_reload_conf()");
    await pair.standby.kill();
    assert.equal(await listed(), 1);
  } finally {
    shop.child.kill("SIGTERM");
    await shop.ended;
    await pair.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
