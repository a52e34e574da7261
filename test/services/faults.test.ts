// A short run of the campaign `faults`: each fault once, for two seconds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runFaults } from "../campaigns/faults/faults.ts";

test("under each fault, no acknowledged order is lost or duplicated, events arrive in order, and no coupon is issued too many", async (t) => {
  const { phases, reckoning, violations, crashes } = await runFaults({ seconds: 2, perSecond: 100 });
  for (const { name, acknowledged, longestPauseMs } of phases)
    t.diagnostic(`${name}: ${acknowledged}, longest pause ${Math.round(longestPauseMs)} ms`);
  const { acknowledged, ...wrong } = reckoning;
  assert.ok(acknowledged > 500);
  assert.deepEqual(wrong, { lost: 0, duplicated: 0, undelivered: 0, outOfOrder: 0 });
  assert.deepEqual(new Set(phases.map(({ coupons }) => coupons)), new Set(["20 of 20"]));
  assert.deepEqual(violations, []);
  assert.equal(crashes, 0);
});
