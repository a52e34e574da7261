import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import { CommandQueue, type QueuedCommand } from "./queue.ts";

const nothing: Command<unknown, unknown> = { name: "nothing", needs: () => [], decide: () => undefined };

type Options = { as?: Partial<Command<unknown, unknown>>; at?: number; gone?: () => boolean };

/** A queue; `rejected` has the code or the error of each rejected command, by name. */
function openQueue(): {
  queue: CommandQueue;
  enqueue: (name: string, options?: Options) => void;
  rejected: Record<string, unknown>;
  readyCalls: () => number;
} {
  let calls = 0;
  const rejected: Record<string, unknown> = {};
  const queue = new CommandQueue(() => calls++);
  const enqueue = (name: string, { as = {}, at = 0, gone = () => false }: Options = {}): void =>
    queue.enqueue({
      command: { ...nothing, ...as },
      input: name,
      arrivedAt: at,
      gone,
      resolve: () => {},
      reject: (error) => (rejected[name] = error instanceof Refusal ? error.code : error),
    });
  return { queue, enqueue, rejected, readyCalls: () => calls };
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

const names = (commands: QueuedCommand[]): unknown[] => commands.map(({ input }) => input);

describe("the queue", () => {
  test("returns ready commands in order, up to a number", () => {
    const { queue, enqueue } = openQueue();
    for (const name of ["a", "b", "c"]) enqueue(name);
    assert.equal(queue.length, 3);
    assert.deepEqual(names(queue.take(2, -1)), ["a", "b"]);
    assert.deepEqual(names(queue.take(2, -1)), ["c"]);
    assert.deepEqual(names(queue.take(2, -1)), []);
    assert.equal(queue.length, 0);
  });

  // Goes red without `this.#onReady()` at the end of a preparation, successful or not.
  test("reports when a preparing command is ready or has failed", async () => {
    const { queue, enqueue, rejected, readyCalls } = openQueue();
    const { promise, resolve } = Promise.withResolvers<string>();
    enqueue("a", { as: { prepare: () => promise } });
    enqueue("b", { as: { prepare: () => Promise.reject(new Error("no")) } });
    enqueue("c");
    await nextTurn();
    assert.deepEqual(names(queue.take(9, -1)), []);
    assert.equal(readyCalls(), 1);
    resolve("a, prepared");
    await nextTurn();
    assert.equal(readyCalls(), 2);
    assert.deepEqual(names(queue.take(9, -1)), ["a, prepared", "c"]);
    assert.match(String(rejected["b"]), /no/);
  });

  // Goes red without `#compact`.
  test("frees the memory of served commands", async () => {
    const { queue, enqueue } = openQueue();
    const served: WeakRef<QueuedCommand>[] = [];
    enqueue("stays in front", { as: { prepare: () => new Promise(() => {}) }, at: 1 });
    queue.rejectExpired(1);
    for (let i = 0; i < 5000; i++) enqueue(String(i), { at: 2 });
    served.push(...queue.take(4000, 1).map((queued) => new WeakRef(queued)));
    await nextTurn();
    collectGarbage();
    assert.equal(served.filter((queued) => queued.deref()).length, 0);
    assert.equal(queue.length, 1000);
  });

  // Goes red without `slice` in `#compact`, or if it does not cut at the head.
  test("keeps its order however long it is", () => {
    const { queue, enqueue } = openQueue();
    const seen: unknown[] = [];
    for (let i = 0; i < 10_000; i++) {
      enqueue(String(i));
      if (i % 3 === 0) seen.push(...names(queue.take(2, -1)));
    }
    while (queue.length > 0) seen.push(...names(queue.take(512, -1)));
    assert.deepEqual(
      seen,
      Array.from({ length: 10_000 }, (_, i) => String(i)),
    );
  });

  test("rejects commands that have waited too long or whose caller has gone", () => {
    const { queue, enqueue, rejected } = openQueue();
    enqueue("old", { at: 1 });
    enqueue("gone", { at: 5, gone: () => true });
    enqueue("late", { at: 3, as: { prepare: () => new Promise(() => {}) } });
    enqueue("new", { at: 5 });
    assert.equal(queue.since, 1);
    queue.rejectExpired(1);
    assert.deepEqual(rejected, { old: "BUSY" });
    assert.equal(queue.since, 5);
    assert.deepEqual(names(queue.take(9, 4)), ["new"]);
    assert.deepEqual(rejected, { old: "BUSY", gone: "BUSY", late: "BUSY" });
  });

  test("requeues commands at the front in their order, a limited number of times", () => {
    const { queue, enqueue, rejected } = openQueue();
    for (const name of ["a", "b", "c"]) enqueue(name);
    const round = queue.take(2, -1);
    for (let requeues = 1; requeues < 5; requeues++) {
      queue.requeue(round);
      assert.deepEqual(names(queue.take(2, -1)), ["a", "b"]);
    }
    queue.requeue(round);
    assert.deepEqual(rejected, { a: "BUSY", b: "BUSY" });
    assert.deepEqual(names(queue.take(9, -1)), ["c"]);
  });
});
