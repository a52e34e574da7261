import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AdmissionControl } from "./admission.ts";

const WAIT_MS = 3000;
/** Commands served per ms, so that a queue of a thousand takes a second. */
const SERVED_PER_MS = 1;
const SMALL_ROUND_MS = 5;

type Seen = { admitted: number; rejected: number; longestMs: number };

/**
 * A queue behind admission control on its own clock, with the same number of arrivals in each ms.
 */
function openQueue(): { arrive: (perMs: number, ms: number) => Seen; waiting: () => number } {
  const admission = new AdmissionControl(WAIT_MS);
  let now = 0;
  let waiting = 0;
  return {
    waiting: () => waiting,
    arrive(perMs, ms) {
      const seen = { admitted: 0, rejected: 0, longestMs: 0 };
      for (let i = 0; i < ms; i++, now++) {
        for (let j = 0; j < perMs; j++) {
          const expectedMs = waiting / SERVED_PER_MS;
          if (!admission.admits(expectedMs, now, SMALL_ROUND_MS)) seen.rejected++;
          else {
            seen.admitted++;
            waiting++;
            seen.longestMs = Math.max(seen.longestMs, expectedMs);
          }
        }
        waiting = Math.max(0, waiting - SERVED_PER_MS);
      }
      return seen;
    },
  };
}

describe("admission control", () => {
  test("admits a burst whole, as far as it can be served in time", () => {
    assert.deepEqual(openQueue().arrive(3000, 1), { admitted: 3000, rejected: 0, longestMs: 2999 });
    assert.deepEqual(openQueue().arrive(10_000, 1), { admitted: 3001, rejected: 6999, longestMs: 3000 });
  });

  test("admits a burst within a second whole", () => {
    assert.equal(openQueue().arrive(2, 1000).rejected, 0);
  });

  test("rejects nothing while arrivals do not exceed throughput", () => {
    assert.deepEqual(openQueue().arrive(1, 60_000), { admitted: 60_000, rejected: 0, longestMs: 0 });
  });

  // Goes red without `now - this.#longSince`, and without `#rejectedAt`: then the queue becomes
  // long again and again.
  test("keeps the queue short under sustained overload without losing throughput", () => {
    const { arrive } = openQueue();
    arrive(10, WAIT_MS);
    const overload = arrive(10, 60_000);
    assert.ok(overload.longestMs <= 300, `${overload.longestMs} ms`);
    assert.ok(overload.admitted >= 60_000 - 300 && overload.admitted <= 60_000 + 300, `${overload.admitted}`);
  });

  test("keeps the queue short even if arrivals barely exceed throughput", () => {
    const admission = new AdmissionControl(WAIT_MS);
    let waiting = 0;
    let longest = 0;
    for (let now = 0; now < 120_000; now++) {
      // Eleven arrive while ten are served.
      for (let j = 0; j < (now % 10 === 0 ? 2 : 1); j++) if (admission.admits(waiting, now, SMALL_ROUND_MS)) waiting++;
      waiting--;
      longest = Math.max(longest, waiting);
    }
    assert.ok(longest <= 600, `${longest} ms`);
  });

  // Goes red if `#longSince` is never reset.
  test("admits the next burst whole after a while without rejections", () => {
    const { arrive, waiting } = openQueue();
    arrive(10, 60_000);
    arrive(0, 400);
    assert.equal(waiting(), 0);
    assert.equal(arrive(2500, 1).rejected, 0);
  });
});
