import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import { CommandQueue, type Waiting } from "./queue.ts";

const nothing: Command<unknown, unknown> = { name: "nothing", needs: () => [], decide: () => undefined };

type Visit = { as?: Partial<Command<unknown, unknown>>; at?: number; gone?: () => boolean };

/** A line, and hands to stand in it; `left` tells how each went who did not stay, by name. */
function openLine(): { line: CommandQueue; come: (name: string, visit?: Visit) => void; left: Record<string, unknown>; ready: () => number } {
  let calls = 0;
  const left: Record<string, unknown> = {};
  const line = new CommandQueue(() => calls++);
  const come = (name: string, { as = {}, at = 0, gone = () => false }: Visit = {}): void =>
    line.enqueue({
      command: { ...nothing, ...as },
      input: name,
      arrivedAt: at,
      gone,
      resolve: () => {},
      reject: (error) => (left[name] = error instanceof Refusal ? error.code : error),
    });
  return { line, come, left, ready: () => calls };
}

const allDone = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

const names = (round: Waiting[]): unknown[] => round.map((one) => one.input);

describe("the line", () => {
  test("gives out who is ready, in order, up to a number", () => {
    const { line, come } = openLine();
    for (const name of ["a", "b", "c"]) come(name);
    assert.equal(line.length, 3);
    assert.deepEqual(names(line.take(2, -1)), ["a", "b"]);
    assert.deepEqual(names(line.take(2, -1)), ["c"]);
    assert.deepEqual(names(line.take(2, -1)), []);
    assert.equal(line.length, 0);
  });

  // Goes red without `this.#onReady()` when a preparation ends, well or badly.
  test("says when somebody who prepared is ready, or has left", async () => {
    const { line, come, left, ready } = openLine();
    const { promise, resolve } = Promise.withResolvers<string>();
    come("a", { as: { prepare: () => promise } });
    come("b", { as: { prepare: () => Promise.reject(new Error("no")) } });
    come("c");
    await allDone();
    assert.deepEqual(names(line.take(9, -1)), []);
    assert.equal(ready(), 1);
    resolve("a, prepared");
    await allDone();
    assert.equal(ready(), 2);
    assert.deepEqual(names(line.take(9, -1)), ["a, prepared", "c"]);
    assert.match(String(left["b"]), /no/);
  });

  // Goes red without `#forget`.
  test("forgets who was served", async () => {
    const { line, come } = openLine();
    const served: WeakRef<Waiting>[] = [];
    come("stays in front", { as: { prepare: () => new Promise(() => {}) }, at: 1 });
    line.rejectExpired(1);
    for (let i = 0; i < 5000; i++) come(String(i), { at: 2 });
    served.push(...line.take(4000, 1).map((one) => new WeakRef(one)));
    await allDone();
    collectGarbage();
    assert.equal(served.filter((one) => one.deref()).length, 0);
    assert.equal(line.length, 1000);
  });

  // Goes red without `slice` in `#forget`, or where it cuts elsewhere than at the head.
  test("keeps its order however long it is", () => {
    const { line, come } = openLine();
    const seen: unknown[] = [];
    for (let i = 0; i < 10_000; i++) {
      come(String(i));
      if (i % 3 === 0) seen.push(...names(line.take(2, -1)));
    }
    while (line.length > 0) seen.push(...names(line.take(512, -1)));
    assert.deepEqual(
      seen,
      Array.from({ length: 10_000 }, (_, i) => String(i)),
    );
  });

  // Goes red without either of the conditions in `take`.
  test("sends away who has come too long ago, and who has gone", () => {
    const { line, come, left } = openLine();
    come("old", { at: 1 });
    come("gone", { at: 5, gone: () => true });
    come("late", { at: 3, as: { prepare: () => new Promise(() => {}) } });
    come("new", { at: 5 });
    assert.equal(line.since, 1);
    line.rejectExpired(1);
    assert.deepEqual(left, { old: "BUSY" });
    assert.equal(line.since, 5);
    assert.deepEqual(names(line.take(9, 4)), ["new"]);
    assert.deepEqual(left, { old: "BUSY", gone: "BUSY", late: "BUSY" });
  });

  test("has them come again before everybody else, in their order, so many times", () => {
    const { line, come, left } = openLine();
    for (const name of ["a", "b", "c"]) come(name);
    const round = line.take(2, -1);
    for (let turn = 1; turn < 5; turn++) {
      line.requeue(round);
      assert.deepEqual(names(line.take(2, -1)), ["a", "b"]);
    }
    line.requeue(round);
    assert.deepEqual(left, { a: "BUSY", b: "BUSY" });
    assert.deepEqual(names(line.take(9, -1)), ["c"]);
  });
});
