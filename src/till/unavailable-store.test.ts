// Rounds during an outage of the store, and lost responses to COMMIT.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertIdle, first, journal, openTill, outcomes, put, together } from "../../test/support/till-fixture.ts";

describe("an unavailable store", () => {
  // Goes red without the pause and retry for StoreUnavailable.
  test("a short outage is waited out", async () => {
    const fixture = openTill(first("lock", "unavailable", "unavailable", "unavailable"));
    assert.deepEqual(await fixture.clock.run(outcomes([fixture.till.submit(put, { box: "a", word: "1" })])), [1]);
    assertIdle(fixture);
  });

  // Goes red without `round.deadline`, and if each half of a bisected round has its own deadline.
  test("a long outage is answered UNAVAILABLE in time, however the round was bisected", async () => {
    let rejected = false;
    const fixture = openTill((step) => {
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
    const fixture = openTill(first("commit", "lost but committed"));
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
    const fixture = openTill(first("commit", "lost and abandoned"));
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
      const fixture = openTill((step) => (step.name === "outcome" && ++asked <= 10 ? "unavailable" : lost(step)));
      assert.deepEqual(await fixture.clock.run(outcomes([fixture.till.submit(put, { box: "a", word: "1" })])), [1]);
      assert.deepEqual(fixture.store.entries(journal), ["1"]);
      assertIdle(fixture);
    });

    // Goes red without OutcomeUnknown in `#attempt`: then the round would be bisected and executed
    // again.
    test(`if the outcome stays unknown (${truth}), all commands are UNAVAILABLE and none is repeated`, async () => {
      const lost = first("commit", truth);
      const fixture = openTill((step) => (step.name === "outcome" ? "unavailable" : lost(step)));
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
