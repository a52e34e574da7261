import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "node:test";
import { concurrently } from "./concurrently.ts";

test("each item is processed once, never more than the limit at a time", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await concurrently([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await nextTurn();
    running--;
    done.push(item);
  });
  assert.equal(most, 3);
  assert.deepEqual(done.toSorted(), [1, 2, 3, 4, 5, 6, 7]);
});

// Goes red without `!failed`.
test("after a failure no item is started, and started items are awaited", async () => {
  const [started, ended]: [number[], number[]] = [[], []];
  const run = concurrently([1, 2, 3, 4], 2, async (item) => {
    started.push(item);
    if (item === 1) throw new Error("the first fails");
    await nextTurn();
    ended.push(item);
  });
  await assert.rejects(run, /the first fails/);
  assert.deepEqual([started, ended], [[1, 2], [2]]);
});
