// Money in doubt: cancels made by hand in the gateway's dashboard, attempts that only a person can finish, and that person's word.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { chargeByCard } from "../support/charge.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const SECRET = "test_sk_of_the_tests";
let shop: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: SECRET });
  const url = await simulator.listen();
  const settings = { PAYMENT_GATEWAY_TIMEOUT_MS: "1000", PAYMENT_GATEWAY_BREAKER_CALLS: "1000", PAYMENT_SETTLE_AFTER_MS: "600000" };
  shop = await openTestShop({ env: { PAYMENT_GATEWAY_URL: url, PAYMENT_GATEWAY_SECRET: SECRET, BALANCE_FUNDING: "gateway", ...settings } });
  simulator.webhooks.url = `${shop.url}/payments/webhooks/toss`;
});
after(async () => {
  await shop.close();
  await simulator.close();
});

const scripted = (script: Parameters<typeof keyFor>[0]): string => keyFor({ webhook: "never", ...script }, randomUUID());
const query = (text: string, values: unknown[]) => shop.shop.database.pool.query(text, values);
const settle = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
const orderOf = async (orderId: string): Promise<Answer["body"]> => good(await shop.operator.get(`/orders/${orderId}`), 200);
const assertAuditIsClean = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
type InDoubt = { id: string; kind: string; amount: number; reason: string; outcomes: string[]; orderId: string | null };
const inDoubt = async (id: string): Promise<InDoubt | undefined> =>
  good(await shop.operator.get("/admin/payments/attention?limit=100"), 200).payments.find((one: InDoubt) => one.id === id);
const resolve = (id: string, outcome: string, headers?: Record<string, string>): Promise<Answer> =>
  shop.operator.post(`/admin/payments/${id}/resolve`, { outcome, reason: "asked the gateway by telephone" }, headers);

type Paid = { user: Client; orderId: string; product: { id: string; variants: { id: string }[] }; paymentKey: string; paymentId: string };
async function unpaid(): Promise<Pick<Paid, "user" | "orderId" | "product">> {
  const product = await shop.product({ price: 1000, stock: 10 });
  const user = await shop.user();
  const order = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }], payment: { method: "DEFERRED" } });
  return { user, product, orderId: good(order, 201).orderId };
}
async function started(paymentKey: string, status: number): Promise<Paid> {
  const order = await unpaid();
  const { paymentId } = good(await order.user.post("/payments", { orderId: order.orderId, method: "CARD", paymentKey }), status);
  return { ...order, paymentKey, paymentId };
}
const paid = (script: Parameters<typeof keyFor>[0] = {}): Promise<Paid> => started(scripted(script), 201);
const refundOne = ({ orderId, product }: Paid): Promise<Answer> =>
  shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId: product.variants[0]?.id, quantity: 1 }], reason: "bruised" });

describe("a payment that was cancelled as a whole in the gateway's dashboard", () => {
  async function assertBooked({ orderId, product, paymentKey }: Paid): Promise<void> {
    const { status, refundedAmount } = await orderOf(orderId);
    assert.deepEqual([status, refundedAmount], ["REFUNDED", 3000]);
    assert.equal(await shop.stockOf(product), 10);
    const { differences } = good(await shop.operator.get("/admin/reconciliation"), 200);
    assert.ok(!differences.some((one: { paymentKey: string }) => one.paymentKey === paymentKey));
    await assertAuditIsClean();
  }

  test("is booked when its webhook comes", async () => {
    const payment = await paid();
    simulator.cancelInDashboard(payment.paymentKey);
    good(
      await shop.anyone("POST", "/payments/webhooks/toss", { eventType: "PAYMENT_STATUS_CHANGED", data: { paymentKey: payment.paymentKey } }),
      200,
    );
    await shop.shop.settlement.worker.idle();
    await assertBooked(payment);
  });

  test("is booked by the job if the webhook is lost, once", async () => {
    const payment = await paid();
    good(await refundOne(payment), 200);
    simulator.cancelInDashboard(payment.paymentKey);
    await settle();
    await settle();
    await assertBooked(payment);
    assert.equal(simulator.ledger.payments.get(payment.paymentKey)?.cancels.length, 2);
  });

  test("is booked by the reconciliation", async () => {
    const payment = await paid();
    simulator.cancelInDashboard(payment.paymentKey);
    good(await shop.operator.get("/admin/reconciliation"), 200);
    await assertBooked(payment);
  });

  test("is booked by a refund that finds nothing left to send back", async () => {
    const payment = await paid();
    simulator.cancelInDashboard(payment.paymentKey);
    assert.equal(good(await refundOne(payment), 200).status, "REFUNDED");
    await assertBooked(payment);
  });

  test("is booked once by twenty webhooks, jobs and refunds at the same time", async () => {
    const payment = await paid();
    simulator.cancelInDashboard(payment.paymentKey);
    const body = { eventType: "PAYMENT_STATUS_CHANGED", data: { paymentKey: payment.paymentKey } };
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 3 === 0 ? settle() : i % 3 === 1 ? shop.anyone("POST", "/payments/webhooks/toss", body) : refundOne(payment),
      ),
    );
    await shop.shop.settlement.worker.idle();
    await settle();
    await assertBooked(payment);
  });
});

test("a part that was cancelled in the dashboard waits for a person, and the books agree once it is accepted", async () => {
  const payment = await paid();
  simulator.cancelInDashboard(payment.paymentKey, 700);
  await settle();
  assert.equal((await orderOf(payment.orderId)).status, "COMPLETED");
  const found = await inDoubt(payment.paymentId);
  assert.deepEqual([found?.kind, found?.amount, found?.orderId, found?.outcomes], ["GATEWAY_CANCEL", 700, payment.orderId, ["RETURNED"]]);
  const difference = async (): Promise<string | undefined> =>
    good(await shop.operator.get("/admin/reconciliation"), 200).differences.find(
      (one: { paymentKey: string; what: string }) => one.paymentKey === payment.paymentKey,
    )?.what;
  assert.equal(await difference(), "amounts given back differ");
  refused(await resolve(payment.paymentId, "PAID"), 400, "INVALID_REQUEST");
  good(await resolve(payment.paymentId, "RETURNED"), 200);
  assert.equal(await inDoubt(payment.paymentId), undefined);
  assert.equal(await difference(), undefined);

  // More of it is in doubt again.
  simulator.cancelInDashboard(payment.paymentKey, 100);
  await settle();
  assert.equal((await inDoubt(payment.paymentId))?.amount, 100);
  await assertAuditIsClean();
});

test("a refund of the shop is not taken for a cancel in the dashboard", async () => {
  const payment = await paid({ cancel: ["slow"] });
  await Promise.all([refundOne(payment), ...Array.from({ length: 5 }, () => shop.shop.settlement.cancels.check(payment.paymentKey))]);
  await settle();
  assert.equal(await inDoubt(payment.paymentId), undefined);
  assert.equal((await orderOf(payment.orderId)).status, "PARTIALLY_REFUNDED");
});

describe("a payment that the gateway says nothing readable about", () => {
  const old = (id: string) => query("UPDATE payments SET created_at = now() - interval '1 hour' WHERE id = $1", [id]);

  for (const find of ["forbidden*", "error*"] as const)
    test(`needs a person beyond give-up if its look-up ends in ${find}`, async () => {
      const { paymentId } = await started(scripted({ confirm: ["timeout"], find: [find] }), 202);
      await settle();
      assert.equal(await inDoubt(paymentId), undefined, "it may still be settled");
      await old(paymentId);
      await settle();
      const found = await inDoubt(paymentId);
      assert.deepEqual([found?.kind, found?.outcomes], ["PAYMENT", ["PAID", "NOT_PAID", "RETURNED"]]);
      assert.match((await shop.anyone("GET", "/metrics")).body, /^jangnal_payments_attention \d/m);
      await assertAuditIsClean();
    });

  for (const find of ["odd*", "decimal*"] as const)
    test(`needs a person at once if its look-up ends in ${find}`, async () => {
      const { paymentId } = await started(scripted({ confirm: ["timeout"], find: [find] }), 202);
      await settle();
      assert.equal((await inDoubt(paymentId))?.reason, "UNRECOGNIZED_ANSWER");
    });

  test("fails beyond give-up if the gateway does not know it", async () => {
    const { user, paymentId, orderId } = await started(scripted({ confirm: ["silent"], find: ["missing*"] }), 202);
    await query("UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = $1", [orderId]);
    await old(paymentId);
    await settle();
    assert.equal(good(await user.get(`/payments/${paymentId}`), 200).status, "FAILED");
  });

  test("is completed by an operator's PAID", async () => {
    const { paymentId, orderId } = await started(scripted({ confirm: ["timeout"], find: ["odd*"] }), 202);
    await settle();
    const headers = { "idempotency-key": randomUUID() };
    const resolved = good(await resolve(paymentId, "PAID", headers), 200);
    assert.deepEqual([resolved.kind, resolved.outcome, resolved.orderId], ["PAYMENT", "PAID", orderId]);
    assert.deepEqual(good(await resolve(paymentId, "PAID", headers), 200), resolved);
    refused(await resolve(paymentId, "PAID"), 404, "PAYMENT_NOT_FOUND");
    assert.equal((await orderOf(orderId)).status, "COMPLETED");
    await assertAuditIsClean();
  });

  for (const outcome of ["NOT_PAID", "RETURNED"] as const)
    test(`is ended by an operator's ${outcome}, and stock is restored`, async () => {
      const { paymentId, orderId, product, user } = await started(scripted({ confirm: ["timeout"], find: ["odd*"] }), 202);
      await settle();
      assert.equal(await shop.stockOf(product), 7);
      good(await resolve(paymentId, outcome), 200);
      assert.equal(await shop.stockOf(product), 10);
      const { status, history } = good(await user.get(`/payments/${paymentId}`), 200);
      assert.deepEqual([status, history.at(-1).reason], ["FAILED", "RESOLVED_BY_OPERATOR"]);
      good(await user.post(`/orders/${orderId}/cancel`), 200);
      await assertAuditIsClean();
    });
});

describe("money that the gateway refuses to send back", () => {
  test("a refused refund waits for a person, and RETURNED books it", async () => {
    const payment = await paid({ cancel: ["decline*"] });
    refused(await refundOne(payment), 409, "ORDER_NOT_REFUNDABLE");
    const { rows } = await query("SELECT id FROM refunds WHERE payment_id = $1", [payment.paymentId]);
    const { id } = rows[0] as { id: string };
    assert.deepEqual((await inDoubt(id))?.outcomes, ["PAID", "RETURNED"]);
    refused(await resolve(id, "NOT_PAID"), 400, "INVALID_REQUEST");
    good(await resolve(id, "RETURNED"), 200);
    assert.equal(await inDoubt(id), undefined);
    assert.deepEqual([(await orderOf(payment.orderId)).refundedAmount, await shop.stockOf(payment.product)], [1000, 8]);
    await assertAuditIsClean();
  });

  test("a refused refund that PAID closes leaves the order as it was", async () => {
    const payment = await paid({ cancel: ["decline*"] });
    refused(await refundOne(payment), 409, "ORDER_NOT_REFUNDABLE");
    const { rows } = await query("SELECT id FROM refunds WHERE payment_id = $1", [payment.paymentId]);
    const { id } = rows[0] as { id: string };
    good(await resolve(id, "PAID"), 200);
    assert.equal(await inDoubt(id), undefined);
    assert.equal((await orderOf(payment.orderId)).status, "COMPLETED");
  });

  test("is decided by one of five operators who decide at the same time", async () => {
    const payment = await paid({ cancel: ["decline*"] });
    refused(await refundOne(payment), 409, "ORDER_NOT_REFUNDABLE");
    const { rows } = await query("SELECT id FROM refunds WHERE payment_id = $1", [payment.paymentId]);
    const { id } = rows[0] as { id: string };
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await resolve(id, "PAID")).status));
    assert.deepEqual(statuses.toSorted(), [200, 404, 404, 404, 404]);
  });

  test("an unmatched capture waits for a person, and RETURNED closes it", async () => {
    const { user, orderId } = await unpaid();
    const paymentKey = scripted({ cancel: ["decline*"] });
    await shop.shop.gateway.confirm({ paymentKey, orderId, amount: 1, idempotencyKey: randomUUID() });
    const { paymentId } = refused(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 402, "PAYMENT_DECLINED");
    await settle();
    const found = await inDoubt(paymentId as string);
    assert.deepEqual([found?.kind, found?.outcomes], ["UNMATCHED_CAPTURE", ["RETURNED"]]);
    good(await resolve(paymentId as string, "RETURNED"), 200);
    assert.equal(await inDoubt(paymentId as string), undefined);
  });
});

test("only an operator sees and resolves money in doubt, and an id that is not in doubt is not found", async () => {
  const user = await shop.user();
  refused(await user.get("/admin/payments/attention"), 403, "FORBIDDEN");
  refused(await user.post(`/admin/payments/${randomUUID()}/resolve`, { outcome: "PAID", reason: "r" }), 403, "FORBIDDEN");
  refused(await resolve(randomUUID(), "PAID"), 404, "PAYMENT_NOT_FOUND");
  const { paymentId } = await paid();
  refused(await resolve(paymentId, "NOT_PAID"), 404, "PAYMENT_NOT_FOUND");
});

test("an unknown and a declined charge are events, too", async () => {
  const user = await shop.user();
  const charge = (step: string): Promise<Answer> => chargeByCard(user, { amount: 700, paymentKey: scripted({ confirm: [step] }) });
  good(await charge("timeout"), 202);
  refused(await charge("decline"), 402, "PAYMENT_DECLINED");
  const { rows } = await query("SELECT type, subject, data FROM shop_events WHERE data ->> 'userId' = $1 ORDER BY xid, seq", [user.id]);
  const told = (rows as { type: string; subject: string; data: Record<string, unknown> }[]).map(({ type, subject, data }) => {
    assert.deepEqual([data["chargeId"], data["orderId"], data["amount"]], [subject, null, 700]);
    return [type, data["status"], data["reason"]];
  });
  assert.deepEqual(told, [
    ["payment.unknown", "UNKNOWN", "TIMEOUT"],
    ["payment.declined", "FAILED", "REJECT_CARD_PAYMENT"],
  ]);
});

test("an unknown and a declined payment are events, without the payment key", async () => {
  const unknown = await started(scripted({ confirm: ["timeout"] }), 202);
  await settle();
  const declined = await started(scripted({ confirm: ["decline"] }), 402);
  const { rows } = await query("SELECT type, subject, data FROM shop_events WHERE data ->> 'orderId' = ANY($1)", [
    [unknown.orderId, declined.orderId],
  ]);
  const told = new Map(
    (rows as { type: string; subject: string; data: Record<string, unknown> }[]).map(({ type, data, subject }) => [type, { data, subject }]),
  );
  assert.deepEqual([...told.keys()].sort(), ["payment.declined", "payment.unknown"]);
  assert.equal(told.get("payment.unknown")?.subject, unknown.paymentId);
  const data = told.get("payment.declined")?.data ?? {};
  assert.deepEqual([data["status"], data["reason"], data["amount"], data["userId"]], ["FAILED", "REJECT_CARD_PAYMENT", 3000, declined.user.id]);
  assert.doesNotMatch(JSON.stringify(rows), /sim\.|test_sk_|43301234/);
});
