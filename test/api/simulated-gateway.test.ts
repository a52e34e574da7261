// The built-in simulated gateway accepts any payment key any number of times, as the contract and
// the README promise.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let user: Client;
before(async () => {
  shop = await openTestShop({ env: { BALANCE_FUNDING: "gateway", PAYMENT_GATEWAY_TIMEOUT_MS: "300", PAYMENT_SETTLE_AFTER_MS: "50" } });
  user = await shop.user();
});
after(() => shop.close());

async function unpaid(): Promise<string> {
  const product = await shop.product({ price: 100, stock: 1 });
  const order = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } });
  return good(order, 201).orderId as string;
}
const pay = (orderId: string, paymentKey: string): Promise<Answer> => user.post("/payments", { orderId, method: "CARD", paymentKey });
const settled = async (paymentId: string): Promise<string> => {
  for (;;) {
    const { status } = good(await user.get(`/payments/${paymentId}`), 200);
    if (status !== "UNKNOWN") return status;
    await shop.operator.post("/admin/jobs/settle-payments/run");
  }
};

// These tests fail without the suffix in ownKey (gateway/simulator/own-key.ts). The second one
// fails without its `slice`.
test("one payment key pays several orders, and each order gets its own money back", async () => {
  const orders = [await unpaid(), await unpaid(), await unpaid()];
  for (const orderId of orders) good(await pay(orderId, "anything"), 201);
  for (const orderId of orders) assert.equal(good(await user.post(`/orders/${orderId}/cancel`), 200).status, "REFUNDED");
});

test("the prefix of a payment key decides the outcome of each payment, at any length of the key", async () => {
  for (const suffix of ["", "x".repeat(190)]) {
    const orderId = await unpaid();
    refused(await pay(orderId, `decline${suffix}`), 402, "PAYMENT_DECLINED");
    refused(await pay(orderId, `decline${suffix}`), 402, "PAYMENT_DECLINED");
    const { paymentId, status } = good(await pay(orderId, `timeout${suffix}`), 202);
    assert.equal(status, "UNKNOWN");
    assert.equal(await settled(paymentId), "COMPLETED");
  }
});

test("one payment key charges a balance any number of times", async () => {
  for (const newBalance of [7, 14, 21])
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 7, paymentKey: "anything" }), 200).newBalance, newBalance);
});
