// Power cuts and failing disks: a file system in user space under the embedded database and the event file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DISK_FAULTS, startOnAFullDisk, testDiskErrors } from "../campaigns/power/disk-errors.ts";
import { loseOnALyingDisk, testPowerCuts } from "../campaigns/power/power.ts";
import { faultsOf, NO_FAULTS } from "../support/verification.ts";

const TIMEOUT_MS = 1_800_000;

test("a shop whose power is cut loses no acknowledged change and repeats none", { timeout: TIMEOUT_MS }, async (t) => {
  const { verification, violations, differences, retries } = await testPowerCuts({ seed: 1, cuts: 3, clients: 8 });
  t.diagnostic(JSON.stringify({ acknowledged: verification.acknowledged, orders: verification.orders, retries }));
  assert.deepEqual({ ...faultsOf(verification), violations, differences }, { ...NO_FAULTS, violations: [], differences: [] });
  assert.ok(verification.orders > 0 && retries > 0, "no request was interrupted");
});

test("on a disk that lies about fsync, a power cut loses acknowledged orders", { timeout: TIMEOUT_MS }, async () => {
  assert.notEqual(await loseOnALyingDisk(1), undefined);
});

test("a full or broken disk is survived without a repair, and nothing acknowledged is missing", { timeout: TIMEOUT_MS }, async (t) => {
  const { restarts, failedStarts, verification, faults, ...wrong } = await testDiskErrors({ seed: 1 });
  t.diagnostic(JSON.stringify({ restarts, failedStarts, acknowledged: verification.acknowledged }));
  assert.equal(faults, DISK_FAULTS.length);
  assert.deepEqual({ ...faultsOf(verification), ...wrong }, { ...NO_FAULTS, unnoticed: [], wrongAnswers: [], violations: [], differences: [] });
});

test("a first start on a full disk says so, and the next one with room succeeds", { timeout: TIMEOUT_MS }, async () => {
  assert.match(await startOnAFullDisk(), /no space left on device/i);
});
