import assert from "node:assert/strict";
import { test } from "node:test";
import { RedisClient } from "../redis/redis-client.ts";
import { RedisCache } from "./redis-cache.ts";

test("an instance that reads nothing from the cache keeps few names of changes, however many there were", async () => {
  const redis = new RedisClient({ url: "redis://127.0.0.1:1", prefix: "{shop}" });
  try {
    const cache = new RedisCache(redis);
    for (let i = 0; i < 10_000; i++) cache.drop("products", `@${i}`);
    assert.ok(cache.unconfirmed > 0 && cache.unconfirmed < 100, `${cache.unconfirmed} changes are kept`);
  } finally {
    await redis.close();
  }
});
