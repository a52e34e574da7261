// A restore to a point in the middle of drops, shorter than `npm run campaign -- restore`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { restoreRun } from "../campaigns/restore/restore.ts";

const TIMEOUT_MS = 1_800_000;

test("a shop restored to a point in a drop tells the truth under each key, and sinks miss no event", { timeout: TIMEOUT_MS }, async (t) => {
  const { findings, ...counts } = await restoreRun({ seed: 1, method: "archive", target: "time", clients: 6 });
  t.diagnostic(JSON.stringify(counts));
  assert.deepEqual(findings, []);
  assert.ok(counts.eventsLost > 0 && counts.lostAnswers > 0, "nothing was undone");
});

// Orders change in both histories: those that are unpaid at the point are cancelled in one, and expire in the other.
test("without event ids of its own, a restored shop gives new events the ids of lost ones", { timeout: TIMEOUT_MS }, async () => {
  const { findings } = await restoreRun({ seed: 1, method: "archive", target: "lsn", clients: 6, control: "ids" });
  assert.match(findings.join("\n"), /has the id of a lost event/);
});
