// A short crash test; `npm run campaign -- crash` kills the shop at every kill point.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, NO_FAULTS } from "../../support/verification.ts";
import { crashTest } from "./crash.ts";

// Fails if responses are not stored under their idempotency keys. A response before its COMMIT is not detected here, since few kills
// hit that moment; src/till/till.test.ts detects it.
test("a shop that is killed repeatedly, alone and with its database, loses no acknowledged change and repeats none", async (t) => {
  const seed = Number(process.env["CRASH_SEED"] ?? 1);
  const { kills, retries, violations, differences, verification } = await crashTest({ seed, rounds: 5, firstRunsMs: 1500, clients: 8 });
  const { acknowledged, orders, events } = verification;
  t.diagnostic(JSON.stringify({ kills, retries, acknowledged, orders, events }));
  assert.deepEqual({ ...faultsOf(verification), violations, differences }, { ...NO_FAULTS, violations: [], differences: [] });
  assert.ok(acknowledged > 0 && retries > 0, "no request was interrupted");
});
