// Restores a dump into a new cluster, with the statements from docs/operating/backup.md.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dumpInto, startSingle } from "../support/clusters.ts";
import { serve } from "../support/process.ts";
import { Client, good } from "../support/shop.ts";

const MANUAL = readFileSync(join(import.meta.dirname, "../../docs/operating/backup.md"), "utf8");

// Fails without the statements: the new cluster's transaction ids are below the outbox's position, so no event would be delivered.
test("a shop restored into a new cluster passes the audit, has its sales, and delivers events of new orders", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-backup-"));
  const [old, fresh] = [await startSingle(), await startSingle()];
  // Makes the old cluster's transaction ids higher than the new cluster's will be in this test.
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
    const [, statements = ""] = /```sql\n([\s\S]*?)```/.exec(MANUAL) ?? [];
    await fresh.query(statements);
    shops.push(await open("fresh", fresh.url));
    const restored = new Client(shops[1]?.url ?? "", "an-operator", "operator");
    assert.deepEqual(good(await restored.get("/admin/audit"), 200).violations, []);
    assert.deepEqual(good(await restored.get("/admin/sales"), 200).sales, sales);

    const { orderId } = good(await new Client(shops[1]?.url ?? "", user.id, "shopper").post("/orders", order), 201);
    for (const job of ["relay-events", "aggregate-sales"]) good(await restored.post(`/admin/jobs/${job}/run`), 200);
    const delivered = readFileSync(join(folder, "fresh", "events.ndjson"), "utf8")
      .trim()
      .split("\n");
    assert.deepEqual(
      delivered.map((line) => JSON.parse(line).subject),
      [orderId],
    );
    assert.equal(good(await restored.get("/admin/sales"), 200).sales[0].units, 6);
    assert.deepEqual(good(await restored.get("/admin/audit"), 200).violations, []);
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
