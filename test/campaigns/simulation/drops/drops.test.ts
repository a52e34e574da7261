// Drops on the till without a database: seeded histories, compared with a naive model after every round.

import assert from "node:assert/strict";
import { test } from "node:test";
import { simulateDrops } from "./simulate-drops.ts";

for (const seed of [1, 20_261_129])
  test(`seed ${seed}: entries, holds, succession and draws are those of the model after every round`, async () => {
    const { commands, failure } = await simulateDrops({ seed, steps: 3000 });
    assert.equal(failure, undefined, failure);
    assert.ok(commands >= 3000);
  });

test("the histories of drops reach the main results", async () => {
  const { tally } = await simulateDrops({ seed: 3, steps: 4000 });
  for (const outcome of [
    "enter: HELD",
    "enter: WAITING",
    "enter: DROP_ALREADY_ENTERED",
    "enter: DROP_LIMIT_EXCEEDED",
    "enter: DROP_CLOSED PAUSED",
    "leave: done",
    "lapse: LAPSED",
    "order: BOUGHT",
    "order: DROP_ENTRY_REQUIRED",
    "cancel: done",
    "draw: done",
    "resume: done",
    "close: done",
  ])
    assert.ok(tally.has(outcome), `${outcome} is not among ${[...tally.keys()].join(", ")}`);
});
