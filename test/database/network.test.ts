// The wires to PostgreSQL and to the gateway, wrong in every way; those to Redis and NATS are in test/services/network.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testNetworkFaults } from "../campaigns/network/network.ts";
import { NO_FAULTS } from "../support/verification.ts";

// Goes red, with money that only the gateway knows of, where a call of it without an answer counts as failed (`spoken`, verdict.ts). A COMMIT that
// is taken for granted is not seen here, for these wires hardly ever break in just that moment: test/database/commit-faults.test.ts breaks them there.
test(
  "wires to PostgreSQL and the gateway that are slow, trickle, hang or break lose nothing and do nothing twice",
  { timeout: 180_000 },
  async (t) => {
    const { acknowledged, orders, retries, ...wrong } = await testNetworkFaults({ seed: 1, ms: 500, clients: 6 });
    t.diagnostic(JSON.stringify({ acknowledged, orders, retries }));
    assert.deepEqual(wrong, { faults: 8, ...NO_FAULTS, violations: [], differences: [] });
  },
);
