// A short crash test; `npm run campaign -- crash` kills the shop at every kill point.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { faultsOf, NO_FAULTS } from "../../support/verification.ts";
import { summaryOf } from "../checker/judge-history.ts";
import { judged } from "../checker/judged.ts";
import { crashTest, type CrashTestOptions } from "./crash.ts";

// Fails if responses are not stored under their idempotency keys. A response before its COMMIT is not detected here, since few kills
// hit that moment; src/till/till.test.ts detects it.
test("a shop that is killed repeatedly, alone and with its database, loses no acknowledged change and repeats none", (t) =>
  assertNothingIsLost(t, { rounds: 5 }));

// Fails if the till decides a command after its worker has answered 503, or answers a repeat from elsewhere than the stored key.
test("a shop with two workers, whose workers and till are killed repeatedly, loses no acknowledged change and repeats none", (t) =>
  assertNothingIsLost(t, { rounds: 4, workers: 2, kinds: ["till", "worker"], isIncluded: () => false }));

async function assertNothingIsLost(t: TestContext, options: Partial<CrashTestOptions>): Promise<void> {
  const seed = Number(process.env["CRASH_SEED"] ?? 1);
  const { result, history } = await judged(t, () => crashTest({ seed, firstRunsMs: 1500, clients: 8, dropClients: 4, ...options }));
  const { kills, retries, violations, differences, verification } = result;
  const { acknowledged, orders, events } = verification;
  t.diagnostic(summaryOf(history));
  t.diagnostic(JSON.stringify({ kills, retries, acknowledged, orders, events }));
  assert.deepEqual({ ...faultsOf(verification), violations, differences }, { ...NO_FAULTS, violations: [], differences: [] });
  assert.ok(acknowledged > 0 && retries > 0, "no request was interrupted");
}
