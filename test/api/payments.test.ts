// Card payments over HTTP against the simulated gateway, as the buyer, the operator and the audit
// see them.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createUsers } from "../../src/balance/create-users.ts";
import type { GatewayLedger } from "../../src/gateway/simulator/ledger.ts";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { failed } from "../../src/settlement/outcome.ts";
import { settleRefund } from "../../src/settlement/settle-refund.ts";
import { NO_VIEWER } from "../../src/order/order-view.ts";
import { refundOrder } from "../../src/order/refund/refund-order.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests", slowMs: 100 });
  const url = await simulator.listen();
  const settings = { PAYMENT_GATEWAY_TIMEOUT_MS: "1000", PAYMENT_GATEWAY_BREAKER_CALLS: "1000", PAYMENT_SETTLE_AFTER_MS: "600000" };
  shop = await openTestShop({ env: { PAYMENT_GATEWAY_URL: url, PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests", ...settings } });
  simulator.webhooks.url = `${shop.url}/payments/webhooks/toss`;
});
after(async () => {
  await shop.close();
  await simulator.close();
});

const gatewayLedger = (): GatewayLedger => simulator.ledger;
/** The number of calls of this operation at the gateway. */
const calls = (operation: string): number => simulator.calls(operation);

/** An unpaid order of one unit, of a product with ten in stock. */
async function unpaid({ price = 1000, coupon = false } = {}): Promise<{
  user: Client;
  orderId: string;
  product: { id: string; variants: { id: string }[] };
  userCouponId: string | undefined;
}> {
  const product = await shop.product({ price, stock: 10 });
  const user = await shop.user({ balance: 100_000 });
  const userCouponId = coupon ? await shop.coupon(user) : undefined;
  const order = good(
    await user.post("/orders", {
      orderItems: [{ productId: product.id, quantity: 1 }],
      ...(userCouponId ? { userCouponId } : {}),
      payment: { method: "DEFERRED" },
    }),
    201,
  );
  return { user, orderId: order.orderId, product, userCouponId };
}

const byCard = (user: Client, orderId: string, paymentKey: string, headers?: Record<string, string>): Promise<Answer> =>
  user.post("/payments", { orderId, method: "CARD", paymentKey }, headers);
const key = (kind: string): string => `${kind}-${randomUUID()}`;
/** A script whose outcome is not known before `settleNow`: neither a webhook nor the job of each full minute finds it out. */
const UNKNOWN_UNTIL_SETTLED = { find: ["forbidden*"], webhook: "never" as const };
async function settleNow(): Promise<void> {
  simulator.behaves = true;
  await settle();
  simulator.behaves = false;
}
/** A key whose confirmation gets no answer, and of which no webhook tells. */
const unanswered = (): string => keyFor({ confirm: ["timeout"], webhook: "never" }, randomUUID());
const settle = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
const orderOf = async (orderId: string): Promise<Answer["body"]> => good(await shop.operator.get(`/orders/${orderId}`), 200);
const steps = async (paymentId: string): Promise<string[]> =>
  good(await shop.operator.get(`/payments/${paymentId}`), 200).history.map((step: { status: string }) => step.status);
const assertAuditIsClean = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);

describe("a card payment", () => {
  test("an approved card payment completes the order at once", async () => {
    const { user, orderId, product } = await unpaid();
    const payment = good(await byCard(user, orderId, key("ok")), 201);
    assert.deepEqual([payment.method, payment.status, payment.amount], ["CARD", "COMPLETED", 1000]);
    assert.deepEqual(await steps(payment.paymentId), ["PENDING", "COMPLETED"]);
    assert.equal((await orderOf(orderId)).status, "COMPLETED");
    assert.equal(await shop.stockOf(product), 9);
    assert.equal(await shop.balanceOf(user), 100_000);
    const { events } = good(await user.get(`/orders/${orderId}/history`), 200);
    assert.deepEqual(
      events.map((event: { type: string }) => event.type),
      ["order.placed", "order.completed"],
    );
    await assertAuditIsClean();
  });

  test("a declined card payment is 402, restores stock and coupon once, and the order can be paid again", async () => {
    const { user, orderId, product, userCouponId } = await unpaid({ coupon: true });
    const problem = refused(await byCard(user, orderId, key("decline")), 402, "PAYMENT_DECLINED");
    assert.equal(problem["reason"], "REJECT_CARD_PAYMENT");
    assert.equal(await shop.stockOf(product), 10);
    const { userCoupons } = good(await user.get(`/users/${user.id}/coupons`), 200);
    assert.deepEqual(
      userCoupons.map((coupon: { id: string }) => coupon.id),
      [userCouponId],
    );
    assert.deepEqual(await steps(problem["paymentId"] as string), ["PENDING", "FAILED"]);
    assert.equal((await orderOf(orderId)).status, "PENDING");
    await settle();
    assert.equal(await shop.stockOf(product), 10);

    good(await byCard(user, orderId, key("ok")), 201);
    assert.equal(await shop.stockOf(product), 9);
    assert.equal((await orderOf(orderId)).paidAmount, 900);
    await assertAuditIsClean();
  });

  test("a payment key that was declined is not sent to the gateway again", async () => {
    const { user, orderId } = await unpaid();
    const declined = key("decline");
    refused(await byCard(user, orderId, declined), 402, "PAYMENT_DECLINED");
    const before = calls("confirm");
    assert.equal(refused(await byCard(user, orderId, declined), 402, "PAYMENT_DECLINED")["reason"], "PAYMENT_KEY_USED");
    assert.equal(calls("confirm"), before);
  });

  test("a card payment of one order does not pay another order", async () => {
    const [one, other] = [await unpaid(), await unpaid()];
    const shared = key("ok");
    good(await byCard(one.user, one.orderId, shared), 201);
    assert.equal(refused(await byCard(other.user, other.orderId, shared), 402, "PAYMENT_DECLINED")["reason"], "PAYMENT_KEY_OF_ANOTHER_ORDER");
    assert.equal(await shop.stockOf(other.product), 10);
    assert.equal(gatewayLedger().payments.get(shared)?.left, 1000);
  });

  test("a card payment without a response is 202 UNKNOWN and blocks payment, cancellation and expiry until the gateway confirms it", async () => {
    const { user, orderId, product, userCouponId } = await unpaid({ coupon: true });
    const paymentKey = keyFor({ ...UNKNOWN_UNTIL_SETTLED, confirm: ["timeout"] }, randomUUID());
    const payment = good(await byCard(user, orderId, paymentKey), 202);
    assert.equal(payment.status, "UNKNOWN");
    assert.equal(await shop.stockOf(product), 9);
    refused(await byCard(user, orderId, key("ok")), 409, "PAYMENT_IN_PROGRESS");
    refused(await user.post("/payments", { orderId, method: "BALANCE" }), 409, "PAYMENT_IN_PROGRESS");
    refused(await user.post(`/orders/${orderId}/cancel`), 409, "PAYMENT_IN_PROGRESS");
    await shop.shop.database.pool.query("UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = $1", [orderId]);
    good(await shop.operator.post("/admin/jobs/expire-orders/run"), 200);
    assert.equal((await orderOf(orderId)).status, "PENDING");
    await assertAuditIsClean();

    await settleNow();
    const after = good(await user.get(`/payments/${payment.paymentId}`), 200);
    assert.equal(after.status, "COMPLETED");
    assert.deepEqual(
      after.history.map((step: { status: string; reason: string | null }) => [step.status, step.reason]),
      [
        ["PENDING", null],
        ["UNKNOWN", "TIMEOUT"],
        ["COMPLETED", null],
      ],
    );
    assert.equal((await orderOf(orderId)).status, "COMPLETED");
    assert.equal(good(await user.get(`/users/${user.id}/coupons?status=USED`), 200).userCoupons[0].id, userCouponId);
    assert.equal(await shop.stockOf(product), 9);
    await assertAuditIsClean();
  });

  // The test fails without the gateway policy's retry. If the first call had its effect, it also
  // fails without the idempotency key.
  for (const step of ["error", "provider", "drop", "lost", "cut"] as const) {
    test(`a card payment whose first call ends in ${step} is captured once`, async () => {
      const { user, orderId } = await unpaid();
      const paymentKey = keyFor({ confirm: [step] }, randomUUID());
      good(await byCard(user, orderId, paymentKey), 201);
      assert.equal(gatewayLedger().payments.get(paymentKey)?.left, 1000);
      await assertAuditIsClean();
    });
  }

  test("a card payment that never reached the gateway is confirmed by the settlement job while its order is payable", async () => {
    const { user, orderId } = await unpaid();
    const paymentKey = keyFor({ confirm: ["silent"] }, randomUUID());
    good(await byCard(user, orderId, paymentKey), 202);
    assert.equal(gatewayLedger().payments.has(paymentKey), false);
    await settle();
    assert.equal((await orderOf(orderId)).status, "COMPLETED");
  });

  test("a card payment that did not reach the gateway in time fails, and a later capture is refunded", async () => {
    const { user, orderId, product } = await unpaid();
    const paymentKey = keyFor({ confirm: ["silent"] }, randomUUID());
    const { paymentId } = good(await byCard(user, orderId, paymentKey), 202);
    const pool = shop.shop.database.pool;
    await pool.query("UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = $1", [orderId]);
    await settle();
    assert.equal(good(await user.get(`/payments/${paymentId}`), 200).status, "UNKNOWN", "the call may still arrive");
    await pool.query("UPDATE payments SET created_at = now() - interval '1 hour' WHERE id = $1", [paymentId]);
    await settle();
    assert.equal(good(await user.get(`/payments/${paymentId}`), 200).status, "FAILED");
    assert.equal(await shop.stockOf(product), 10);

    // The abandoned call arrives at the gateway after all.
    await shop.shop.gateway.confirm({ paymentKey, orderId, amount: 1000, idempotencyKey: paymentId });
    await pool.query("UPDATE payments SET ask_at = now() WHERE id = $1", [paymentId]);
    await settle();
    await settle();
    assert.deepEqual([gatewayLedger().payments.get(paymentKey)?.status, gatewayLedger().payments.get(paymentKey)?.left], ["CANCELED", 0]);
    const shown = good(await shop.operator.get("/admin/payments?status=FAILED&limit=1"), 200).payments[0];
    assert.deepEqual([shown.paymentId, shown.stray], [paymentId, { amount: 1000, status: "RETURNED" }]);
    await assertAuditIsClean();
  });

  test("a card payment captured with another amount fails, and the capture is refunded", async () => {
    const { user, orderId } = await unpaid();
    const paymentKey = key("ok");
    await shop.shop.gateway.confirm({ paymentKey, orderId, amount: 1, idempotencyKey: randomUUID() });
    assert.equal(refused(await byCard(user, orderId, paymentKey), 402, "PAYMENT_DECLINED")["reason"], "AMOUNT_MISMATCH");
    await settle();
    assert.equal(gatewayLedger().payments.get(paymentKey)?.left, 0);
  });

  test("a card payment of an order of 0 needs no gateway", async () => {
    const { user, orderId } = await unpaid({ price: 100, coupon: true });
    const before = calls("confirm");
    assert.equal(good(await byCard(user, orderId, key("decline")), 201).status, "COMPLETED");
    assert.equal(calls("confirm"), before);
    assert.equal(good(await user.post(`/orders/${orderId}/cancel`), 200).status, "REFUNDED");
    await assertAuditIsClean();
  });

  test("a card payment needs a payment key, an order of the caller, and stock", async () => {
    const { user, orderId, product } = await unpaid();
    refused(await user.post("/payments", { orderId, method: "CARD" }), 400, "INVALID_REQUEST");
    refused(await byCard(user, orderId, "bad\nkey"), 400, "INVALID_REQUEST");
    refused(await byCard(await shop.user(), orderId, key("ok")), 404, "ORDER_NOT_FOUND");
    good(await shop.operator.post(`/admin/variants/${product.variants[0]?.id}/stock`, { delta: -10, reason: "sold elsewhere" }), 200);
    refused(await byCard(user, orderId, key("ok")), 400, "STOCK_INSUFFICIENT");
  });
});

describe("a card payment under an Idempotency-Key", () => {
  test("twenty concurrent repeats of a card payment are one attempt with one response", async () => {
    const { user, orderId } = await unpaid();
    const headers = { "idempotency-key": randomUUID() };
    const paymentKey = keyFor({ confirm: ["slow"] }, randomUUID());
    const answers = await Promise.all(Array.from({ length: 20 }, () => byCard(user, orderId, paymentKey, headers)));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([201]));
    assert.equal(new Set(answers.map((answer) => answer.body.paymentId)).size, 1);
    assert.equal(answers.filter((answer) => answer.headers["idempotent-replayed"] === "true").length, 19);
  });

  test("a repeat replaces a stored UNKNOWN with the final outcome, which then stays", async () => {
    const { user, orderId } = await unpaid();
    const headers = { "idempotency-key": randomUUID() };
    const paymentKey = keyFor({ confirm: ["timeout"], find: ["error", "error", "error"], webhook: "never" }, randomUUID());
    const first = good(await byCard(user, orderId, paymentKey, headers), 202);
    const again = await byCard(user, orderId, paymentKey, headers);
    assert.deepEqual([again.status, again.body.paymentId, again.headers["idempotent-replayed"]], [202, first.paymentId, "true"]);
    const last = good(await byCard(user, orderId, paymentKey, headers), 201);
    assert.deepEqual([last.paymentId, last.status], [first.paymentId, "COMPLETED"]);
    assert.deepEqual(good(await byCard(user, orderId, paymentKey, headers), 201), last);
    refused(await byCard(user, orderId, key("other"), headers), 422, "IDEMPOTENCY_KEY_REUSED");
  });

  test("a stored decline is replayed, and no second attempt starts", async () => {
    const { user, orderId } = await unpaid();
    const headers = { "idempotency-key": randomUUID() };
    const paymentKey = key("decline");
    const first = refused(await byCard(user, orderId, paymentKey, headers), 402, "PAYMENT_DECLINED");
    const again = await byCard(user, orderId, paymentKey, headers);
    assert.deepEqual(refused(again, 402, "PAYMENT_DECLINED"), first);
    assert.equal(again.headers["idempotent-replayed"], "true");
  });
});

describe("a webhook", () => {
  // The webhook only notifies the settlement worker, which asks the gateway itself.
  test("a webhook triggers settlement, and its content is not trusted", async () => {
    const { user, orderId } = await unpaid();
    const paymentKey = unanswered();
    const { paymentId } = good(await byCard(user, orderId, paymentKey), 202);
    const forged = await shop.anyone("POST", "/payments/webhooks/toss", {
      eventType: "PAYMENT_STATUS_CHANGED",
      createdAt: "2026-11-20T00:00:00",
      data: { paymentKey, orderId, status: "ABORTED" },
    });
    assert.equal(forged.status, 200);
    await shop.shop.settlement.worker.idle();
    assert.equal(good(await user.get(`/payments/${paymentId}`), 200).status, "COMPLETED");
  });

  for (const webhook of ["before", "twice", "disorder", "never"] as const) {
    test(`a webhook that comes ${webhook} does not change the outcome`, async () => {
      const { user, orderId } = await unpaid();
      good(await byCard(user, orderId, keyFor({ webhook }, randomUUID())), 201);
      await shop.shop.settlement.worker.idle();
      assert.equal((await orderOf(orderId)).status, "COMPLETED");
      await assertAuditIsClean();
    });
  }

  test("a webhook of another event or without its fields has no effect", async () => {
    const send = (body: unknown): Promise<Answer> => shop.anyone("POST", "/payments/webhooks/toss", body);
    assert.deepEqual(await race(400, () => send({ eventType: "PAYMENT_STATUS_CHANGED", data: { paymentKey: randomUUID() } })), { 200: 400 });
    assert.equal((await send({ eventType: "DEPOSIT_CALLBACK" })).status, 200);
    assert.equal((await send({ nonsense: true })).status, 400);
  });
});

describe("refunds to the card", () => {
  async function paid(
    paymentKey = key("ok"),
    quantity = 3,
  ): Promise<{ user: Client; orderId: string; product: { id: string; variants: { id: string }[] }; paymentKey: string; paymentId: string }> {
    const product = await shop.product({ price: 1000, stock: 10 });
    const user = await shop.user();
    const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity }], payment: { method: "DEFERRED" } }), 201);
    const { paymentId } = good(await byCard(user, orderId, paymentKey), 201);
    return { user, orderId, product, paymentKey, paymentId };
  }
  const refund = (orderId: string, items?: unknown, headers?: Record<string, string>): Promise<Answer> =>
    shop.operator.post(`/admin/orders/${orderId}/refunds`, { ...(items ? { items } : {}), reason: "bruised" }, headers);

  test("a card order is refunded in part, then in full, and never more", async () => {
    const { user, orderId, product, paymentKey } = await paid();
    const variantId = product.variants[0]?.id;
    const part = good(await refund(orderId, [{ variantId, quantity: 1 }]), 200);
    assert.deepEqual([part.status, part.refundedAmount], ["PARTIALLY_REFUNDED", 1000]);
    assert.equal(gatewayLedger().payments.get(paymentKey)?.left, 2000);
    refused(await refund(orderId, [{ variantId, quantity: 3 }]), 409, "ORDER_NOT_REFUNDABLE");
    assert.equal(good(await refund(orderId), 200).status, "REFUNDED");
    refused(await refund(orderId), 409, "ORDER_NOT_REFUNDABLE");
    assert.equal(gatewayLedger().payments.get(paymentKey)?.left, 0);
    assert.equal(await shop.stockOf(product), 10);
    assert.equal(await shop.balanceOf(user), 0);
    await assertAuditIsClean();
  });

  // The row in the table of refunds admits one refund at a time.
  test("concurrent refunds and cancellations of a card order refund it once", async () => {
    const { user, orderId, product, paymentKey } = await paid(keyFor({ cancel: ["slow"] }, randomUUID()));
    const counts = await race(20, (i) => (i % 2 ? refund(orderId) : user.post(`/orders/${orderId}/cancel`)));
    assert.deepEqual(counts, { 200: 1, 409: 19 });
    assert.deepEqual(gatewayLedger().payments.get(paymentKey)?.cancels.length, 1);
    assert.equal(await shop.stockOf(product), 10);
    await assertAuditIsClean();
  });

  // Without `NeedsChanged` the new refund was saved over the one before it, and the database
  // refused the round.
  test("a refund can start in the round in which another refund was refused", async () => {
    const { orderId, product } = await paid();
    const { till, orderCache, settlement } = shop.shop;
    const wanted = { orderId, items: null, reason: "bruised", customerReason: null, restock: true, viewer: NO_VIEWER, askAfterMs: 600_000 };
    const first = await till.submit(refundOrder(orderCache), wanted);
    assert.ok(first.kind === "attempt");
    const { retries } = till.served;
    const [, , second] = await Promise.all([
      // This command is ahead at the till, so the two behind it run in one round.
      till.submit(createUsers, { users: [{ name: "손님", externalId: null }], bulk: true }),
      till.finish(settleRefund(orderCache), { orderId, refundId: first.id, outcome: failed("NOT_TODAY"), askAgainMs: null }),
      till.submit(refundOrder(orderCache), wanted),
    ]);
    assert.ok(second.kind === "attempt");
    assert.equal(till.served.retries, retries);
    assert.equal((await settlement.refunds.settle(second.id, true)).status, "COMPLETED");
    assert.equal(await shop.stockOf(product), 10);
    await assertAuditIsClean();
  });

  for (const step of ["error", "lost", "cut", "drop"] as const) {
    test(`a refund whose first call ends in ${step} is made once`, async () => {
      const { orderId, paymentKey } = await paid(keyFor({ cancel: [step] }, randomUUID()));
      assert.equal(good(await refund(orderId), 200).status, "REFUNDED");
      assert.equal(gatewayLedger().payments.get(paymentKey)?.cancels.length, 1);
    });
  }

  // Two safeguards make a repeated cancel idempotent: the refund's own key, and its mark in the
  // reason. The test fails only without both.
  test("a refund without a response is 202, blocks another refund, and the settlement job completes it", async () => {
    const { user, orderId, product, paymentKey } = await paid(keyFor({ ...UNKNOWN_UNTIL_SETTLED, cancel: ["timeout"] }, randomUUID()));
    const headers = { "idempotency-key": randomUUID() };
    const first = await refund(orderId, undefined, headers);
    assert.deepEqual([first.status, first.body.status], [202, "COMPLETED"]);
    assert.equal(await shop.stockOf(product), 7);
    refused(await refund(orderId), 409, "PAYMENT_IN_PROGRESS");
    refused(await user.post(`/orders/${orderId}/cancel`), 409, "PAYMENT_IN_PROGRESS");
    await assertAuditIsClean();
    await settleNow();
    const done = await refund(orderId, undefined, headers);
    assert.deepEqual([done.status, done.body.status], [200, "REFUNDED"]);
    assert.equal(gatewayLedger().payments.get(paymentKey)?.cancels.length, 1);
    assert.equal(await shop.stockOf(product), 10);
    await assertAuditIsClean();
  });

  test("a refund that the gateway refuses leaves the order unchanged", async () => {
    const { orderId, product, paymentId } = await paid(keyFor({ cancel: ["decline*"] }, randomUUID()));
    assert.equal(refused(await refund(orderId), 409, "ORDER_NOT_REFUNDABLE")["reason"], "NOT_CANCELABLE_PAYMENT");
    assert.equal((await orderOf(orderId)).status, "COMPLETED");
    assert.equal(await shop.stockOf(product), 7);
    assert.match(good(await shop.operator.get(`/payments/${paymentId}`), 200).history.at(-1).reason, /refused: NOT_CANCELABLE_PAYMENT/);
    await assertAuditIsClean();
  });
});

// The check is `livePayment` in payableOrder.
test("of twenty concurrent payments by card and balance one succeeds, with one capture", async () => {
  for (let round = 0; round < 5; round++) {
    const { user, orderId, product } = await unpaid();
    const keys = Array.from({ length: 20 }, () => keyFor({ confirm: round % 2 ? ["slow"] : [] }, randomUUID()));
    const counts = await race(20, (i) => (i % 2 ? byCard(user, orderId, keys[i] as string) : user.post("/payments", { orderId, method: "BALANCE" })));
    assert.deepEqual(counts, { 201: 1, 409: 19 });
    const captured = keys.filter((one) => gatewayLedger().payments.has(one)).length;
    assert.equal(captured + (100_000 - (await shop.balanceOf(user))) / 1000, 1);
    assert.equal(await shop.stockOf(product), 9);
  }
  await assertAuditIsClean();
});

test("no table contains card numbers or secrets", async () => {
  const { user, orderId } = await unpaid();
  good(await byCard(user, orderId, key("ok")), 201);
  const { rows: tables } = await shop.shop.database.pool.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  for (const { name } of tables) {
    const { rows } = await shop.shop.database.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    for (const { row } of rows) assert.doesNotMatch(row, /43301234|test_sk_/, name);
  }
});

describe("reconciliation", () => {
  test("reconciliation finds no difference at first, then lists each one", async () => {
    simulator.behaves = true;
    const reconciliation = async (): Promise<Answer["body"]> => good(await shop.operator.get("/admin/reconciliation"), 200);
    await settle();
    assert.deepEqual((await reconciliation()).differences, []);

    const { user, orderId } = await unpaid();
    const lost = key("lost-in-the-shop");
    good(await byCard(user, orderId, lost), 201);
    const unknown = key("unknown");
    await shop.shop.gateway.confirm({ paymentKey: unknown, orderId: randomUUID(), amount: 500, idempotencyKey: randomUUID() });
    await shop.shop.gateway.cancel({ paymentKey: lost, amount: 1, reason: "by hand", idempotencyKey: randomUUID() });
    const { differences } = await reconciliation();
    assert.deepEqual(differences.map((one: { what: string; paymentKey: string }) => [one.what, one.paymentKey]).sort(), [
      ["amounts given back differ", lost],
      ["only at the gateway", unknown],
    ]);
  });
});
