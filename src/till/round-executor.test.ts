// Rounds in which commands refuse, throw or are rejected, on a store in memory that fails on demand.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Mishap, Step } from "../../test/support/memory-store.ts";
import { assertIdle, boxes, first, journal, openTill, outcomes, put, type Put, putLater, together, words } from "../../test/support/till-fixture.ts";
import { refuse } from "../refusal.ts";
import type { Command } from "./command.ts";
import { need } from "./table.ts";

describe("isolation", () => {
  test("a refused command leaves no change, neither for its neighbors nor on disk", async () => {
    const { till, store, clock } = openTill();
    const all = [1, 1, 1].map((most, i) => till.submit(put, { box: "a", word: `small ${i}`, most }));
    const neighbor = till.submit(put, { box: "a", word: "large" });
    assert.deepEqual(await clock.run(outcomes([...all, neighbor])), [1, "STOCK_INSUFFICIENT", "STOCK_INSUFFICIENT", 2]);
    assert.deepEqual(store.entries(journal), ["small 0", "large"]);
    assert.equal(store.row(boxes, "a"), 2);
  });

  // Goes red without the catch in `decide`, and without `#fault` in `#answer`.
  test("a decision that throws fails alone and is reported", async () => {
    const fixture = openTill();
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
    const { till, clock, faults } = openTill();
    const withoutNeeds: Command<Put, number> = { ...put, needs: () => [] };
    assert.deepEqual(await clock.run(outcomes([till.submit(withoutNeeds, { box: "a", word: "1" })])), ["variants a is not in the command's needs"]);
    assert.equal(faults.length, 1);
  });

  // Goes red without the catch around `needs` and `prepare` in the queue.
  test("a command whose preparation throws fails alone and does not block the queue", async () => {
    const fixture = openTill();
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
    const fixture = openTill(rejectBad);
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
    const once = openTill(first("commit", "conflict", "conflict"));
    assert.deepEqual(await once.clock.run(outcomes([once.till.submit(put, { box: "a", word: "1" })])), [1]);
    assert.deepEqual(once.store.entries(journal), ["1"]);

    let tries = 0;
    const always = openTill((step) => (step.name === "commit" ? (tries++, "conflict") : undefined));
    assert.deepEqual(await always.clock.run(outcomes([always.till.submit(put, { box: "a", word: "1" })])), ["BUSY"]);
    assert.equal(tries, 5);
    assert.equal(always.faults.length, 1, "a permanent conflict is reported");
    assertIdle(always);
  });

  // Goes red if refusals are answered before the commit.
  test("a refusal in a round that was not committed is decided again", async () => {
    const fixture = openTill(first("commit", "conflict"));
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
    const fixture = openTill((step) => (step.name === "lock" && step.needs.some(({ key }) => key === "stuck") ? "timeout" : undefined));
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
    const fixture = openTill();
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
    const fixture = openTill(undefined, { onCommit: bug, onFault: bug });
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
