import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ThroughputEstimate } from "./throughput.ts";

/**
 * Learns from rounds of this size and duration, one after the other. Returns when the last one
 * ended.
 */
function learn(estimate: ThroughputEstimate, rounds: number, commands: number, ms: number, from = 0): number {
  for (let i = 0; i < rounds; i++) estimate.served(commands, from + i * ms, from + (i + 1) * ms);
  return from + rounds * ms;
}

describe("the throughput estimate", () => {
  test("learns from large rounds", () => {
    const estimate = new ThroughputEstimate();
    learn(estimate, 50, 500, 1000);
    assert.ok(Math.abs(estimate.expectedMs(500) - 1000) < 10);
    assert.equal(estimate.expectedMs(0), 0);
  });

  // Goes red without LARGE_ROUND: a single buyer costs a whole round trip, which tells nothing
  // about a thousand.
  test("does not become slow because of rounds with a single command", () => {
    const estimate = new ThroughputEstimate();
    learn(estimate, 1000, 1, 20);
    assert.ok(estimate.expectedMs(1000) < 1000);
  });

  // Goes red without `sample < this.#msPerCommand`: a slow estimate keeps the queue so short that
  // no large round ever corrects it.
  test("recovers after a slow period even if only small rounds follow", () => {
    const estimate = new ThroughputEstimate();
    const end = learn(estimate, 20, 64, 3000);
    assert.ok(estimate.expectedMs(64) > 2900);
    learn(estimate, 30, 60, 6, end);
    assert.ok(estimate.expectedMs(1000) < 500, `${estimate.expectedMs(1000)} ms`);
  });

  // Goes red without SMALL_ROUND, without `Math.min`, and without MINIMUM_GROWTH.
  test("reports the shortest small round, unless all have become slower", () => {
    const estimate = new ThroughputEstimate();
    assert.equal(estimate.smallRoundMs, 0);
    const end = learn(estimate, 1, 500, 900);
    assert.equal(estimate.smallRoundMs, 0);
    learn(estimate, 10, 1, 20, end);
    assert.equal(estimate.smallRoundMs, 20);
    estimate.served(1, 2000, 2500);
    assert.ok(estimate.smallRoundMs < 23);
    learn(estimate, 50, 2, 100, 3000);
    assert.equal(estimate.smallRoundMs, 100);
  });

  // Goes red without `Math.max(startedAt, this.#servedAt)`: with a concurrency of two, each round
  // would count twice.
  test("counts overlapping rounds once", () => {
    const estimate = new ThroughputEstimate();
    for (let i = 0; i < 50; i++) estimate.served(500, i * 1000, (i + 2) * 1000);
    assert.ok(Math.abs(estimate.expectedMs(500) - 1000) < 10, `${estimate.expectedMs(500)} ms`);
  });
});
