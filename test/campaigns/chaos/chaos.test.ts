// `npm run campaign -- chaos --seed N --runs M` runs more; `--runs 1` repeats a single run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "./run-chaos.ts";

const SEED = 1;
const RUNS = 150;

// Fails within fifty runs if: the attempt's id is not stored under the idempotency key; a settlement applies to a payment that is not open;
// a card refund is not recorded; a gateway refund has no idempotency key in its reason; or a call without a response counts as failed.
test(`after ${RUNS} runs from seed ${SEED}, the gateway's ledger equals the shop's, and all invariants hold`, async (t) => {
  const { tally, failures, violations, differences, compared } = await runChaos({ seed: SEED, runs: RUNS });
  t.diagnostic(JSON.stringify(tally));
  assert.deepEqual(failures, []);
  assert.deepEqual(violations, []);
  assert.deepEqual(differences, []);
  assert.ok(compared > 0);
});
