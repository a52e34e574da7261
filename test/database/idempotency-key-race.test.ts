import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { FaultProxy } from "../support/fault-proxy.ts";
import { good, openTestShop } from "../support/shop.ts";

// Goes red without the primary key on idempotency_keys. Nearly every other round is kept apart from its like by the rows that both lock; this one
// locks none, so only the key's own row tells the second that there was a first.
test("what locks nothing is done once under a key, at two instances at once, far from the database", async () => {
  const shop = await openTestShop();
  const proxy = await FaultProxy.open(shop.shop.config.databaseUrl as string);
  const far = await Promise.all([1, 2].map(() => openTestShop({ beside: shop, env: { DATABASE_URL: proxy.url } })));
  proxy.latencyMs = 50;
  for (let i = 0; i < 3; i++) {
    const headers = { "idempotency-key": randomUUID() };
    const body = { name: "한 번", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 };
    const answers = await Promise.all(far.map((one) => shop.operator.at(one).post("/admin/coupons", body, headers)));
    assert.equal(new Set(answers.map((answer) => good(answer, 201).id)).size, 1);
  }
  assert.equal(good(await shop.anyone("GET", "/coupons"), 200).coupons.length, 3);
  proxy.latencyMs = 0;
  for (const one of far) await one.close();
  await proxy.close();
  await shop.close();
});
