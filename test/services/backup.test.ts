// A dump put back into a new cluster, with the statements that docs/operating/backup.md names, is a shop.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dumpInto, startSingle } from "../support/clusters.ts";
import { serve } from "../support/process.ts";
import { Client, good } from "../support/shop.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/operating/backup.md"), "utf8");

// Goes red without the statements: the new cluster's transactions have lower numbers than the outbox' position, and nothing would be delivered.
test("a dump put back into a new cluster is audited clean, has its sales, and delivers what is sold there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-backup-"));
  const [old, fresh] = [await startSingle(), await startSingle()];
  // The old cluster has counted further than the new one ever will in this test.
  for (let i = 0; i < 40; i++) await old.query("SELECT pg_current_xact_id()");
  const open = (name: string, url: string): ReturnType<typeof serve> =>
    serve({ DATABASE_URL: url, DATA_DIR: join(folder, name), BALANCE_FUNDING: "open" });
  const shops = [await open("old", old.url)];
  try {
    const operator = new Client(shops[0]?.url ?? "", "an-operator", "operator");
    const product = good(await operator.post("/admin/products", { name: "사과", price: 10, stock: 100 }), 201);
    const user = good(await operator.post("/admin/users", { name: "손님" }), 201);
    good(await operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 1000, reason: "test" }] }), 200);
    const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
    const buyer = new Client(shops[0]?.url ?? "", user.id, "shopper");
    for (let i = 0; i < 5; i++) good(await buyer.post("/orders", order), 201);
    for (const job of ["relay-events", "aggregate-sales"]) good(await operator.post(`/admin/jobs/${job}/run`), 200);
    const { sales } = good(await operator.get("/admin/sales"), 200);

    dumpInto(old, fresh);
    const [, statements = ""] = /```sql\n([\s\S]*?)```/.exec(PAGE) ?? [];
    await fresh.query(statements);
    shops.push(await open("fresh", fresh.url));
    const there = new Client(shops[1]?.url ?? "", "an-operator", "operator");
    assert.deepEqual(good(await there.get("/admin/audit"), 200).violations, []);
    assert.deepEqual(good(await there.get("/admin/sales"), 200).sales, sales);

    const { orderId } = good(await new Client(shops[1]?.url ?? "", user.id, "shopper").post("/orders", order), 201);
    for (const job of ["relay-events", "aggregate-sales"]) good(await there.post(`/admin/jobs/${job}/run`), 200);
    const delivered = readFileSync(join(folder, "fresh", "events.ndjson"), "utf8")
      .trim()
      .split("\n");
    assert.deepEqual(
      delivered.map((line) => JSON.parse(line).subject),
      [orderId],
    );
    assert.equal(good(await there.get("/admin/sales"), 200).sales[0].units, 6);
    assert.deepEqual(good(await there.get("/admin/audit"), 200).violations, []);
  } finally {
    for (const { child, ended } of shops) {
      child.kill("SIGTERM");
      await ended;
    }
    await old.remove();
    await fresh.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
