// The short version of `npm run campaign -- faults`: everything breaks once, for two seconds each.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runFaults } from "../campaigns/faults/faults.ts";
import { faultsOf, NO_FAULTS } from "../support/verification.ts";

test("whatever breaks under load, nothing acknowledged is lost or there twice, every event arrives in order, and no coupon is issued too many", async (t) => {
  const { phases, verification, violations, crashes } = await runFaults({ seconds: 2, perSecond: 100 });
  for (const { name, acknowledged, longestPauseMs } of phases)
    t.diagnostic(`${name}: ${acknowledged}, longest pause ${Math.round(longestPauseMs)} ms`);
  assert.ok(verification.acknowledged > 500);
  assert.deepEqual(faultsOf(verification), NO_FAULTS);
  assert.deepEqual(new Set(phases.map(({ coupons }) => coupons)), new Set(["20 of 20"]));
  assert.deepEqual(violations, []);
  assert.equal(crashes, 0);
});
