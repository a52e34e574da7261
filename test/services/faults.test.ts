// A short run of the campaign `faults`: each fault once, for two seconds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runFaults } from "../campaigns/faults/faults.ts";
import { faultsOf, NO_FAULTS } from "../support/verification.ts";

test("under each fault, no acknowledged order is lost or duplicated, events arrive in order, and no coupon is issued too many", async (t) => {
  const { phases, verification, violations, crashes } = await runFaults({ seconds: 2, perSecond: 100 });
  for (const { name, acknowledged, longestPauseMs } of phases)
    t.diagnostic(`${name}: ${acknowledged}, longest pause ${Math.round(longestPauseMs)} ms`);
  assert.ok(verification.acknowledged > 500);
  assert.deepEqual(faultsOf(verification), NO_FAULTS);
  assert.deepEqual(new Set(phases.map(({ coupons }) => coupons)), new Set(["20 of 20"]));
  assert.deepEqual(violations, []);
  assert.equal(crashes, 0);
});
