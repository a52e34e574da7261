// Prometheus's check of all metrics, including those of Redis.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { openTestShop } from "../support/shop.ts";
import { findBinary, startRedis } from "../support/services.ts";

test("promtool check metrics reports no problems", async () => {
  const redis = await startRedis();
  const shop = await openTestShop({ env: { REDIS_URL: redis.url } });
  try {
    const text = await (await fetch(`${shop.url}/metrics`)).text();
    assert.match(text, /jangnal_redis_up 1/);
    const { status, stdout, stderr } = spawnSync(findBinary("promtool"), ["check", "metrics"], { input: text, encoding: "utf8", timeout: 120_000 });
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  } finally {
    await shop.close();
    await redis.remove();
  }
});

test("promtool accepts the alert rules", () => {
  const rules = join(import.meta.dirname, "../../deploy/prometheus/alerts.yml");
  const { status, stdout, stderr } = spawnSync(findBinary("promtool"), ["check", "rules", rules], { encoding: "utf8", timeout: 120_000 });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /SUCCESS: \d+ rules found/);
});
