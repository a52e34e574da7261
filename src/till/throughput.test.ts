import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ThroughputEstimate } from "./throughput.ts";

/** A till that serves rounds of this size, each taking this long, one after the other. */
function learn(pace: ThroughputEstimate, rounds: number, commands: number, ms: number, from = 0): number {
  for (let i = 0; i < rounds; i++) pace.served(commands, from + i * ms, from + (i + 1) * ms);
  return from + rounds * ms;
}

describe("the pace", () => {
  test("of a crowd is learnt", () => {
    const pace = new ThroughputEstimate();
    learn(pace, 50, 500, 1000);
    assert.ok(Math.abs(pace.expectedMs(500) - 1000) < 10);
    assert.equal(pace.expectedMs(0), 0);
  });

  // Goes red without CROWD: a buyer who comes alone costs a whole round trip, which says nothing about a thousand.
  test("is not thought slow because of those who come alone", () => {
    const pace = new ThroughputEstimate();
    learn(pace, 1000, 1, 20);
    assert.ok(pace.expectedMs(1000) < 1000);
  });

  // Goes red without `sample < this.#msPerCommand`: so slow, the line is kept so short that no crowd ever gathers to show the contrary.
  test("recovers after a slow spell, also where only a few are let into the line", () => {
    const pace = new ThroughputEstimate();
    const end = learn(pace, 20, 64, 3000);
    assert.ok(pace.expectedMs(64) > 2900);
    learn(pace, 30, 60, 6, end);
    assert.ok(pace.expectedMs(1000) < 500, `${pace.expectedMs(1000)} ms`);
  });

  // Goes red without FEW, without `Math.min`, and where nothing is forgotten.
  test("tells what a round of hardly anybody takes: the shortest, unless they have all become slower", () => {
    const pace = new ThroughputEstimate();
    assert.equal(pace.smallRoundMs, 0);
    const end = learn(pace, 1, 500, 900);
    assert.equal(pace.smallRoundMs, 0);
    learn(pace, 10, 1, 20, end);
    assert.equal(pace.smallRoundMs, 20);
    pace.served(1, 2000, 2500);
    assert.ok(pace.smallRoundMs < 23);
    learn(pace, 50, 2, 100, 3000);
    assert.equal(pace.smallRoundMs, 100);
  });

  // Goes red without `Math.max(setOutAt, this.#servedAt)`: on two lanes each round would count twice.
  test("is that of all lanes together", () => {
    const pace = new ThroughputEstimate();
    for (let i = 0; i < 50; i++) pace.served(500, i * 1000, (i + 2) * 1000);
    assert.ok(Math.abs(pace.expectedMs(500) - 1000) < 10, `${pace.expectedMs(500)} ms`);
  });
});
