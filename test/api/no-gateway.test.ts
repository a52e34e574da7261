// A shop that takes no cards: a database of its own and no payment gateway. The simulator, which approves any payment key, opens only in a
// shop with the embedded database, or when it is asked for by name.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { jangnal } from "../support/process.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const DATABASE_URL = "postgresql://127.0.0.1:1/none";
const kind = (env: Record<string, string>): string => readConfig(env).gateway.kind;

describe("the settings", () => {
  // Goes red when `kind` in config.ts does not ask whether the database is embedded.
  test("only an embedded shop, or one that names the simulator, simulates cards", () => {
    assert.equal(kind({}), "simulated");
    assert.equal(kind({ PAYMENT_GATEWAY_URL: "simulator" }), "simulated");
    assert.equal(kind({ DATABASE_URL }), "none");
    assert.equal(kind({ DATABASE_URL, PAYMENT_GATEWAY_URL: " " }), "none");
    assert.equal(kind({ DATABASE_URL, PAYMENT_GATEWAY_URL: "simulator" }), "simulated");
    assert.equal(kind({ DATABASE_URL, PAYMENT_GATEWAY_URL: "https://api.example.com", PAYMENT_GATEWAY_SECRET: "s" }), "gateway");
    // The variable by which workers share a simulator does not open one.
    assert.equal(kind({ DATABASE_URL, PAYMENT_SIMULATOR_URL: "http://:s@127.0.0.1:1" }), "none");
  });

  test("a simulator with a secret, and other words for it, are refused", () => {
    assert.throws(() => kind({ PAYMENT_GATEWAY_URL: "simulator", PAYMENT_GATEWAY_SECRET: "live_sk" }), /^Error: PAYMENT_GATEWAY_SECRET/);
    for (const PAYMENT_GATEWAY_URL of ["Simulator", "simulated", "simulator://"])
      assert.throws(() => kind({ PAYMENT_GATEWAY_URL, PAYMENT_GATEWAY_SECRET: "s" }), /^Error: PAYMENT_GATEWAY_URL must be simulator, or/);
  });

  test("balances that are charged by card need a gateway", () => {
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

  test("refuses cards, takes nothing, and the order can still be paid from the balance", async () => {
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

  test("says first that an order is not there, or another's", async () => {
    refused(await byCard("0197a1c0-0000-7000-8000-000000000002"), 404, "ORDER_NOT_FOUND");
    const orderId = await deferred();
    const other = await shop.user();
    refused(await other.post("/payments", { orderId, method: "CARD", paymentKey: "k" }), 404, "ORDER_NOT_FOUND");
  });

  test("says everywhere that it takes no cards", async () => {
    const { cards, paymentMethods } = good(await shop.anyone("GET", "/shop"), 200);
    assert.deepEqual([cards, paymentMethods], ["none", ["BALANCE"]]);
    assert.equal(good(await shop.anyone("GET", "/readyz"), 200).checks.cards, "none");
  });

  test("has no gateway's book to compare with, and its jobs run", async () => {
    refused(await shop.operator.get("/admin/reconciliation"), 400, "PAYMENT_METHOD_UNAVAILABLE");
    good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
    assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  });

  // A gateway that is configured again is the only one that knows what became of the money.
  test("leaves what was paid by card before as it is, until a gateway is configured again", async () => {
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

test("npx jangnal reconcile says in one line that there is no gateway", async () => {
  const { code, output } = await jangnal(["reconcile"], { DATABASE_URL });
  assert.deepEqual([code, output], [1, "No payment gateway is configured: set PAYMENT_GATEWAY_URL.\n"]);
});

test("a shop that simulates cards says so", async () => {
  const shop = await openTestShop();
  try {
    const { cards, paymentMethods } = good(await shop.anyone("GET", "/shop"), 200);
    assert.deepEqual([cards, paymentMethods], ["simulated", ["BALANCE", "CARD"]]);
    assert.equal(good(await shop.anyone("GET", "/readyz"), 200).checks.cards, "simulated");
  } finally {
    await shop.close();
  }
});
