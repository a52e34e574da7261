// The wires to PostgreSQL and to the gateway, wrong in every way; those to Redis and NATS are in test/services/network.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { breakWires } from "./network/network.ts";

// Goes red without "unknown" for a call without an answer (verdict.ts), and where what can't be known of a COMMIT is taken for granted.
test(
  "wires to PostgreSQL and the gateway that are slow, trickle, hang or break lose nothing and do nothing twice",
  { timeout: 180_000 },
  async (t) => {
    const { acknowledged, orders, askedAgain, ...wrong } = await breakWires({ seed: 1, ms: 500, customers: 6 });
    t.diagnostic(JSON.stringify({ acknowledged, orders, askedAgain }));
    assert.deepEqual(wrong, { faults: 8, lost: [], duplicated: [], violations: [], differences: [] });
  },
);
