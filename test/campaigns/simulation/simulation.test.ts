// The decision layer and the till without a database: seeded histories against a naive model, every invariant after every round.

import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "./simulation.ts";

const SEEDS = [1, 20_260_229, 77_777];
const STEPS = 4000;

for (const seed of SEEDS) {
  // Goes red, with a shrunk history, when a rule, a draft, a round that comes again or an invariant is not what the model says.
  test(`seed ${seed}: every answer is the model's, and every invariant holds after every round`, async () => {
    const { commands, failure } = await simulate({ seed, steps: STEPS });
    assert.equal(failure, undefined, failure);
    assert.ok(commands >= STEPS);
  });
}

test("a seed is one simulation: what came of it comes of it again", async () => {
  const [once, again] = [await simulate({ seed: 5, steps: 1500 }), await simulate({ seed: 5, steps: 1500 })];
  assert.deepEqual(again.tally, once.tally);
  assert.equal(again.rounds, once.rounds);
});

test("the histories reach what they are about", async () => {
  const { tally } = await simulate({ seed: 9, steps: 12_000 });
  const reached = [...tally.keys()];
  for (const what of [
    "place order: done",
    "place order: STOCK_INSUFFICIENT",
    "place order: BALANCE_INSUFFICIENT",
    "pay order: done",
    "cancel order: done",
    "issue coupon: done",
    "issue coupon: COUPON_SOLD_OUT",
    "refund order: done",
  ]) {
    assert.ok(reached.includes(what), `${what} never came up in ${reached.length} kinds of outcome`);
  }
});
