import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../support/random.ts";
import { judge, perUnit, type Point, type Series } from "./judge.ts";

const HOUR = { from: 0, to: 3_600_000 };
const rng = random(1);
const noise = (size: number): number => (rng.below(1000) / 1000 - 0.5) * size;

/** A value each 10 s, by the share of the hour that has passed. */
function series(value: (share: number, i: number) => number, more: Partial<Series> = {}): Series {
  const points = Array.from({ length: 360 }, (_, i): Point => [i * 10_000, value(i / 360, i)]);
  return { name: "a series", unit: "MB", points, of: "median", allowed: { constant: 5, share: 0.1 }, ...more };
}

const verdict = (of: Series, run = HOUR): string => judge(of, run).verdict;

test("a level with noise and single spikes is flat", () => {
  assert.equal(verdict(series((_, i) => 200 + noise(60) + (i % 50 === 0 ? 500 : 0))), "flat");
});

test("a rise during the warm-up is flat", () => {
  assert.equal(verdict(series((share) => Math.min(1, share * 5) * 200 + noise(10))), "flat");
});

test("a slow growth beyond the allowance is found, also in a sawtooth", () => {
  assert.equal(verdict(series((share) => 100 + 40 * share + noise(10))), "grows");
  assert.equal(verdict(series((share, i) => 100 + 40 * share + (i % 20), { of: "min" })), "grows");
});

test("growth within the allowance is flat", () => {
  assert.equal(verdict(series((share) => 100 + 10 * share)), "flat");
  assert.equal(verdict(series((share) => 100 + 10 * share, { allowed: { constant: 1, share: 0 } })), "grows");
});

test("a queue whose bursts grow is flat while it empties between them, and a queue that no longer empties is found", () => {
  const queue: Partial<Series> = { of: "min", allowed: { constant: 25, share: 1 } };
  assert.equal(verdict(series((share, i) => (i % 10 === 0 ? 0 : 500 * share), queue)), "flat");
  assert.equal(verdict(series((share, i) => 100 * share + (i % 10 === 0 ? 0 : 50), queue)), "grows");
});

test("one more of a thing that must never grow is found", () => {
  assert.equal(verdict(series((share) => Math.floor(share * 10), { allowed: { constant: 0, share: 0 } })), "grows");
});

test("a series that is too short for its kind is not judged", () => {
  assert.equal(verdict(series((share) => 100 + 100 * share, { minMinutes: 61 })), "not judged");
  assert.equal(verdict({ ...series(() => 1), points: [[0, 1]] }), "not judged");
});

test("what a unit of work costs is flat while the total grows, and a rising cost is found", () => {
  const work = series((_, i) => i * 30).points;
  const bytes = (perOrder: (share: number) => number): Point[] => {
    let total = 0;
    return series((share) => (total += 30 * perOrder(share)), {}).points;
  };
  const one = (points: Point[]): Series => series(() => 0, { points: perUnit(points, work), allowed: { constant: 0, share: 0.3 } });
  assert.equal(verdict(one(bytes(() => 5000 + noise(500)))), "flat");
  assert.equal(verdict(one(bytes((share) => 5000 + 5000 * share))), "grows");
});
