import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Lanes } from "./lanes.ts";

let lanes: Lanes;
let started: number;
let calls: PromiseWithResolvers<void>[];
beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  lanes = new Lanes({ lanes: 2, yieldAfterMs: 100, mostYielded: 3 });
  [started, calls] = [0, []];
});

/** Starts calls that run until they are resolved. */
function start(count: number): Promise<unknown> {
  return Promise.allSettled(
    Array.from({ length: count }, () => {
      const call = Promise.withResolvers<void>();
      calls.push(call);
      return lanes.run(() => (started++, call.promise));
    }),
  );
}

async function startedAfter(ms: number): Promise<number> {
  await turns();
  mock.timers.tick(ms);
  await turns();
  return started;
}

/** Lets the calls that may run now start their timers. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test("calls that hang yield their lanes to the next ones, as far as the bound allows", async () => {
  const all = start(20);
  assert.equal(await startedAfter(99), 2);
  assert.equal(await startedAfter(1), 4);
  assert.equal(await startedAfter(100), 5);
  assert.equal(await startedAfter(1000), 5);
  for (const call of calls) call.resolve();
  await all;
  assert.equal(started, 20);
});

test("calls that fail free their lanes", async () => {
  const all = start(4);
  calls[0]?.reject(new Error("no answer"));
  calls[1]?.reject(new Error("no answer"));
  assert.equal(await startedAfter(0), 4);
  for (const call of calls) call.resolve();
  await all;
});
