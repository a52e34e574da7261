// Clocks that jump by an hour, shorter than `npm run campaign -- clocks`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faketimeIsMissing, jumpOfAnInstance, jumpsOfTheDatabase } from "../campaigns/clocks/clocks.ts";

const TIMEOUT_MS = 1_800_000;

test("holds, openings and coupons do not follow the clock of an instance that jumps by an hour", { timeout: TIMEOUT_MS }, async () => {
  assert.equal(faketimeIsMissing(), undefined);
  assert.deepEqual((await jumpOfAnInstance()).findings, []);
});

test("a database whose clock jumps ahead and back loses no order, and holds and numbers stay right", { timeout: TIMEOUT_MS }, async () => {
  assert.equal(faketimeIsMissing(), undefined);
  assert.deepEqual((await jumpsOfTheDatabase({ jumps: 2, buyers: 4 })).findings, []);
});
