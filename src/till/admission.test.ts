import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AdmissionControl } from "./admission.ts";

const WAIT_MS = 3000;
/** As many a millisecond, so that a line of a thousand takes a second. */
const SERVED = 1;

/** A line before the door, on a clock of its own: so many come in each of its milliseconds. */
function street(): { come: (perMs: number, ms: number) => { letIn: number; turnedAway: number; longestMs: number }; waiting: () => number } {
  const door = new AdmissionControl(WAIT_MS);
  let now = 0;
  let waiting = 0;
  return {
    waiting: () => waiting,
    come(perMs, ms) {
      const seen = { letIn: 0, turnedAway: 0, longestMs: 0 };
      for (let i = 0; i < ms; i++, now++) {
        for (let j = 0; j < perMs; j++) {
          const expectedMs = waiting / SERVED;
          if (!door.admits(expectedMs, now, 5)) seen.turnedAway++;
          else {
            seen.letIn++;
            waiting++;
            seen.longestMs = Math.max(seen.longestMs, expectedMs);
          }
        }
        waiting = Math.max(0, waiting - SERVED);
      }
      return seen;
    },
  };
}

describe("the door", () => {
  test("lets a crowd that comes at once in whole, as far as it can be served in time", () => {
    assert.deepEqual(street().come(3000, 1), { letIn: 3000, turnedAway: 0, longestMs: 2999 });
    assert.deepEqual(street().come(10_000, 1), { letIn: 3001, turnedAway: 6999, longestMs: 3000 });
  });

  test("lets a crowd that comes within a second in whole", () => {
    assert.equal(street().come(2, 1000).turnedAway, 0);
  });

  test("turns nobody away where as many are served as come", () => {
    assert.deepEqual(street().come(1, 60_000), { letIn: 60_000, turnedAway: 0, longestMs: 0 });
  });

  // Goes red without `now - this.#longSince`, and without `#turnedAwayAt`: then the line is long again and again.
  test("keeps the line short while too many keep coming, and serves as many as ever", () => {
    const { come } = street();
    come(10, WAIT_MS);
    const flood = come(10, 60_000);
    assert.ok(flood.longestMs <= 300, `${flood.longestMs} ms`);
    assert.ok(flood.letIn >= 60_000 - 300 && flood.letIn <= 60_000 + 300, `${flood.letIn}`);
  });

  test("keeps it short as well where hardly more come than are served", () => {
    const door = new AdmissionControl(WAIT_MS);
    let waiting = 0;
    let longest = 0;
    for (let now = 0; now < 120_000; now++) {
      // Eleven come while ten are served.
      for (let j = 0; j < (now % 10 === 0 ? 2 : 1); j++) if (door.admits(waiting, now, 5)) waiting++;
      waiting--;
      longest = Math.max(longest, waiting);
    }
    assert.ok(longest <= 600, `${longest} ms`);
  });

  // Goes red where `#longSince` stays what it was.
  test("lets the next crowd in whole, once nobody has been turned away for a while", () => {
    const { come, waiting } = street();
    come(10, 60_000);
    come(0, 400);
    assert.equal(waiting(), 0);
    assert.equal(come(2500, 1).turnedAway, 0);
  });
});
