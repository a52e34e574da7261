// Storing a response under an Idempotency-Key, tested through the pure decisions, without a
// database.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChargeBalance, chargeBalance } from "../../src/balance/charge-balance.ts";
import { idempotent } from "../../src/idempotency/idempotent-command.ts";
import { type IdempotencyRecord, idempotencyRecords } from "../../src/idempotency/records.sql.ts";
import type { IdempotencyKey } from "../../src/idempotency/request-key.ts";
import { executeTwoPhase, submitTwoPhase } from "../../src/idempotency/two-phase.ts";
import { refuse } from "../../src/refusal.ts";
import type { Command } from "../../src/till/command.ts";
import type { Till } from "../../src/till/till.ts";
import { BALANCE_MAX, decided, existing, USER, wallet } from "../support/decided.ts";

const KEY: IdempotencyKey = { caller: USER, key: "k", fingerprint: "f" };
const ROW_KEY = `${USER} k`;

// Without `uow.drop()` half of the refused changes would be written with the refusal.
test("a stored refusal discards all other changes of its command", () => {
  const charge: ChargeBalance = { userId: USER, amount: 5, version: null, balanceMax: BALANCE_MAX };
  const partial: Command<ChargeBalance, unknown> = {
    ...chargeBalance,
    decide(uow, input) {
      chargeBalance.decide(uow, input);
      return refuse("STOCK_INSUFFICIENT");
    },
  };
  const { outcome, changes } = decided([wallet()], idempotent(partial), { input: charge, key: KEY, status: 200, locale: "ko" });
  assert.equal(outcome.kind, "answer");
  assert.deepEqual(
    [...(changes?.tables.keys() ?? [])].map(({ name }) => name),
    ["idempotency records"],
  );
  assert.equal(changes?.journals.size, 0);
});

// Without the check of `attempt`, the second of two requests that finish one attempt would get
// another response.
test("the first stored response of an attempt is kept when a second one arrives", async () => {
  const stored: IdempotencyRecord = { ...KEY, status: 201, body: '"first"', attempt: null, createdAt: 0 };
  const started: IdempotencyRecord = { ...stored, status: 202, body: "", attempt: "a" };
  // Another request finishes the attempt between the read of the key and the end of this one.
  const rows = [started, stored];
  const serve = (command: Command<unknown, unknown>, input: unknown) => {
    const { outcome } = decided([existing(idempotencyRecords, ROW_KEY, rows.shift())] as never, command, input);
    return outcome.kind === "answer" ? Promise.resolve(outcome.answer) : Promise.reject(new Error(outcome.kind));
  };
  const till = { submit: serve, finish: serve } as unknown as Till;
  const submission = submitTwoPhase({
    begin: { name: "begin", needs: () => [], decide: () => assert.fail("the attempt was started before") },
    input: null,
    status: 201,
    admit: (work) => work(),
    settle: () => Promise.resolve({ over: true, status: 201, body: "second" }),
  });
  const { status, body } = await executeTwoPhase(submission, { till, key: KEY, locale: "ko", gone: () => false });
  assert.deepEqual({ status, body }, { status: 201, body: '"first"' });
});
