// What is kept under an Idempotency-Key, by the decisions that keep it, without a database.

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
import { BALANCE_MAX, decided, there, USER, wallet } from "../support/decided.ts";

const KEY: IdempotencyKey = { caller: USER, key: "k", fingerprint: "f" };
const SHELF_KEY = `${USER} k`;

// Goes red without `shop.drop()` in `once`: half of what was refused would be written with the refusal.
test("a refusal that is kept is all that is kept", () => {
  const charge: ChargeBalance = { userId: USER, amount: 5, version: null, balanceMax: BALANCE_MAX };
  const half: Command<ChargeBalance, unknown> = {
    ...chargeBalance,
    decide(uow, input) {
      chargeBalance.decide(uow, input);
      return refuse("STOCK_INSUFFICIENT");
    },
  };
  const { outcome, changes } = decided(
    [wallet()],
    idempotent(half, KEY, () => ({ status: 200, body: "" }), "ko"),
    charge,
  );
  assert.equal(outcome.kind, "answer");
  assert.deepEqual(
    [...(changes?.tables.keys() ?? [])].map(({ name }) => name),
    ["idempotency records"],
  );
  assert.equal(changes?.journals.size, 0);
});

// Goes red without the look at `kept.attempt` in keepAnswer: of two who bring one attempt to its end, the second would be told something else.
test("the first answer of an attempt stays, whoever comes with another", async () => {
  const kept: IdempotencyRecord = { ...KEY, status: 201, body: '"first"', attempt: null, createdAt: 0 };
  const begun: IdempotencyRecord = { ...kept, status: 202, body: "", attempt: "a" };
  // Between the look at the key and the end of the attempt somebody else has ended it.
  const rows = [begun, kept];
  const serve = (command: Command<unknown, unknown>, input: unknown) => {
    const { outcome } = decided([there(idempotencyRecords, SHELF_KEY, rows.shift())] as never, command, input);
    return outcome.kind === "answer" ? Promise.resolve(outcome.answer) : Promise.reject(new Error(outcome.kind));
  };
  const till = { submit: serve, finish: serve } as unknown as Till;
  const submission = submitTwoPhase({
    begin: { name: "begin", needs: () => [], decide: () => assert.fail("it was begun before") },
    input: null,
    status: 201,
    admit: (work) => work(),
    settle: () => Promise.resolve({ over: true, status: 201, body: "second" }),
  });
  const { status, body } = await executeTwoPhase(submission, { till, key: KEY, locale: "ko", gone: () => false });
  assert.deepEqual({ status, body }, { status: 201, body: '"first"' });
});
