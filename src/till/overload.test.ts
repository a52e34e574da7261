// Waiting times and admission control, on a clock on which waiting is instant.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertIdle, journal, openTill, outcomes, put, type Put, putLater, together } from "../../test/support/till-fixture.ts";
import type { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import { NeedsChanged } from "./unit-of-work.ts";

describe("overload", () => {
  test("a command that would wait too long is BUSY at once, with the time to retry after", async () => {
    const fixture = openTill((step) => (step.name === "lock" ? fixture.clock.pause(1000).then(() => undefined) : undefined), { roundSize: 100 });
    const puts = (size: number): Put[] => Array.from({ length: size }, () => ({ box: "a", word: "" }));
    // Rounds of a hundred take a second: the till learns that it can serve three hundred in its
    // waiting time of three seconds.
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

  // Goes red if admission control ignores how long the queue has been long: then every served
  // command has waited 3 s.
  test("under sustained overload admitted commands are served soon and in order, and the till is never idle", async () => {
    // Rounds of up to a hundred take 100 ms each, so a thousand commands per second. Three times as
    // many arrive.
    const fixture = openTill((step) => (step.name === "lock" ? fixture.clock.pause(100).then(() => undefined) : undefined), {
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

  // Goes red without SHORT_ROUNDS (admission.ts): rounds get ever smaller, because a queue of 100
  // ms is half of a round.
  test("far from the database the queue stays long enough for large rounds", async () => {
    const fixture = openTill((step) => (step.name === "commit" ? fixture.clock.pause(200).then(() => undefined) : undefined), { waitMs: 1000 });
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
    const fixture = openTill((step) => (step.name === "lock" ? fixture.clock.pause(2000).then(() => undefined) : undefined), {
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
    const { till, clock } = openTill((step) => (step.name === "commit" ? clock.pause(60_000).then(() => undefined) : undefined));
    assert.equal(await clock.run(till.submit(put, { box: "a", word: "1" })), 1);
  });

  // Goes red without `#armDeadlineTimer`, if it fires only once, and if `rejectExpired` stops at a
  // preparing command.
  test("no command waits longer than promised, even if no round ends", async () => {
    const { till, clock } = openTill((step) => (step.name === "lock" ? clock.pause(60_000).then(() => undefined) : undefined));
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
    const fixture = openTill();
    const { till, store, clock } = fixture;
    const never = till.submit(putLater(new Promise(() => {})), { box: "a", word: "never" });
    await clock.advance(10);
    const behind = till.submit(put, { box: "a", word: "behind" });
    assert.deepEqual(await clock.run(outcomes([never, behind])), ["BUSY", 1]);
    assert.deepEqual(store.entries(journal), ["behind"]);
    assertIdle(fixture);
  });

  test("a command whose caller has gone is not decided", async () => {
    const fixture = openTill((step) => (step.name === "lock" ? fixture.clock.pause(10).then(() => undefined) : undefined));
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
    const fixture = openTill();
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
});
