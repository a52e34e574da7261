// Redis with a replica and a Sentinel, without partitions. Those are in partitions.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { startRedis, startSentinel } from "../support/services.ts";

// Fails if `sentinelsOf` is not used for the connection.
test("a shop follows the primary that a Sentinel names", { timeout: 300_000 }, async () => {
  const primary = await startRedis();
  const replica = await startRedis("--replicaof", "127.0.0.1", String(primary.port));
  const sentinel = await startSentinel(primary);
  const client = new RedisClient({ url: `redis-sentinel://127.0.0.1:1,127.0.0.1:${sentinel.port}/0?master=shop`, prefix: "{shop}" });
  try {
    await until(() => client.up);
    await client.run((redis) => redis.set("before", "1"));
    const connection = client.connection;
    await primary.kill();
    await until(() => client.up && client.connection > connection);
    await until(() =>
      client
        .run((redis) => redis.set("after", "1"))
        .then(
          () => true,
          () => false,
        ),
    );
    assert.match(String(await client.run((redis) => redis.info("server"))), new RegExp(`tcp_port:${replica.port}`));
  } finally {
    await client.close();
    await sentinel.remove();
    await Promise.all([primary.remove(), replica.remove()]);
  }
});

async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await reached())) await pause(50);
}
