// Commands and till without a database: seeded histories, compared with a naive model; all invariants after every round.

import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "./simulation.ts";

const SEEDS = [1, 20_260_229, 77_777];
const STEPS = 4000;

for (const seed of SEEDS) {
  test(`seed ${seed}: all responses equal the model's, and all invariants hold after every round`, async () => {
    const { commands, failure } = await simulate({ seed, steps: STEPS });
    assert.equal(failure, undefined, failure);
    assert.ok(commands >= STEPS);
  });
}

test("a seed always gives the same simulation", async () => {
  const [once, again] = [await simulate({ seed: 5, steps: 1500 }), await simulate({ seed: 5, steps: 1500 })];
  assert.deepEqual(again.tally, once.tally);
  assert.equal(again.rounds, once.rounds);
});

test("the histories reach the main outcomes", async () => {
  const { tally } = await simulate({ seed: 9, steps: 12_000 });
  const reached = [...tally.keys()];
  for (const outcome of [
    "place order: done",
    "place order: STOCK_INSUFFICIENT",
    "place order: BALANCE_INSUFFICIENT",
    "pay order: done",
    "cancel order: done",
    "issue coupon: done",
    "issue coupon: COUPON_SOLD_OUT",
    "refund order: done",
    "ship order: done",
    "ship order: ORDER_NOT_SHIPPABLE",
    "cancel order: ORDER_NOT_CANCELLABLE FULFILMENT",
    "deliver shipment: done",
    "request return: done",
    "request return: ORDER_NOT_RETURNABLE",
    "receive return: done",
    "erase user: done",
    "erase user: USER_NOT_ERASABLE OPEN_ORDERS",
  ]) {
    assert.ok(reached.includes(outcome), `${outcome} is not among the ${reached.length} kinds of outcome`);
  }
});
