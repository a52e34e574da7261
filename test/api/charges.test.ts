// Charging a balance by card (BALANCE_FUNDING=gateway): the money moves once in every case.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

const BALANCE_MAX = 1_000_000;
let shop: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests", slowMs: 100 });
  const env = {
    PAYMENT_GATEWAY_URL: await simulator.listen(),
    PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests",
    PAYMENT_GATEWAY_TIMEOUT_MS: "400",
    PAYMENT_GATEWAY_BREAKER_CALLS: "1000",
  };
  shop = await openTestShop({ env: { ...env, PAYMENT_SETTLE_AFTER_MS: "600000", BALANCE_FUNDING: "gateway", BALANCE_MAX: String(BALANCE_MAX) } });
});
after(async () => {
  await shop.close();
  await simulator.close();
});

const charge = (
  user: Client,
  amount: number,
  paymentKey: string,
  more: Record<string, unknown> = {},
  headers?: Record<string, string>,
): Promise<Answer> => user.post(`/users/${user.id}/balance/charge`, { amount, paymentKey, ...more }, headers);
const key = (kind: string): string => `${kind}-${randomUUID()}`;
const settle = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
const ledger = async (user: Client): Promise<[string, number, number | null][]> =>
  good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions.map(
    (one: { status: string; amount: number; balanceAfter: number | null }) => [one.status, one.amount, one.balanceAfter],
  );
const assertAuditIsClean = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);

test("an approved card charge changes the balance at once", async () => {
  const user = await shop.user();
  const { newBalance, version, transactionId } = good(await charge(user, 5000, key("ok")), 200);
  assert.equal(newBalance, 5000);
  assert.deepEqual(good(await user.get(`/users/${user.id}/balance`), 200), { userId: user.id, balance: 5000, version });
  const { transactions } = good(await user.get(`/users/${user.id}/balance/transactions`), 200);
  assert.deepEqual(
    [transactions.length, transactions[0].transactionId, transactions[0].status, transactions[0].balanceAfter],
    [1, transactionId, "COMPLETED", 5000],
  );
  await assertAuditIsClean();
});

test("a charge without a paymentKey is refused", async () => {
  const user = await shop.user();
  refused(await user.post(`/users/${user.id}/balance/charge`, { amount: 5000 }), 400, "INVALID_REQUEST");
});

test("a declined card charge is 402 and FAILED in the ledger", async () => {
  const user = await shop.user({ balance: 10 });
  refused(await charge(user, 5000, key("decline")), 402, "PAYMENT_DECLINED");
  assert.equal(await shop.balanceOf(user), 10);
  assert.deepEqual(await ledger(user), [
    ["FAILED", 5000, null],
    ["COMPLETED", 10, 10],
  ]);
  await assertAuditIsClean();
});

test("a card charge without a response is 202 PENDING and completes after later balance changes", async () => {
  const user = await shop.user({ balance: 10 });
  const headers = { "idempotency-key": randomUUID() };
  const paymentKey = key("timeout");
  const first = await charge(user, 5000, paymentKey, {}, headers);
  assert.deepEqual([first.status, first.body.status], [202, "PENDING"]);
  assert.deepEqual(await ledger(user), [
    ["PENDING", 5000, null],
    ["COMPLETED", 10, 10],
  ]);
  good(await shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 7, reason: "test" }] }), 200);
  await settle();
  await settle();
  assert.deepEqual(await ledger(user), [
    ["COMPLETED", 5000, 5017],
    ["COMPLETED", 7, 17],
    ["COMPLETED", 10, 10],
  ]);
  const again = await charge(user, 5000, paymentKey, {}, headers);
  assert.deepEqual(
    [again.status, again.body.newBalance, again.body.transactionId, again.headers["idempotent-replayed"]],
    [200, 5017, first.body.transactionId, "true"],
  );
  await assertAuditIsClean();
});

// The charge's own id is the order id at the gateway.
test("concurrent charges with one payment key charge once", async () => {
  const user = await shop.user();
  const paymentKey = keyFor({ confirm: ["slow"] }, randomUUID());
  const counts = await race(20, () => charge(user, 1000, paymentKey));
  assert.equal(counts[200], 1);
  await settle();
  assert.equal(await shop.balanceOf(user), 1000);
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 1000);
  await assertAuditIsClean();
});

test("concurrent charges with different payment keys add up", async () => {
  const user = await shop.user();
  assert.deepEqual(await race(30, () => charge(user, 7, key("ok"))), { 200: 30 });
  assert.equal(await shop.balanceOf(user), 210);
  await assertAuditIsClean();
});

test("a captured charge that no longer fits into the balance is refunded", async () => {
  const user = await shop.user();
  const paymentKey = key("timeout");
  assert.equal((await charge(user, BALANCE_MAX, paymentKey)).status, 202);
  good(await shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 1, reason: "test" }] }), 200);
  await settle();
  await settle();
  assert.equal(await shop.balanceOf(user), 1);
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 0);
  refused(await charge(user, BALANCE_MAX, key("ok")), 400, "BALANCE_LIMIT_EXCEEDED");
  await assertAuditIsClean();
});

test("a charge with an old version is refused before the gateway is called", async () => {
  const user = await shop.user({ balance: 10 });
  const paymentKey = key("ok");
  refused(await charge(user, 5, paymentKey, { version: 0 }), 409, "BALANCE_CONFLICT");
  assert.equal(simulator.ledger.payments.has(paymentKey), false);
});

test("the reconciliation includes card charges", async () => {
  const { compared, differences } = good(await shop.operator.get("/admin/reconciliation"), 200);
  assert.ok(compared > 30);
  assert.deepEqual(differences, []);
});
