// Charging a balance by card (BALANCE_FUNDING=gateway): the money moves once in every case.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { chargeByCard, openCharge } from "../support/charge.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

const BALANCE_MAX = 1_000_000;
let shop: TestShop;
let settings: Record<string, string>;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests", slowMs: 100 });
  settings = {
    PAYMENT_GATEWAY_URL: await simulator.listen(),
    PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests",
    PAYMENT_GATEWAY_TIMEOUT_MS: "1000",
    PAYMENT_GATEWAY_BREAKER_CALLS: "1000",
    PAYMENT_SETTLE_AFTER_MS: "600000",
    BALANCE_FUNDING: "gateway",
    BALANCE_MAX: String(BALANCE_MAX),
  };
  shop = await openTestShop({ env: settings });
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
): Promise<Answer> => chargeByCard(user, { amount, paymentKey, ...more }, headers);
const named = (user: Client, body: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer> =>
  user.post(`/users/${user.id}/balance/charge`, body, headers);
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
  const body = { amount: 5000, paymentKey: key("timeout"), chargeId: await openCharge(user, 5000) };
  const first = await named(user, body, headers);
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
  const again = await named(user, body, headers);
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
  const chargeId = await openCharge(user, BALANCE_MAX);
  assert.equal((await charge(user, BALANCE_MAX, paymentKey)).status, 202);
  good(await shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 1, reason: "test" }] }), 200);
  await settle();
  await settle();
  assert.equal(await shop.balanceOf(user), 1);
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 0);
  refused(await named(user, { amount: BALANCE_MAX, paymentKey: key("ok"), chargeId }), 400, "BALANCE_LIMIT_EXCEEDED");
  await assertAuditIsClean();
});

test("a charge with an old version is refused before the gateway is called", async () => {
  const user = await shop.user({ balance: 10 });
  const paymentKey = key("ok");
  refused(await charge(user, 5, paymentKey, { version: 0 }), 409, "BALANCE_CONFLICT");
  assert.equal(simulator.ledger.payments.has(paymentKey), false);
});

// Its account would be named nowhere, and the charge would wait for a person although nothing is wrong.
test("a charge by virtual account is declined, and its account takes no deposit, also if orders take deposits", async () => {
  const deposits = await openTestShop({ env: { ...settings, PAYMENT_METHODS: "CARD,TRANSFER,VIRTUAL_ACCOUNT" }, beside: shop });
  const user = (await shop.user()).at(deposits);
  const { chargeId } = good(await user.post(`/users/${user.id}/balance/charges`, { amount: 5000 }), 201);
  const paymentKey = simulator.authorize({ orderId: chargeId, amount: 5000, way: "VIRTUAL_ACCOUNT" });
  assert.equal(refused(await named(user, { amount: 5000, paymentKey, chargeId }), 402, "PAYMENT_DECLINED")["reason"], "PAYMENT_METHOD_NOT_TAKEN");
  assert.throws(() => simulator.deposit(paymentKey));
  const { chargeId: next } = good(await user.post(`/users/${user.id}/balance/charges`, { amount: 5000 }), 201);
  const transfer = simulator.authorize({ orderId: next, amount: 5000, way: "TRANSFER" });
  good(await named(user, { amount: 5000, paymentKey: transfer, chargeId: next }), 200);
  await deposits.close();
});

// The gateway's window is opened with the charge's id, so without it no confirmation could succeed.
test("a charge at a real gateway names the announced charge of its window", async () => {
  const user = await shop.user();
  const { chargeId, amount, expiresAt } = good(await user.post(`/users/${user.id}/balance/charges`, { amount: 5000 }), 201);
  assert.equal(amount, 5000);
  assert.ok(Date.parse(expiresAt) > Date.now());
  const paymentKey = simulator.authorize({ orderId: chargeId, amount: 5000 });
  const { errors } = refused(await named(user, { amount: 5000, paymentKey }), 400, "INVALID_REQUEST") as { errors: { path: string }[] };
  assert.deepEqual(
    errors.map(({ path }) => path),
    ["/chargeId"],
  );
  const { transactionId, newBalance } = good(await named(user, { amount: 5000, paymentKey, chargeId }), 200);
  assert.deepEqual([transactionId, newBalance], [chargeId, 5000]);
  assert.deepEqual(await ledger(user), [["COMPLETED", 5000, 5000]]);
});

test("the simulator refuses to confirm a window for another order id or another amount", async () => {
  const user = await shop.user();
  const paymentKey = simulator.authorize({ orderId: randomUUID(), amount: 5000 });
  refused(await charge(user, 5000, paymentKey), 402, "PAYMENT_DECLINED");
  const chargeId = await openCharge(user, 5000);
  refused(
    await named(user, { amount: 5000, paymentKey: simulator.authorize({ orderId: chargeId, amount: 4999 }), chargeId }),
    402,
    "PAYMENT_DECLINED",
  );
  assert.equal(await shop.balanceOf(user), 0);
});

test("an announced charge that two instances receive many times moves the balance once", async () => {
  const beside = await openTestShop({ env: settings, beside: shop });
  try {
    const user = await shop.user();
    const chargeId = await openCharge(user, 700);
    const paymentKey = simulator.authorize({ orderId: chargeId, amount: 700 });
    const body = { amount: 700, paymentKey, chargeId };
    const counts = await race(12, (i) => named(i % 2 === 0 ? user : user.at(beside), body, i % 3 === 0 ? { "idempotency-key": `k${i}` } : {}));
    assert.deepEqual(
      Object.keys(counts).filter((status) => status !== "200" && status !== "202"),
      [],
    );
    await settle();
    good(await named(user, { ...body, paymentKey: "another" }), 200);
    assert.deepEqual(await ledger(user), [["COMPLETED", 700, 700]]);
    await assertAuditIsClean();
  } finally {
    await beside.close();
  }
});

test("a declined charge stays declined; the next one is announced anew", async () => {
  const user = await shop.user();
  const chargeId = await openCharge(user, 700);
  refused(await named(user, { amount: 700, paymentKey: key("decline"), chargeId }), 402, "PAYMENT_DECLINED");
  refused(await named(user, { amount: 700, paymentKey: key("ok"), chargeId }), 402, "PAYMENT_DECLINED");
  good(await charge(user, 700, key("ok")), 200);
});

test("an announced charge is its user's alone, for its amount, until it expires", async () => {
  const [user, other] = (await shop.users(2)) as [Client, Client];
  const chargeId = await openCharge(user, 700);
  refused(await named(other, { amount: 700, paymentKey: key("ok"), chargeId }), 404, "PAYMENT_NOT_FOUND");
  refused(await named(user, { amount: 700, paymentKey: key("ok"), chargeId: randomUUID() }), 404, "PAYMENT_NOT_FOUND");
  const changed = refused(await named(user, { amount: 701, paymentKey: key("ok"), chargeId }), 409, "AMOUNT_CHANGED");
  assert.deepEqual([changed["expectedAmount"], changed["amount"]], [701, 700]);
  await shop.shop.database.rows({ name: "expire", text: "UPDATE charge_intents SET expires_at = created_at WHERE id = $1", values: [chargeId] });
  const paymentKey = key("ok");
  assert.equal(refused(await named(user, { amount: 700, paymentKey, chargeId }), 402, "PAYMENT_DECLINED")["reason"], "CHARGE_EXPIRED");
  assert.equal(simulator.ledger.payments.has(paymentKey), false);
});

test("a charge that would not fit is refused before the window opens", async () => {
  const user = await shop.user({ balance: BALANCE_MAX });
  refused(await user.post(`/users/${user.id}/balance/charges`, { amount: 1 }), 400, "BALANCE_LIMIT_EXCEEDED");
  refused(await user.post(`/users/${user.id}/balance/charges`, { amount: 0 }), 400, "INVALID_AMOUNT");
  const other = await shop.user();
  refused(await other.post(`/users/${user.id}/balance/charges`, { amount: 1 }), 403, "FORBIDDEN");
});

test("the reconciliation includes card charges", async () => {
  const { compared, differences } = good(await shop.operator.get("/admin/reconciliation"), 200);
  assert.ok(compared > 30);
  assert.deepEqual(differences, []);
});
