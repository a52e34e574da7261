// Restores a dump of a running shop into a new cluster, without a statement by hand.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { dumpInto, startSingle } from "../support/clusters.ts";
import { serve } from "../support/process.ts";
import { Client, good } from "../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../support/webhook-receiver.ts";

// Fails without `adopt_cluster` (migration 0084): the new cluster's transaction ids are below the outbox's positions, so no event
// would be delivered. The webhook shows the events that waited in the dump.
test("a shop restored into a new cluster passes the audit, has its sales, and delivers what waited and what is new, once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-backup-"));
  const [old, fresh] = [await startSingle(), await startSingle()];
  // Makes the old cluster's transaction ids higher than the new cluster's will be in this test.
  await old.query("DO $$ BEGIN FOR i IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
  const receiver = new WebhookReceiver();
  receiver.answer = () => ({ status: 503 });
  await receiver.listen();
  const open = (name: string, url: string): ReturnType<typeof serve> =>
    serve({
      DATABASE_URL: url,
      DATA_DIR: join(folder, name),
      BALANCE_FUNDING: "open",
      DATA_PLATFORM_URL: `file,${receiver.url}`,
      DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET,
      LOG_LEVEL: "warn",
    });
  const shops = [await open("old", old.url)];
  try {
    const operator = new Client(shops[0]?.url ?? "", "an-operator", "operator");
    const product = good(await operator.post("/admin/products", { name: "사과", price: 10, stock: 100 }), 201);
    const user = good(await operator.post("/admin/users", { name: "손님" }), 201);
    good(await operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 1000, reason: "test" }] }), 200);
    const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
    const buyer = new Client(shops[0]?.url ?? "", user.id, "shopper");
    const ordered: string[] = [];
    for (let i = 0; i < 5; i++) ordered.push(good(await buyer.post("/orders", order), 201).orderId);
    good(await operator.post(`/orders/${ordered[0]}/cancel`), 200);
    for (const job of ["relay-events", "aggregate-sales"]) good(await operator.post(`/admin/jobs/${job}/run`), 200);
    const { sales } = good(await operator.get("/admin/sales"), 200);
    const fileOf = (name: string): Envelope[] => {
      const path = join(folder, name, "events.ndjson");
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      return text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Envelope); // prettier-ignore
    };
    assert.equal(fileOf("old").length, 6);
    assert.equal(receiver.received.length, 0);

    dumpInto(old, fresh);
    receiver.answer = () => ({ status: 204 });
    shops[0]?.child.kill("SIGTERM");
    await shops[0]?.ended;
    receiver.received.length = 0; // The old shop's last delivery is not the new one's.
    shops.push(await open("fresh", fresh.url));
    assert.match(shops[1]?.output() ?? "", /came from another PostgreSQL cluster/);
    const restored = new Client(shops[1]?.url ?? "", "an-operator", "operator");
    assert.deepEqual(good(await restored.get("/admin/audit"), 200).violations, []);
    assert.deepEqual(good(await restored.get("/admin/sales"), 200).sales, sales);

    const { orderId } = good(await new Client(shops[1]?.url ?? "", user.id, "shopper").post("/orders", order), 201);
    for (const job of ["relay-events", "aggregate-sales"]) good(await restored.post(`/admin/jobs/${job}/run`), 200);
    assert.deepEqual(
      fileOf("fresh").map(({ subject }) => subject),
      [orderId],
    );
    for (const deadline = Date.now() + 120_000; receiver.received.length < 7 && Date.now() < deadline;) await pause(50);
    assert.deepEqual(receiver.received.map(({ subject }) => subject).toSorted(), [...ordered, ordered[0], orderId].toSorted());
    assert.equal(good(await restored.get("/admin/sales"), 200).sales[0].units, 5);
    assert.deepEqual(good(await restored.get("/admin/audit"), 200).violations, []);
  } finally {
    for (const { child, ended } of shops) {
      child.kill("SIGTERM");
      await ended;
    }
    await receiver.close();
    await old.remove();
    await fresh.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
