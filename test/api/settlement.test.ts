// Settlement against a gateway as strict as the real one: answers bound to idempotency keys, payment windows opened under an order id,
// temporary refusals, and look-ups that say nothing.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Gateway, GatewayAnswer } from "../../src/gateway/gateway.ts";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { capture } from "../../src/settlement/capture.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const SECRET = "test_sk_of_the_tests";
let shop: TestShop;
let simulator: Simulator;
let env: Record<string, string>;
before(async () => {
  simulator = new Simulator({ secret: SECRET, slowMs: 100 });
  const url = await simulator.listen();
  env = { PAYMENT_GATEWAY_URL: url, PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_GATEWAY_TIMEOUT_MS: "1000", PAYMENT_SETTLE_AFTER_MS: "600000" };
  shop = await openTestShop({ env: { ...env, PAYMENT_GATEWAY_BREAKER_CALLS: "1000" } });
});
after(async () => {
  await shop.close();
  await simulator.close();
});

const settle = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
const assertAuditIsClean = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
const statusOf = async (paymentId: string): Promise<string> => good(await shop.operator.get(`/payments/${paymentId}`), 200).status;

async function unpaid(at: TestShop = shop): Promise<{ user: Client; orderId: string; product: { id: string } }> {
  const product = await at.product({ price: 1000, stock: 10 });
  const user = await at.user();
  const order = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }], payment: { method: "DEFERRED" } });
  return { user, orderId: good(order, 201).orderId, product };
}
const pay = (user: Client, orderId: string, paymentKey: string, more: Record<string, unknown> = {}): Promise<Answer> =>
  user.post("/payments", { orderId, method: "CARD", paymentKey, ...more });
const scripted = (script: Parameters<typeof keyFor>[0]): string => keyFor(script, randomUUID());

describe("an answer that says later", () => {
  // The gateway repeats the answer for 15 days under the key that got it, so the same key would never capture.
  test("a payment whose first two keys got a temporary error is captured under the third", async () => {
    const { user, orderId } = await unpaid();
    const paymentKey = scripted({ confirm: ["provider", "provider"] });
    const { paymentId, status } = good(await pay(user, orderId, paymentKey), 202);
    assert.equal(status, "UNKNOWN");
    await settle();
    assert.equal(await statusOf(paymentId), "COMPLETED");
    assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 2000);
    await assertAuditIsClean();
  });

  test("a refund whose first two keys got a temporary error is made once, under the third", async () => {
    const { user, orderId, product } = await unpaid();
    const paymentKey = scripted({ cancel: ["provider", "consecutive"] });
    good(await pay(user, orderId, paymentKey), 201);
    const refund = (): Promise<Answer> => shop.operator.post(`/admin/orders/${orderId}/refunds`, { reason: "bruised" });
    assert.equal((await refund()).status, 202);
    refused(await refund(), 409, "PAYMENT_IN_PROGRESS");
    await settle();
    assert.equal(good(await shop.operator.get(`/orders/${orderId}`), 200).status, "REFUNDED");
    assert.equal(simulator.ledger.payments.get(paymentKey)?.cancels.length, 1);
    assert.equal(await shop.stockOf(product), 10);
    await assertAuditIsClean();
  });

  test("money captured for a failed payment goes back although the gateway first says later, and the bank is closed", async () => {
    const { user, orderId } = await unpaid();
    const paymentKey = scripted({ cancel: ["consecutive", "bank"] });
    await shop.shop.gateway.confirm({ paymentKey, orderId, amount: 1, idempotencyKey: randomUUID() });
    refused(await pay(user, orderId, paymentKey), 402, "PAYMENT_DECLINED");
    await settle();
    assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 1, "both keys of the first turn got a temporary refusal");
    await shop.shop.database.pool.query("UPDATE stray_money SET ask_at = now() WHERE payment_key = $1", [paymentKey]);
    await settle();
    assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 0);
    await assertAuditIsClean();
  });

  test("a bank that is closed when a buyer pays is a refusal, so the buyer pays in another way", async () => {
    const { user, orderId } = await unpaid();
    const declined = refused(await pay(user, orderId, scripted({ confirm: ["bank"] })), 402, "PAYMENT_DECLINED");
    assert.equal(declined["reason"], "NOT_AVAILABLE_BANK");
  });
});

describe("a refusal", () => {
  const wanted = { id: "p-1", paymentKey: "k", orderId: "order-1", amount: 1000, keyNumber: 0 };
  const terms = { first: true, now: 0, confirmUntil: 1, giveUpAt: 1 };
  const DONE = { paymentKey: "k", orderId: "order-1", status: "DONE", currency: "KRW", amount: 1000, left: 1000, cancels: [] } as const;
  const gateway = (repeated: boolean, found: typeof DONE | undefined): { gateway: Gateway; finds: () => number } => {
    let finds = 0;
    const fake = {
      currency: "KRW",
      confirm: (): Promise<GatewayAnswer> => Promise.resolve({ kind: "refused", code: "INVALID_REQUEST", repeated }),
      find: () => Promise.resolve((finds++, found)),
    };
    return { gateway: fake as unknown as Gateway, finds: () => finds };
  };

  // The first try may have captured the money and lost its answer. A buyer who is told of a refusal pays again.
  test("of the second try of one request is looked up before it is believed", async () => {
    const repeated = gateway(true, DONE);
    assert.deepEqual(await capture(repeated.gateway, wanted, terms), { kind: "done" });
    const notCaptured = await capture(gateway(true, undefined).gateway, wanted, terms);
    assert.deepEqual(notCaptured, { kind: "failed", reason: "INVALID_REQUEST", confirmed: false, captured: 0 });
  });

  test("of the only try is final without a look-up", async () => {
    const { gateway: once, finds } = gateway(false, DONE);
    assert.deepEqual(await capture(once, wanted, terms), { kind: "failed", reason: "INVALID_REQUEST", confirmed: true, captured: 0 });
    assert.equal(finds(), 0);
  });
});

describe("the settlement job", () => {
  // With one circuit breaker for both, four payments whose look-up fails turned every buyer away. With one of its own they kept the job from
  // asking about any other payment.
  test("its failing look-ups turn no buyer away, and keep no other payment from being looked up", async (t) => {
    const fragile = await openTestShop({ env: { ...env, PAYMENT_GATEWAY_BREAKER_CALLS: "4" } });
    t.after(() => fragile.close());
    for (let i = 0; i < 4; i++) {
      const { user, orderId } = await unpaid(fragile);
      good(await pay(user, orderId, scripted({ confirm: ["timeout"], find: ["error*"] })), 202);
      for (let others = 0; others < 3; others++) {
        const other = await unpaid(fragile);
        good(await pay(other.user, other.orderId, `ok-${randomUUID()}`), 201);
      }
    }
    for (let runs = 0; runs < 3; runs++) good(await fragile.operator.post("/admin/jobs/settle-payments/run"), 200);
    const lost = await unpaid(fragile);
    const { paymentId } = good(await pay(lost.user, lost.orderId, scripted({ confirm: ["timeout"], webhook: "never" })), 202);
    good(await fragile.operator.post("/admin/jobs/settle-payments/run"), 200);
    assert.equal(good(await fragile.operator.get(`/payments/${paymentId}`), 200).status, "COMPLETED");
    const { user, orderId } = await unpaid(fragile);
    good(await pay(user, orderId, `ok-${randomUUID()}`), 201);
    assert.match((await fragile.anyone("GET", "/metrics")).body, /jangnal_gateway_breaker\{state="closed"\} 1/);
  });
});

describe("a repeat that reaches another instance", () => {
  let other: TestShop;
  before(async () => {
    other = await openTestShop({ env: { ...env, PAYMENT_GATEWAY_TIMEOUT_MS: "60000" }, beside: shop });
  });
  after(() => other.close());

  // Two processes that ask the gateway at the same time got different answers: 201, and 202 because the gateway was busy with the first.
  for (const operation of ["confirm", "cancel"] as const)
    test(`waits for the first's answer to its ${operation} and does not call the gateway`, async (t) => {
      const { user, orderId } = await unpaid();
      const paymentKey = scripted({});
      const headers = { "idempotency-key": randomUUID() };
      const payment = { orderId, method: "CARD", paymentKey };
      const send = (at: TestShop): Promise<Answer> =>
        operation === "confirm" ? user.at(at).post("/payments", payment, headers) : user.at(at).post(`/orders/${orderId}/cancel`, {}, headers);
      if (operation === "cancel") good(await pay(user, orderId, paymentKey), 201);
      const [called, answered, looked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const { gateway } = shop.shop;
      const call = gateway[operation].bind(gateway) as (request: unknown) => Promise<GatewayAnswer>;
      t.mock.method(gateway, operation, async (request: unknown) => {
        called.resolve();
        await answered.promise;
        return call(request);
      });
      const { database } = other.shop;
      const rows = database.rows.bind(database);
      let looks = 0;
      t.mock.method(database, "rows", (statement: Parameters<typeof rows>[0]) => {
        if (statement.name === (operation === "confirm" ? "select payment" : "select refund") && ++looks === 3) looked.resolve();
        return rows(statement);
      });
      const first = send(shop);
      await called.promise;
      const callsBefore = simulator.calls("find");
      const repeat = send(other);
      await Promise.race([looked.promise, repeat]);
      answered.resolve();
      const answers = await Promise.all([first, repeat]);
      for (const answer of answers) good(answer, operation === "confirm" ? 201 : 200);
      assert.equal(answers[1]?.text, answers[0]?.text);
      assert.equal(answers[1]?.headers["idempotent-replayed"], "true");
      assert.equal(simulator.calls("find"), callsBefore);
    });
});

describe("the order id at the gateway", () => {
  const openWindow = (orderId: string): string => {
    const paymentKey = `ok-${randomUUID()}`;
    const opened = simulator.ledger.authorize({ paymentKey, orderId, amount: 2000, orderName: "사과", way: "CARD" });
    assert.ok("payment" in opened, JSON.stringify(opened));
    return paymentKey;
  };

  test("is the order's, or the order's with a number, and a payment is confirmed under the one that its window was opened with", async () => {
    const { user, orderId } = await unpaid();
    const returned = `ok-${randomUUID()}`;
    await shop.shop.gateway.confirm({ paymentKey: returned, orderId, amount: 1, idempotencyKey: randomUUID() });
    refused(await pay(user, orderId, returned), 402, "PAYMENT_DECLINED");
    // The gateway has taken money for this order id once, and takes none for it again.
    const again = refused(await pay(user, orderId, `ok-${randomUUID()}`), 402, "PAYMENT_DECLINED");
    assert.equal(again["reason"], "DUPLICATED_ORDER_ID");

    const second = openWindow(`${orderId}_2`);
    const { status } = good(await pay(user, orderId, second, { gatewayOrderId: `${orderId}_2` }), 201);
    assert.equal(status, "COMPLETED");
    assert.equal(simulator.ledger.payments.get(second)?.orderId, `${orderId}_2`);
    const claimed = good(await shop.operator.get("/admin/reconciliation"), 200).differences.map((one: { paymentKey: string }) => one.paymentKey);
    assert.ok(!claimed.includes(second), "the reconciliation knows the order id at the gateway");
    good(await user.post(`/orders/${orderId}/cancel`), 200);
    assert.equal(simulator.ledger.payments.get(second)?.left, 0);
    await assertAuditIsClean();
  });

  test("is of this order only", async () => {
    const { user, orderId } = await unpaid();
    for (const gatewayOrderId of [
      randomUUID(),
      `${randomUUID()}_2`,
      `${orderId}_1`,
      `${orderId}_02`,
      `${orderId}_x`,
      `${orderId}2`,
      `${orderId}_`,
      "",
    ])
      refused(await pay(user, orderId, `ok-${randomUUID()}`, { gatewayOrderId }), 400, "INVALID_REQUEST");
  });

  test("a look-up that fails leaves a payment under its own order id unknown, and it is completed later", async () => {
    const { user, orderId } = await unpaid();
    const key = keyFor({ confirm: ["cut", "cut", "cut"], find: ["forbidden", "missing"] }, randomUUID());
    const { paymentId } = good(await pay(user, orderId, key, { gatewayOrderId: `${orderId}_3` }), 202);
    for (let i = 0; i < 4 && (await statusOf(paymentId)) === "UNKNOWN"; i++) await settle();
    assert.equal(await statusOf(paymentId), "COMPLETED");
  });
});

describe("the reconciliation", () => {
  // One such payment made every reconciliation 503 until it was out of the period.
  test("names payments that it cannot look up or read, and compares the others", async () => {
    const odd = await Promise.all(
      (["odd*", "decimal*", "forbidden*", "error*"] as const).map(async (find) => {
        const { user, orderId } = await unpaid();
        const key = scripted({ find: [find] });
        good(await pay(user, orderId, key), 201);
        return key;
      }),
    );
    const { differences, compared } = good(await shop.operator.get("/admin/reconciliation"), 200);
    const unreadable = differences.filter((one: { what: string }) => one.what === "not readable at the gateway");
    const named = new Set(unreadable.map((one: { paymentKey: string }) => one.paymentKey));
    for (const key of odd) assert.ok(named.has(key), key);
    assert.ok(compared > odd.length);
  });
});

describe("the simulator is as strict as the gateway", () => {
  let now = Date.now();
  const strict = new Simulator({ secret: SECRET, now: () => now });
  const { ledger } = strict;
  const code = (outcome: ReturnType<typeof ledger.find>): string => ("code" in outcome ? outcome.code : outcome.payment.status);
  const wanted = (fields: Record<string, unknown> = {}) => ({ paymentKey: "w-1", orderId: "order-1", amount: 1000, ...fields });

  test("a window takes its own order id and amount, for 30 minutes", () => {
    ledger.authorize({ ...wanted(), orderName: "사과", way: "CARD" });
    assert.equal(code(ledger.find("w-1")), "IN_PROGRESS");
    assert.equal(code(ledger.confirm(wanted({ orderId: "order-2" }), false)), "INVALID_REQUEST");
    assert.equal(code(ledger.confirm(wanted({ amount: 1 }), false)), "INVALID_REQUEST");
    now += 30 * 60_000;
    assert.equal(code(ledger.find("w-1")), "EXPIRED");
    assert.equal(code(ledger.confirm(wanted(), false)), "NOT_FOUND_PAYMENT_SESSION");
  });

  test("one order id is paid once, even if the money has gone back", () => {
    assert.equal(code(ledger.confirm(wanted({ paymentKey: "w-2" }), false)), "DONE");
    assert.equal(code(strict.cancelInDashboard("w-2")), "CANCELED");
    assert.equal(code(ledger.confirm(wanted({ paymentKey: "w-3" }), false)), "DUPLICATED_ORDER_ID");
    assert.equal(code(ledger.authorize({ ...wanted({ paymentKey: "w-3" }), orderName: "사과", way: "CARD" })), "DUPLICATED_ORDER_ID");
  });

  test("an answer stays bound to its idempotency key for 15 days", () => {
    const once = (status: number): number => ledger.once({ key: "k-1", fingerprint: "f" }, () => ({ status, code: "X", message: "" })).status;
    assert.deepEqual([once(400), once(200)], [400, 400]);
    now += 15 * 86_400_000;
    assert.equal(once(200), 200);
  });
});
