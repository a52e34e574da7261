// The till's promises, on a store in memory that fails on demand and a clock on which waiting is instant.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore, type MemoryStoreOptions, type Mishap, type Step } from "../../test/support/memory-store.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Refusal, refuse } from "../refusal.ts";
import { type Command, command } from "./command.ts";
import { type Changes, type Journal, need, type Table } from "./table.ts";
import { Till, type TillOptions } from "./till.ts";
import { NeedsChanged } from "./unit-of-work.ts";

/** Boxes with a number of things in each, and a journal of all puts in order. */
const boxes: Table<number> = { name: "variants", load: unused, read: unused, save: unused };
const journal: Journal<string> = { name: "puts", append: unused };
function unused(): never {
  throw new Error("the store in memory needs no SQL");
}

type Put = { box: string; word: string; most?: number };

/** Puts a thing into a box and a word into the journal. Returns how many things are in the box, or refuses above `most`. */
const put = command<Put, number>({
  name: "put",
  needs: ({ box }) => [need(boxes, box)],
  decide(uow, { box, word, most = Number.POSITIVE_INFINITY }) {
    const count = (uow.find(boxes, box) ?? 0) + 1;
    uow.put(boxes, box, count);
    uow.append(journal, word);
    if (count > most) refuse("STOCK_INSUFFICIENT", { available: most });
    return count;
  },
});

/** The same command, ready after `ready`. */
const putLater = (ready: Promise<unknown>): Command<Put, number> => ({ ...put, prepare: (input) => ready.then(() => input) });

type Fixture = { till: Till; store: MemoryStore; clock: VirtualClock; faults: { command: string; error: unknown }[] };

function open(mishap: MemoryStoreOptions["mishap"] | undefined = undefined, options: Partial<TillOptions> = {}): Fixture {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock, ...(mishap ? { mishap } : {}) });
  const faults: Fixture["faults"] = [];
  const till = new Till({ store, clock, waitMs: 3000, onFault: (name, error) => faults.push({ command: name, error }), ...options });
  return { till, store, clock, faults };
}

/** Submits commands so that one round serves them all: the first one prepares for a moment. */
function together({ till, clock }: Fixture, inputs: Put[], as: (input: Put) => Command<Put, number> = () => put): Promise<unknown[]> {
  return outcomes(
    inputs.map((input, i) => till.submit(i === 0 ? { ...as(input), prepare: () => clock.pause(0).then(() => input) } : as(input), input)),
  );
}

/** These mishaps, one at each step of this name, then none. */
function first(name: Step["name"], ...mishaps: (Mishap | undefined)[]): (step: Step) => Mishap | undefined {
  return (step) => (step.name === name ? mishaps.shift() : undefined);
}

const words = (changes: Changes): string[] => (changes.journals.get(journal) ?? []) as string[];

/** The answers of commands, or the codes or messages of their errors. */
async function outcomes(commands: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(commands);
  return settled.map((result) => {
    if (result.status === "fulfilled") return result.value;
    return result.reason instanceof Refusal ? result.reason.code : (result.reason as Error).message;
  });
}

/** No lock is held and no command waits. */
function assertIdle({ store, till }: Fixture): void {
  assert.deepEqual({ open: store.open, waiting: till.waiting }, { open: 0, waiting: 0 });
}

describe("order of arrival", () => {
  // Goes red if `enqueue` does not append.
  test("commands are decided in the order of their arrival", async () => {
    const fixture = open();
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
    const { till, store, clock } = open((step) =>
      step.name === "lock" && step.needs.length === 1 ? clock.pause(50).then(() => undefined) : undefined,
    );
    const slow = till.submit(put, { box: "a", word: "first" });
    const quick = [till.submit(put, { box: "a", word: "second" }), till.submit(put, { box: "b", word: "third" })];
    await clock.run(outcomes([slow, ...quick]));
    assert.deepEqual(store.entries(journal), ["first", "second", "third"]);
  });

  // Goes red without `if (round.locked())`: then rounds run one at a time, whatever `concurrency` says.
  test("while a round commits, the next one locks its rows and decides if there is no conflict", async () => {
    const { till, store, clock } = open((step) =>
      step.name === "commit" && words(step.changes).includes("slow") ? clock.pause(50).then(() => undefined) : undefined,
    );
    const slow = till.submit(put, { box: "a", word: "slow" });
    const quick = till.submit(put, { box: "b", word: "quick" });
    await clock.run(Promise.all([slow, quick]));
    assert.deepEqual(store.entries(journal), ["quick", "slow"]);
  });

  /** Submits four commands that need the same row, while the first one's round takes 10 ms to commit. Returns the number of rounds. */
  async function roundsOfFour(options: Partial<TillOptions>): Promise<number> {
    const fixture = open((step) => (step.name === "commit" ? fixture.clock.pause(10).then(() => undefined) : undefined), options);
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

  // Goes red without `round.conflictsWith(batch)` in `#mayStart`: then the second command gets a round of its own.
  test("a few commands that need rows of a running round wait and share one round", async () => assert.equal(await roundsOfFour({}), 2));

  // Goes red without `batch.length < this.#largeBatch` in `#mayStart`, or its counterpart in `#startRounds`: then there are two rounds.
  test("a large batch starts even if it needs rows of a running round", async () => assert.equal(await roundsOfFour({ roundSize: 4 }), 3));

  // Goes red without `this.#waitingForRunningRound = false` at the end of a round.
  test("a waiting batch starts when the running round has ended, with the commands that came since", async () => {
    const fixture = open((step) => (step.name === "commit" ? fixture.clock.pause(10).then(() => undefined) : undefined));
    const { till, clock, store } = fixture;
    const all = [till.submit(put, { box: "a", word: "1" })];
    await clock.advance(2);
    all.push(till.submit(put, { box: "a", word: "2" }), till.submit(put, { box: "b", word: "3" }));
    assert.deepEqual(await clock.run(outcomes(all)), [1, 2, 1]);
    assert.deepEqual(store.entries(journal), ["1", "2", "3"]);
    assertIdle(fixture);
  });

  test("a preparing command keeps its place, and the commands behind it wait", async () => {
    const { till, store, clock } = open();
    const preparing = till.submit(putLater(clock.pause(50)), { box: "a", word: "first" });
    const ready = till.submit(put, { box: "a", word: "second" });
    await clock.run(outcomes([preparing, ready]));
    assert.deepEqual(store.entries(journal), ["first", "second"]);
  });

  for (const mishap of ["conflict", "lost and abandoned", "rejected", "timeout", "unavailable"] as const) {
    // Goes red without `mayDecide`: the second round has the rows as soon as the first one has lost them.
    test(`a retried round (${mishap}) is not overtaken by a successor that got its rows`, async () => {
      const mishaps = [mishap];
      const fixture = open((step) => (step.name === "commit" ? fixture.clock.pause(10).then(() => mishaps.shift()) : undefined), { roundSize: 4 });
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
    const { till, store, clock } = open(first("commit", "conflict"), { concurrency: 3, roundSize: 2 });
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
    const { till, clock } = open((step) => {
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
    const fixture = open(undefined, { roundSize: 4, concurrency: 1 });
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

describe("isolation", () => {
  test("a refused command leaves no change, neither for its neighbors nor on disk", async () => {
    const { till, store, clock } = open();
    const all = [1, 1, 1].map((most, i) => till.submit(put, { box: "a", word: `small ${i}`, most }));
    const neighbor = till.submit(put, { box: "a", word: "large" });
    assert.deepEqual(await clock.run(outcomes([...all, neighbor])), [1, "STOCK_INSUFFICIENT", "STOCK_INSUFFICIENT", 2]);
    assert.deepEqual(store.entries(journal), ["small 0", "large"]);
    assert.equal(store.row(boxes, "a"), 2);
  });

  // Goes red without the catch in `decide`, and without `#fault` in `#answer`.
  test("a decision that throws fails alone and is reported", async () => {
    const fixture = open();
    const { till, store, clock, faults } = fixture;
    const broken: Command<Put, number> = {
      ...put,
      name: "broken",
      decide(uow, input) {
        put.decide(uow, input);
        throw new TypeError("a bug");
      },
    };
    const all = [till.submit(put, { box: "a", word: "1" }), till.submit(broken, { box: "a", word: "2" }), till.submit(put, { box: "a", word: "3" })];
    assert.deepEqual(await clock.run(outcomes(all)), [1, "a bug", 2]);
    assert.deepEqual(store.entries(journal), ["1", "3"]);
    assert.deepEqual(
      faults.map(({ command: name, error }) => [name, (error as Error).message]),
      [["broken", "a bug"]],
    );
    assertIdle(fixture);
  });

  test("a command that looks for a row outside its needs fails", async () => {
    const { till, clock, faults } = open();
    const withoutNeeds: Command<Put, number> = { ...put, needs: () => [] };
    assert.deepEqual(await clock.run(outcomes([till.submit(withoutNeeds, { box: "a", word: "1" })])), ["variants a is not in the command's needs"]);
    assert.equal(faults.length, 1);
  });

  // Goes red without the catch around `needs` and `prepare` in the queue.
  test("a command whose preparation throws fails alone and does not block the queue", async () => {
    const fixture = open();
    const { till, clock } = fixture;
    const bug = (): never => {
      throw new TypeError("a bug");
    };
    const all = [
      till.submit({ ...put, needs: bug }, { box: "a", word: "1" }),
      till.submit({ ...put, prepare: bug }, { box: "a", word: "2" }),
      till.submit({ ...put, prepare: async () => bug() }, { box: "a", word: "3" }),
      till.submit({ ...putLater(Promise.resolve()), needs: bug }, { box: "a", word: "4" }),
      till.submit({ ...put, prepare: () => refuse("ORDER_NOT_FOUND") }, { box: "a", word: "5" }),
      till.submit(put, { box: "a", word: "6" }),
    ];
    assert.deepEqual(await clock.run(outcomes(all)), ["a bug", "a bug", "a bug", "a bug", "ORDER_NOT_FOUND", 1]);
    assertIdle(fixture);
  });
});

describe("a round that the store rejects", () => {
  const rejectBad = (step: Step): Mishap | undefined => (step.name === "commit" && words(step.changes).includes("bad") ? "rejected" : undefined);

  test("one bad command in a round fails alone and is reported; its neighbors succeed in order", async () => {
    const fixture = open(rejectBad);
    const { store, clock, faults } = fixture;
    const all = together(
      fixture,
      Array.from({ length: 50 }, (_, i) => ({ box: "a", word: i === 17 ? "bad" : String(i) })),
      ({ word }) => ({ ...put, name: `put ${word}` }),
    );
    const answers = await clock.run(all);
    assert.deepEqual(
      answers,
      Array.from({ length: 50 }, (_, i) => (i === 17 ? "rejected" : i < 17 ? i + 1 : i)),
    );
    assert.deepEqual(
      store.entries(journal),
      Array.from({ length: 50 }, (_, i) => String(i)).filter((word) => word !== "17"),
    );
    assert.deepEqual(
      faults.map((fault) => fault.command),
      ["put bad"],
    );
    assertIdle(fixture);
  });

  test("a conflict is retried a limited number of times", async () => {
    const once = open(first("commit", "conflict", "conflict"));
    assert.deepEqual(await once.clock.run(outcomes([once.till.submit(put, { box: "a", word: "1" })])), [1]);
    assert.deepEqual(once.store.entries(journal), ["1"]);

    let tries = 0;
    const always = open((step) => (step.name === "commit" ? (tries++, "conflict") : undefined));
    assert.deepEqual(await always.clock.run(outcomes([always.till.submit(put, { box: "a", word: "1" })])), ["BUSY"]);
    assert.equal(tries, 5);
    assert.equal(always.faults.length, 1, "a permanent conflict is reported");
    assertIdle(always);
  });

  // Goes red if refusals are answered before the commit.
  test("a refusal in a round that was not committed is decided again", async () => {
    const fixture = open(first("commit", "conflict"));
    let decisions = 0;
    const refusedOnce: Command<Put, number> = {
      ...put,
      decide(uow, input) {
        if (decisions++ === 0) refuse("COUPON_SOLD_OUT");
        return put.decide(uow, input);
      },
    };
    const all = together(
      fixture,
      [
        { box: "a", word: "1" },
        { box: "b", word: "2" },
      ],
      ({ word }) => (word === "2" ? refusedOnce : put),
    );
    assert.deepEqual(await fixture.clock.run(all), [1, 1]);
    assert.deepEqual(fixture.store.entries(journal), ["1", "2"]);
  });

  // Goes red without LockTimeout in `#rejectSingle`, or without `#bisect`.
  test("a row that is held too long makes only the commands that need it BUSY", async () => {
    const fixture = open((step) => (step.name === "lock" && step.needs.some(({ key }) => key === "stuck") ? "timeout" : undefined));
    const all = together(
      fixture,
      ["a", "stuck", "b", "stuck", "a"].map((box, i) => ({ box, word: String(i) })),
    );
    assert.deepEqual(await fixture.clock.run(all), [1, "BUSY", 1, "BUSY", 2]);
    assert.equal(fixture.faults.length, 0);
    assertIdle(fixture);
  });

  // Goes red without BISECTED_LOCK_WAIT_MS: each half would wait as long as the whole round did.
  test("a round waits for a stuck row once", async () => {
    const fixture = open();
    const { store, clock } = fixture;
    const holder = await store.lock([need(boxes, "stuck")], 0);
    const startedAt = clock.elapsedMs();
    const answers = await clock.run(
      together(
        fixture,
        Array.from({ length: 64 }, (_, i) => ({ box: i === 40 ? "stuck" : `b${i}`, word: String(i) })),
      ),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 64 }, (_, i) => (i === 40 ? "BUSY" : 1)),
    );
    assert.ok(clock.elapsedMs() - startedAt < 3500, `${clock.elapsedMs() - startedAt} ms`);
    holder.release();
    assertIdle(fixture);
  });

  // Goes red without the catch in `#fault`.
  test("a listener that throws does not make a round execute twice", async () => {
    const bug = (): never => {
      throw new Error("a listener's bug");
    };
    const fixture = open(undefined, { onCommit: bug, onFault: bug });
    const broken: Command<Put, number> = { ...put, decide: bug };
    const all = together(
      fixture,
      ["1", "2", "3"].map((word) => ({ box: "a", word })),
      ({ word }) => (word === "2" ? broken : put),
    );
    assert.deepEqual(await fixture.clock.run(all), [1, "a listener's bug", 2]);
    assert.deepEqual(fixture.store.entries(journal), ["1", "3"]);
    assertIdle(fixture);
  });
});

describe("an unavailable store", () => {
  // Goes red without the pause and retry for StoreUnavailable.
  test("a short outage is waited out", async () => {
    const fixture = open(first("lock", "unavailable", "unavailable", "unavailable"));
    assert.deepEqual(await fixture.clock.run(outcomes([fixture.till.submit(put, { box: "a", word: "1" })])), [1]);
    assertIdle(fixture);
  });

  // Goes red without `round.deadline`, and if each half of a bisected round has its own deadline.
  test("a long outage is answered UNAVAILABLE in time, however the round was bisected", async () => {
    let rejected = false;
    const fixture = open((step) => {
      if (step.name === "commit" && !rejected) {
        rejected = true;
        return "rejected";
      }
      return rejected ? "unavailable" : undefined;
    });
    const all = together(
      fixture,
      Array.from({ length: 32 }, (_, i) => ({ box: "a", word: String(i) })),
    );
    assert.deepEqual(new Set(await fixture.clock.run(all)), new Set(["UNAVAILABLE"]));
    assert.ok(fixture.clock.elapsedMs() < 3500, `${fixture.clock.elapsedMs()} ms`);
    assert.deepEqual(fixture.store.entries(journal), []);
    assertIdle(fixture);
  });

  test("a round whose COMMIT was lost but succeeded is answered once and not repeated", async () => {
    const fixture = open(first("commit", "lost but committed"));
    assert.deepEqual(
      await fixture.clock.run(
        together(fixture, [
          { box: "a", word: "1" },
          { box: "a", word: "2" },
        ]),
      ),
      [1, 2],
    );
    assert.deepEqual(fixture.store.entries(journal), ["1", "2"]);
    assert.equal(fixture.till.served.retries, 0);
    assertIdle(fixture);
  });

  test("a round whose COMMIT was lost and failed is executed again, once", async () => {
    const fixture = open(first("commit", "lost and abandoned"));
    assert.deepEqual(
      await fixture.clock.run(
        together(fixture, [
          { box: "a", word: "1" },
          { box: "a", word: "2" },
        ]),
      ),
      [1, 2],
    );
    assert.deepEqual(fixture.store.entries(journal), ["1", "2"]);
    assertIdle(fixture);
  });

  for (const truth of ["lost but committed", "lost and abandoned"] as const) {
    // Goes red without the loop in `#outcome`.
    test(`the outcome of a lost COMMIT is looked up until it is known (${truth})`, async () => {
      let asked = 0;
      const lost = first("commit", truth);
      const fixture = open((step) => (step.name === "outcome" && ++asked <= 10 ? "unavailable" : lost(step)));
      assert.deepEqual(await fixture.clock.run(outcomes([fixture.till.submit(put, { box: "a", word: "1" })])), [1]);
      assert.deepEqual(fixture.store.entries(journal), ["1"]);
      assertIdle(fixture);
    });

    // Goes red without OutcomeUnknown in `#attempt`: then the round would be bisected and executed again.
    test(`if the outcome stays unknown (${truth}), all commands are UNAVAILABLE and none is repeated`, async () => {
      const lost = first("commit", truth);
      const fixture = open((step) => (step.name === "outcome" ? "unavailable" : lost(step)));
      assert.deepEqual(
        await fixture.clock.run(
          together(fixture, [
            { box: "a", word: "1" },
            { box: "a", word: "2" },
          ]),
        ),
        ["UNAVAILABLE", "UNAVAILABLE"],
      );
      assert.deepEqual(fixture.store.entries(journal), truth === "lost but committed" ? ["1", "2"] : []);
      assert.ok(fixture.clock.elapsedMs() < 3500);
      assertIdle(fixture);
    });
  }
});

describe("overload", () => {
  test("a command that would wait too long is BUSY at once, with the time to retry after", async () => {
    const fixture = open((step) => (step.name === "lock" ? fixture.clock.pause(1000).then(() => undefined) : undefined), { roundSize: 100 });
    const puts = (size: number): Put[] => Array.from({ length: size }, () => ({ box: "a", word: "" }));
    // Rounds of a hundred take a second: the till learns that it can serve three hundred in its waiting time of three seconds.
    for (let i = 0; i < 40; i++) await fixture.clock.run(together(fixture, puts(100)));
    const all = together(fixture, puts(400));
    assert.equal(fixture.till.waiting, 301, "the others were rejected before anything else happened");
    await assert.rejects(
      fixture.till.submit(put, { box: "a", word: "" }),
      (refusal: Refusal) => refusal.code === "BUSY" && refusal.details.retryAfter === 4,
    );
    // Goes red if `finish` asks admission control.
    void fixture.till.finish(put, { box: "a", word: "started before" }).catch(() => {});
    assert.equal(fixture.till.waiting, 302);
    const answers = await fixture.clock.run(all);
    assert.deepEqual(new Set(answers.slice(301)), new Set(["BUSY"]));
    assert.ok(answers.slice(0, 300).every((answer) => typeof answer === "number"));
    assertIdle(fixture);
  });

  // Goes red if admission control ignores how long the queue has been long: then every served command has waited 3 s.
  test("under sustained overload admitted commands are served soon and in order, and the till is never idle", async () => {
    // Rounds of up to a hundred take 100 ms each, so a thousand commands per second. Three times as many arrive.
    const fixture = open((step) => (step.name === "lock" ? fixture.clock.pause(100).then(() => undefined) : undefined), {
      roundSize: 100,
      concurrency: 1,
    });
    const { till, store, clock } = fixture;
    const arrivals: { at: number; waited?: number; answer: unknown }[] = [];
    const submit = (n: number): void => {
      const arrival: (typeof arrivals)[number] = { at: clock.elapsedMs(), answer: undefined };
      arrivals.push(arrival);
      void outcomes([till.submit(put, { box: "a", word: String(n) })]).then(([answer]) => {
        arrival.answer = answer;
        arrival.waited = clock.elapsedMs() - arrival.at;
      });
    };
    for (let n = 0; n < 30_000; n += 15) {
      for (let i = 0; i < 15; i++) submit(n + i);
      await clock.advance(5);
    }
    await clock.advance(5000);

    const served = arrivals.filter(({ answer }) => typeof answer === "number");
    assert.deepEqual(new Set(arrivals.filter(({ answer }) => typeof answer !== "number").map(({ answer }) => answer)), new Set(["BUSY"]));
    assert.ok(
      arrivals.every(({ answer, waited = 0 }) => answer !== "BUSY" || waited === 0),
      "commands that are BUSY are rejected at once",
    );
    assert.ok(served.every(({ waited = 0 }) => waited <= 3000));
    // 300 ms in the queue, a running round, and its own round.
    const later = served.filter(({ at }) => at > 3000);
    assert.ok(Math.max(...later.map(({ waited = 0 }) => waited)) <= 500);
    assert.ok(later.length > 6500, `${later.length} of 7000`);
    const words = store.entries(journal).map(Number);
    assert.deepEqual(
      words,
      words.toSorted((a, b) => a - b),
    );
    assertIdle(fixture);
  });

  // Goes red without SHORT_ROUNDS (admission.ts): rounds get ever smaller, because a queue of 100 ms is half of a round.
  test("far from the database the queue stays long enough for large rounds", async () => {
    const fixture = open((step) => (step.name === "commit" ? fixture.clock.pause(200).then(() => undefined) : undefined), { waitMs: 1000 });
    const { till, clock } = fixture;
    const before = { rounds: 0, commands: 0 };
    for (let n = 0; n < 100_000; n++) {
      till.submit(put, { box: "a", word: "" }).catch(() => {});
      if (n % 20 === 0) await clock.advance(5);
      if (n === 50_000) Object.assign(before, till.served);
    }
    const perRound = (till.served.commands - before.commands) / (till.served.rounds - before.rounds);
    assert.ok(perRound > 400, `${perRound}`);
    await clock.advance(5000);
    assertIdle(fixture);
  });

  test("a command that has waited too long is BUSY without being decided", async () => {
    let decided = 0;
    const counting: Command<Put, number> = { ...put, decide: (uow, input) => (decided++, put.decide(uow, input)) };
    const fixture = open((step) => (step.name === "lock" ? fixture.clock.pause(2000).then(() => undefined) : undefined), {
      concurrency: 1,
      roundSize: 1,
    });
    const all = ["1", "2", "3", "4"].map((word) => fixture.till.submit(counting, { box: "a", word }));
    assert.deepEqual(await fixture.clock.run(outcomes(all)), [1, 2, "BUSY", "BUSY"]);
    assert.equal(decided, 2);
    assertIdle(fixture);
  });

  // Goes red if a decided command is checked against the waiting time again.
  test("a decided command is answered, however long the commit takes", async () => {
    const { till, clock } = open((step) => (step.name === "commit" ? clock.pause(60_000).then(() => undefined) : undefined));
    assert.equal(await clock.run(till.submit(put, { box: "a", word: "1" })), 1);
  });

  // Goes red without `#armDeadlineTimer`, if it fires only once, and if `rejectExpired` stops at a preparing command.
  test("no command waits longer than promised, even if no round ends", async () => {
    const { till, clock } = open((step) => (step.name === "lock" ? clock.pause(60_000).then(() => undefined) : undefined));
    const served = till.submit(put, { box: "a", word: "1" });
    const rejectedAt: number[] = [];
    const busy = (command: Command<Put, number>): Promise<unknown> =>
      outcomes([till.submit(command, { box: "a", word: "" })]).then(([answer]) => answer === "BUSY" && rejectedAt.push(clock.elapsedMs()));
    const waiting = [busy(putLater(new Promise(() => {}))), busy(put)];
    await clock.advance(1000);
    waiting.push(busy(put));
    await clock.run(Promise.all(waiting));
    assert.deepEqual(rejectedAt, [3000, 3000, 4000]);
    assert.equal(await clock.run(served), 1);
  });

  // Goes red without `#startRounds` after `rejectExpired`.
  test("a command that never gets ready blocks the queue no longer than the waiting time", async () => {
    const fixture = open();
    const { till, store, clock } = fixture;
    const never = till.submit(putLater(new Promise(() => {})), { box: "a", word: "never" });
    await clock.advance(10);
    const behind = till.submit(put, { box: "a", word: "behind" });
    assert.deepEqual(await clock.run(outcomes([never, behind])), ["BUSY", 1]);
    assert.deepEqual(store.entries(journal), ["behind"]);
    assertIdle(fixture);
  });

  test("a command whose caller has gone is not decided", async () => {
    const fixture = open((step) => (step.name === "lock" ? fixture.clock.pause(10).then(() => undefined) : undefined));
    const served = fixture.till.submit(put, { box: "a", word: "1" });
    let gone = false;
    const left = fixture.till.submit(put, { box: "a", word: "2" }, () => gone);
    const stays = fixture.till.submit(put, { box: "a", word: "3" }, () => false);
    gone = true;
    assert.deepEqual(await fixture.clock.run(outcomes([served, left, stays])), [1, "BUSY", 2]);
    assert.deepEqual(fixture.store.entries(journal), ["1", "3"]);
    assertIdle(fixture);
  });

  test("a command whose needs change again and again becomes BUSY", async () => {
    const fixture = open();
    const { till, clock } = fixture;
    let decisions = 0;
    const changing: Command<Put, number> = {
      ...put,
      decide() {
        decisions++;
        throw new NeedsChanged();
      },
    };
    assert.deepEqual(await clock.run(outcomes([till.submit(changing, { box: "a", word: "1" }), till.submit(put, { box: "a", word: "2" })])), [
      "BUSY",
      1,
    ]);
    assert.equal(decisions, 5);
    assertIdle(fixture);
  });

  test("a round is limited by its commands and by their rows", async () => {
    const rounds: number[] = [];
    const { till, clock } = open((step) => void (step.name === "lock" && rounds.push(step.needs.length)), { roundSize: 4 });
    const heavy = (rows: number): Command<Put, number> => ({
      ...put,
      needs: ({ box }) => Array.from({ length: rows }, (_, i) => need(boxes, i === 0 ? box : `${box}${i}`)),
    });
    const all = [1, 1, 1, 1, 1, 1, 60, 10, 100, 1].map((rows, i) => till.submit(heavy(rows), { box: `${i}`, word: "" }));
    await clock.run(outcomes(all));
    // The first starts alone. Then at most four with at most 64 rows; a command that needs more is alone.
    assert.deepEqual(rounds, [1, 4, 61, 10, 100, 1]);
  });

  // Goes red if a round without changes is committed.
  test("a round of refusals writes nothing and is answered without waiting for the disk", async () => {
    const steps: string[] = [];
    const fixture = open((step) => void steps.push(step.name));
    assert.deepEqual(await fixture.clock.run(outcomes([fixture.till.submit(put, { box: "a", word: "1", most: 0 })])), ["STOCK_INSUFFICIENT"]);
    assert.deepEqual(steps, ["lock"]);
    assertIdle(fixture);
  });

  test("a round's instant is the store's, never before the previous round's, and follows a corrected clock", async () => {
    const { till, clock } = open();
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
    const { till, clock } = open((step) => (step.name === "lock" ? clock.pause(100).then(() => undefined) : undefined));
    const all = [till.submit(put, { box: "a", word: "1" }), till.submit(put, { box: "a", word: "2" })];
    clock.set(clock.now() + 86_400_000);
    all.push(till.submit(put, { box: "a", word: "3" }));
    clock.set(clock.now() - 172_800_000);
    all.push(till.submit(put, { box: "a", word: "4" }));
    assert.deepEqual(await clock.run(outcomes(all)), [1, 2, 3, 4]);
  });
});
