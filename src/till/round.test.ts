import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Round } from "./round.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

// Goes red without the line in `settle` that forgets the predecessors.
test("rounds that overlap without a gap do not keep settled ones in memory", async () => {
  const settled: WeakRef<Round>[] = [];
  let running = new Round([], [], 0, 0);
  for (let i = 0; i < 5; i++) running = successorOf(running, settled);
  settled.pop(); // The running round waits for its own predecessor only.
  await turn();
  collectGarbage();
  assert.equal(settled.filter((round) => round.deref() !== undefined).length, 0);
  assert.ok(await running.mayDecide());
});

/** Starts the next round while this one runs, and settles this one. */
function successorOf(running: Round, settled: WeakRef<Round>[]): Round {
  const next = new Round([], [running], 0, 0);
  running.settle();
  settled.push(new WeakRef(running));
  return next;
}
