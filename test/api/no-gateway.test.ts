// A shop without card payments has its own database and no payment gateway. The simulator approves
// any payment key, so it runs only with the embedded database or if the settings name it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { jangnal } from "../support/process.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const DATABASE_URL = "postgresql://127.0.0.1:1/none";
const kind = (env: Record<string, string>): string => readConfig(env).gateway.kind;

describe("the settings of the gateway", () => {
  test("cards are simulated only in an embedded shop, or if the settings name the simulator", () => {
    assert.equal(kind({}), "simulated");
    assert.equal(kind({ PAYMENT_GATEWAY_URL: "simulator" }), "simulated");
    assert.equal(kind({ DATABASE_URL }), "none");
    assert.equal(kind({ DATABASE_URL, PAYMENT_GATEWAY_URL: " " }), "none");
    assert.equal(kind({ DATABASE_URL, PAYMENT_GATEWAY_URL: "simulator" }), "simulated");
    assert.equal(kind({ DATABASE_URL, PAYMENT_GATEWAY_URL: "https://api.example.com", PAYMENT_GATEWAY_SECRET: "s" }), "gateway");
    // PAYMENT_SIMULATOR_URL, by which workers share a simulator, does not start one.
    assert.equal(kind({ DATABASE_URL, PAYMENT_SIMULATOR_URL: "http://:s@127.0.0.1:1" }), "none");
  });

  test("a simulator with a secret is refused, and so are misspelled names of it", () => {
    assert.throws(() => kind({ PAYMENT_GATEWAY_URL: "simulator", PAYMENT_GATEWAY_SECRET: "live_sk" }), /^Error: PAYMENT_GATEWAY_SECRET/);
    for (const PAYMENT_GATEWAY_URL of ["Simulator", "simulated", "simulator://"])
      assert.throws(() => kind({ PAYMENT_GATEWAY_URL, PAYMENT_GATEWAY_SECRET: "s" }), /^Error: PAYMENT_GATEWAY_URL must be simulator, or/);
  });

  test("charging balances by card needs a gateway", () => {
    const open = (env: Record<string, string>): string => readConfig({ BALANCE_FUNDING: "gateway", ...env }).balanceFunding;
    assert.throws(() => open({ DATABASE_URL }), /^Error: BALANCE_FUNDING=gateway needs a payment gateway; set PAYMENT_GATEWAY_URL[^\n]*$/);
    for (const env of [{}, { DATABASE_URL, PAYMENT_GATEWAY_URL: "simulator" }]) assert.equal(open(env), "gateway");
  });
});

describe("a shop without a gateway", () => {
  let shop: TestShop;
  let user: Client;
  let product: { id: string };
  before(async () => {
    shop = await openTestShop({ env: { PAYMENT_GATEWAY_URL: "" } });
    user = await shop.user({ balance: 100_000 });
    product = await shop.product({ price: 1000, stock: 10 });
  });
  after(() => shop.close());

  const deferred = async (): Promise<string> =>
    good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }), 201).orderId;
  const byCard = (orderId: string, headers?: Record<string, string>): Promise<Answer> =>
    user.post("/payments", { orderId, method: "CARD", paymentKey: "i-never-paid" }, headers);

  test("a shop without a gateway refuses cards without effect, and the order can still be paid from the balance", async () => {
    const orderId = await deferred();
    const before = await shop.stockOf(product);
    for (let i = 0; i < 2; i++) {
      const problem = refused(await byCard(orderId, { "idempotency-key": "by-card" }), 400, "PAYMENT_METHOD_UNAVAILABLE");
      assert.deepEqual([problem["detail"], problem["method"]], ["사용할 수 없는 결제 수단입니다", "CARD"]);
    }
    assert.equal(refused(await byCard(orderId, { "accept-language": "en" }), 400, "PAYMENT_METHOD_UNAVAILABLE")["title"], "Bad Request");
    assert.equal(await shop.stockOf(product), before);
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "PENDING");
    assert.equal(good(await user.post("/payments", { orderId, method: "BALANCE" }), 201).status, "COMPLETED");
    assert.equal(good(await user.post(`/orders/${orderId}/cancel`), 200).status, "REFUNDED");
  });

  test("a shop without a gateway reports a missing order before it refuses the card", async () => {
    refused(await byCard("0197a1c0-0000-7000-8000-000000000002"), 404, "ORDER_NOT_FOUND");
    const orderId = await deferred();
    const other = await shop.user();
    refused(await other.post("/payments", { orderId, method: "CARD", paymentKey: "k" }), 404, "ORDER_NOT_FOUND");
  });

  test("a shop without a gateway reports that it takes no cards", async () => {
    const { cards, paymentMethods } = good(await shop.anyone("GET", "/shop"), 200);
    assert.deepEqual([cards, paymentMethods], ["none", ["BALANCE"]]);
    assert.equal(good(await shop.anyone("GET", "/readyz"), 200).checks.cards, "none");
  });

  test("a shop without a gateway has no reconciliation, and its jobs run", async () => {
    refused(await shop.operator.get("/admin/reconciliation"), 400, "PAYMENT_METHOD_UNAVAILABLE");
    good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
    assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  });

  // Only a gateway that is configured again knows the outcome of earlier card payments.
  test("a shop without a gateway leaves earlier card payments unchanged until a gateway is configured again", async () => {
    const simulated = await openTestShop({ beside: shop });
    try {
      const paid = await deferred();
      const at = user.at(simulated);
      good(await at.post("/payments", { orderId: paid, method: "CARD", paymentKey: "k" }), 201);
      const refund = await shop.operator.post(`/admin/orders/${paid}/refunds`, { reason: "단순 변심" });
      assert.equal(good(refund, 202).status, "COMPLETED");
      good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
      assert.equal(good(await user.get(`/orders/${paid}`), 200).status, "COMPLETED");
      good(await simulated.operator.post("/admin/jobs/settle-payments/run"), 200);
      assert.equal(good(await user.get(`/orders/${paid}`), 200).status, "REFUNDED");
    } finally {
      await simulated.close();
    }
  });
});

test("npx jangnal reconcile reports in one line that there is no gateway", async () => {
  const { code, output } = await jangnal(["reconcile"], { DATABASE_URL });
  assert.deepEqual([code, output], [1, "No payment gateway is configured: set PAYMENT_GATEWAY_URL.\n"]);
});

test("a shop with simulated cards reports them as simulated", async () => {
  const shop = await openTestShop();
  try {
    const { cards, paymentMethods } = good(await shop.anyone("GET", "/shop"), 200);
    assert.deepEqual([cards, paymentMethods], ["simulated", ["BALANCE", "CARD"]]);
    assert.equal(good(await shop.anyone("GET", "/readyz"), 200).checks.cards, "simulated");
  } finally {
    await shop.close();
  }
});
