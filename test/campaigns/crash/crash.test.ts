// A short torture; `npm run torture` kills the shop at every point that it has (test/torture/).

import assert from "node:assert/strict";
import { test } from "node:test";
import { crashTest } from "./crash.ts";

// Goes red, with orders of which nobody was told, where answers are not kept under their keys (`shop.put(answers, …)`, idempotency.ts). An answer
// in front of COMMIT is not seen here: so few deaths miss the moment between the two. src/till/till.test.ts goes red for that.
test("killed again and again, alone and with its database, the shop keeps what it said and does nothing twice", async (t) => {
  const seed = Number(process.env["TORTURE_SEED"] ?? 1);
  const { kills, askedAgain, violations, differences, reckoning } = await crashTest({ seed, rounds: 5, firstLivesMs: 1500, customers: 8 });
  t.diagnostic(JSON.stringify({ kills, askedAgain, ...reckoning, lost: reckoning.lost.length, duplicated: reckoning.duplicated.length }));
  assert.deepEqual(
    { lost: reckoning.lost, duplicated: reckoning.duplicated, violations, differences },
    { lost: [], duplicated: [], violations: [], differences: [] },
  );
  assert.ok(reckoning.acknowledged > 0 && askedAgain > 0, "nobody was there to be killed");
});
