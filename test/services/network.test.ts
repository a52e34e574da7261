// Network faults on all connections of a shop with Redis and NATS.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testNetworkFaults } from "../campaigns/network/network.ts";
import { NO_FAULTS } from "../support/verification.ts";
import { startNats, startRedis } from "../support/services.ts";

// Fails like test/database/network.test.ts. Does not detect a missing timeout for Redis or NATS, because each fault ends after a while.
test("slow, trickling, hanging and broken connections to PostgreSQL, the gateway, Redis and NATS lose no order", { timeout: 900_000 }, async (t) => {
  const [redis, nats] = await Promise.all([startRedis(), startNats()]);
  try {
    const { acknowledged, orders, retries, ...wrong } = await testNetworkFaults({
      seed: 1,
      ms: 2000,
      clients: 8,
      peers: [
        { name: "Redis", port: redis.port, env: (at) => ({ REDIS_URL: `redis://${at}` }) },
        { name: "NATS", port: nats.port, env: (at) => ({ DATA_PLATFORM_URL: `nats://${at}/SHOP` }) },
      ],
    });
    t.diagnostic(JSON.stringify({ acknowledged, orders, retries }));
    assert.deepEqual(wrong, { faults: 16, ...NO_FAULTS, violations: [], differences: [] });
  } finally {
    await Promise.all([redis.remove(), nats.remove()]);
  }
});
