import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { concurrently } from "./concurrently.ts";

test("as many are under way as allowed, and no more, and each is done once", async () => {
  let underWay = 0;
  let most = 0;
  const done: number[] = [];
  await concurrently([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++underWay);
    await turn();
    underWay--;
    done.push(item);
  });
  assert.equal(most, 3);
  assert.deepEqual(done.toSorted(), [1, 2, 3, 4, 5, 6, 7]);
});

// Goes red without `!failed`.
test("after a failure nothing is begun, and what had begun is waited for", async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const run = concurrently([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("the first fails");
    await turn();
    ended.push(item);
  });
  await assert.rejects(run, /the first fails/);
  assert.deepEqual([begun, ended], [[1, 2], [2]]);
});
