import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { FaultProxy } from "../support/fault-proxy.ts";
import { good, openTestShop } from "../support/shop.ts";

// Most other rounds are serialized by the rows that they lock. This one locks none, so only the
// primary key of idempotency_keys serializes it.
test("a command without row locks runs once under one key, at two slow instances at once", async () => {
  const shop = await openTestShop();
  const proxy = await FaultProxy.open(shop.shop.config.databaseUrl as string);
  const slowInstances = await Promise.all([1, 2].map(() => openTestShop({ beside: shop, env: { DATABASE_URL: proxy.url } })));
  proxy.latencyMs = 50;
  for (let i = 0; i < 3; i++) {
    const headers = { "idempotency-key": randomUUID() };
    const body = { name: "한 번", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 };
    const answers = await Promise.all(slowInstances.map((one) => shop.operator.at(one).post("/admin/coupons", body, headers)));
    assert.equal(new Set(answers.map((answer) => good(answer, 201).id)).size, 1);
  }
  assert.equal(good(await shop.anyone("GET", "/coupons"), 200).coupons.length, 3);
  proxy.latencyMs = 0;
  for (const one of slowInstances) await one.close();
  await proxy.close();
  await shop.close();
});
