// The till's promises about order and rounds, on a store in memory.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertIdle, boxes, first, journal, openTill, outcomes, put, type Put, putLater, together, words } from "../../test/support/till-fixture.ts";
import { type Command, command } from "./command.ts";
import { need } from "./table.ts";
import type { TillOptions } from "./till.ts";
import { NeedsChanged } from "./unit-of-work.ts";

describe("order of arrival", () => {
  // Goes red if `enqueue` does not append.
  test("commands are decided in the order of their arrival", async () => {
    const fixture = openTill();
    const all = Array.from({ length: 100 }, (_, i) => fixture.till.submit(put, { box: "a", word: String(i) }));
    assert.deepEqual(
      await fixture.clock.run(outcomes(all)),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    assert.deepEqual(
      fixture.store.entries(journal),
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
    assertIdle(fixture);
  });

  test("a round that waits for its locks is not overtaken by a concurrent round", async () => {
    const { till, store, clock } = openTill((step) =>
      step.name === "lock" && step.needs.length === 1 ? clock.pause(50).then(() => undefined) : undefined,
    );
    const slow = till.submit(put, { box: "a", word: "first" });
    const quick = [till.submit(put, { box: "a", word: "second" }), till.submit(put, { box: "b", word: "third" })];
    await clock.run(outcomes([slow, ...quick]));
    assert.deepEqual(store.entries(journal), ["first", "second", "third"]);
  });

  // Goes red without `if (round.locked())`: then rounds run one at a time, whatever `concurrency`
  // says.
  test("while a round commits, the next one locks its rows and decides if there is no conflict", async () => {
    const { till, store, clock } = openTill((step) =>
      step.name === "commit" && words(step.changes).includes("slow") ? clock.pause(50).then(() => undefined) : undefined,
    );
    const slow = till.submit(put, { box: "a", word: "slow" });
    await clock.advance(0);
    const quick = till.submit(put, { box: "b", word: "quick" });
    await clock.run(Promise.all([slow, quick]));
    assert.deepEqual(store.entries(journal), ["quick", "slow"]);
  });

  /**
   * Submits four commands that need the same row, while the first one's round takes 10 ms to
   * commit. Returns the number of rounds.
   */
  async function roundsOfFour(options: Partial<TillOptions>): Promise<number> {
    const fixture = openTill((step) => (step.name === "commit" ? fixture.clock.pause(10).then(() => undefined) : undefined), options);
    const { till, clock, store } = fixture;
    const all = [till.submit(put, { box: "a", word: "0" })];
    for (const word of ["1", "2", "3"]) {
      await clock.advance(2);
      all.push(till.submit(put, { box: "a", word }));
    }
    assert.deepEqual(await clock.run(outcomes(all)), [1, 2, 3, 4]);
    assert.deepEqual(store.entries(journal), ["0", "1", "2", "3"]);
    return till.served.rounds;
  }

  // Goes red without `round.conflictsWith(batch)` in `#mayStart`: then the second command gets a
  // round of its own.
  test("a few commands that need rows of a running round wait and share one round", async () => assert.equal(await roundsOfFour({}), 2));

  // Goes red without `batch.length < this.#largeBatch` in `#mayStart`, or its counterpart in
  // `#startRounds`: then there are two rounds.
  test("a large batch starts even if it needs rows of a running round", async () => assert.equal(await roundsOfFour({ roundSize: 4 }), 3));

  // Goes red without `this.#waitingForRunningRound = false` at the end of a round.
  test("a waiting batch starts when the running round has ended, with the commands that came since", async () => {
    const fixture = openTill((step) => (step.name === "commit" ? fixture.clock.pause(10).then(() => undefined) : undefined));
    const { till, clock, store } = fixture;
    const all = [till.submit(put, { box: "a", word: "1" })];
    await clock.advance(2);
    all.push(till.submit(put, { box: "a", word: "2" }), till.submit(put, { box: "b", word: "3" }));
    assert.deepEqual(await clock.run(outcomes(all)), [1, 2, 1]);
    assert.deepEqual(store.entries(journal), ["1", "2", "3"]);
    assertIdle(fixture);
  });

  test("a preparing command keeps its place, and the commands behind it wait", async () => {
    const { till, store, clock } = openTill();
    const preparing = till.submit(putLater(clock.pause(50)), { box: "a", word: "first" });
    const ready = till.submit(put, { box: "a", word: "second" });
    await clock.run(outcomes([preparing, ready]));
    assert.deepEqual(store.entries(journal), ["first", "second"]);
  });

  for (const mishap of ["conflict", "lost and abandoned", "rejected", "timeout", "unavailable"] as const) {
    // Goes red without `mayDecide`: the second round has the rows as soon as the first one has lost
    // them.
    test(`a retried round (${mishap}) is not overtaken by a successor that got its rows`, async () => {
      const mishaps = [mishap];
      const fixture = openTill((step) => (step.name === "commit" ? fixture.clock.pause(10).then(() => mishaps.shift()) : undefined), {
        roundSize: 4,
      });
      const { till, store, clock } = fixture;
      const ahead = together(
        fixture,
        ["1", "2", "3", "4"].map((word) => ({ box: "a", word })),
      );
      await clock.advance(0);
      const successors = outcomes(["5", "6"].map((word) => till.submit(put, { box: "a", word })));
      assert.deepEqual(await clock.run(Promise.all([ahead, successors])), [
        [1, 2, 3, 4],
        [5, 6],
      ]);
      assert.deepEqual(store.entries(journal), ["1", "2", "3", "4", "5", "6"]);
      assertIdle(fixture);
    });
  }

  test("of three conflicting rounds, both successors of a retried round let it pass", async () => {
    const { till, store, clock } = openTill(first("commit", "conflict"), { concurrency: 3, roundSize: 2 });
    const all: Promise<number>[] = [];
    for (const [box, word] of [
      ["a", "1"],
      ["a", "2"],
      ["a", "3"],
      ["b", "other"],
    ] as const) {
      all.push(till.submit(put, { box, word }));
      await Promise.resolve();
    }
    assert.deepEqual(await clock.run(outcomes(all)), [1, 2, 3, 1]);
    assert.deepEqual(
      store.entries(journal).filter((word) => word !== "other"),
      ["1", "2", "3"],
    );
  });

  // Goes red without `holdsLocks = false` in `retry`.
  test("no round starts behind one that has to retry", async () => {
    const locked: string[] = [];
    const conflictTwice = first("commit", "conflict", "conflict");
    const { till, clock } = openTill((step) => {
      if (step.name === "lock") locked.push(step.needs.map(({ key }) => key).join());
      return conflictTwice(step);
    });
    const retried = till.submit(put, { box: "a", word: "1" });
    await clock.advance(0);
    const newcomer = till.submit(put, { box: "b", word: "2" });
    await clock.run(outcomes([retried, newcomer]));
    assert.deepEqual(locked, ["a", "a", "a", "b"]);
  });

  // Goes red without `splice` at the front in `requeue`.
  test("commands whose needs have changed are requeued in their order, before all others", async () => {
    const fixture = openTill(undefined, { roundSize: 4, concurrency: 1 });
    const { store } = fixture;
    const seen = new Set<string>();
    const requeuedOnce: Command<Put, number> = {
      ...put,
      decide(uow, input) {
        if (!seen.has(input.word)) {
          seen.add(input.word);
          throw new NeedsChanged();
        }
        return put.decide(uow, input);
      },
    };
    const round = together(
      fixture,
      ["0", "1", "2", "3"].map((word) => ({ box: "a", word })),
      ({ word }) => (word === "0" ? put : requeuedOnce),
    );
    const next = outcomes([fixture.till.submit(put, { box: "b", word: "4" })]);
    await fixture.clock.run(Promise.all([round, next]));
    assert.deepEqual(store.entries(journal), ["0", "1", "2", "3", "4"]);
  });
});

describe("a round", () => {
  test("a round is limited by its commands and by their rows", async () => {
    const rounds: number[] = [];
    const { till, clock } = openTill((step) => void (step.name === "lock" && rounds.push(step.needs.length)), { roundSize: 4 });
    const heavy = (rows: number): Command<Put, number> => ({
      ...put,
      needs: ({ box }) => Array.from({ length: rows }, (_, i) => need(boxes, i === 0 ? box : `${box}${i}`)),
    });
    const all = [1, 1, 1, 1, 1, 1, 60, 10, 100, 1].map((rows, i) => till.submit(heavy(rows), { box: `${i}`, word: "" }));
    await clock.run(outcomes(all));
    // At most four with at most 64 rows; a command that needs more is alone.
    assert.deepEqual(rounds, [4, 62, 10, 100, 1]);
  });

  // Goes red with `#startRounds` in place of `#startSoon`: the first command gets a round of its own, and the others wait for it.
  test("commands that arrive together share a round", async () => {
    const { till, clock } = openTill();
    const all = ["a", "b", "c"].map((box) => till.submit(put, { box, word: box }));
    assert.deepEqual(await clock.run(outcomes(all)), [1, 1, 1]);
    assert.equal(till.served.rounds, 1);
  });

  // Goes red if a round without changes is committed.
  test("a round of refusals writes nothing and is answered without waiting for the disk", async () => {
    const steps: string[] = [];
    const fixture = openTill((step) => void steps.push(step.name));
    assert.deepEqual(await fixture.clock.run(outcomes([fixture.till.submit(put, { box: "a", word: "1", most: 0 })])), ["STOCK_INSUFFICIENT"]);
    assert.deepEqual(steps, ["lock"]);
    assertIdle(fixture);
  });

  test("a round's instant is the store's, never before the previous round's, and follows a corrected clock", async () => {
    const { till, clock } = openTill();
    const when = command<null, number>({ name: "when", needs: () => [need(boxes, "a")], decide: (uow) => uow.now });
    const start = clock.now();
    const at = async (now: number): Promise<number> => {
      clock.set(now);
      return (await clock.run(till.submit(when, null))) - start;
    };
    assert.equal(await at(start + 5000), 5000);
    assert.equal(await at(start + 4000), 5000, "a step back of a second is waited out");
    assert.equal(await at(start + 5001), 5001);
    assert.equal(await at(start + 86_400_000), 86_400_000);
    assert.equal(await at(start + 6000), 6000, "the clock was wrong and is right again");
  });

  // Goes red if waiting is measured by `now`.
  test("setting the shop's clock back or forward rejects no command", async () => {
    const { till, clock } = openTill((step) => (step.name === "lock" ? clock.pause(100).then(() => undefined) : undefined));
    const all = [till.submit(put, { box: "a", word: "1" }), till.submit(put, { box: "a", word: "2" })];
    clock.set(clock.now() + 86_400_000);
    all.push(till.submit(put, { box: "a", word: "3" }));
    clock.set(clock.now() - 172_800_000);
    all.push(till.submit(put, { box: "a", word: "4" }));
    assert.deepEqual(await clock.run(outcomes(all)), [1, 2, 3, 4]);
  });
});
