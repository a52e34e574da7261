// Network faults between the shop, PostgreSQL and the gateway. Those of Redis and NATS are in
// test/services/network.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testNetworkFaults } from "../campaigns/network/network.ts";
import { NO_FAULTS } from "../support/verification.ts";

// The test fails if a gateway call without a response counts as failed. It does not catch a COMMIT
// that is taken for granted, because these faults rarely hit that moment.
// test/database/commit-faults.test.ts does.
test("slow, hanging and broken connections to PostgreSQL and the gateway lose nothing and repeat nothing", { timeout: 180_000 }, async (t) => {
  const { acknowledged, orders, retries, ...report } = await testNetworkFaults({ seed: 1, ms: 500, clients: 6 });
  t.diagnostic(JSON.stringify({ acknowledged, orders, retries }));
  assert.deepEqual(report, { faults: 8, ...NO_FAULTS, violations: [], differences: [] });
});
