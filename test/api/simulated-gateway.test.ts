// A shop without a gateway of its own takes any payment key, as often as it comes: the contract's "any other approved", the README's "anything".

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

// This and the last go red without the suffix in ownKey (gateway/simulator/own-key.ts), the one between without its `slice`.
test("one key pays one order after the other, and each gets its own money back", async () => {
  const orders = [await unpaid(), await unpaid(), await unpaid()];
  for (const orderId of orders) good(await pay(orderId, "anything"), 201);
  for (const orderId of orders) assert.equal(good(await user.post(`/orders/${orderId}/cancel`), 200).status, "REFUNDED");
});

test("what a key begins with tells what becomes of each payment, however long it is", async () => {
  for (const end of ["", "x".repeat(190)]) {
    const orderId = await unpaid();
    refused(await pay(orderId, `decline${end}`), 402, "PAYMENT_DECLINED");
    refused(await pay(orderId, `decline${end}`), 402, "PAYMENT_DECLINED");
    const { paymentId, status } = good(await pay(orderId, `timeout${end}`), 202);
    assert.equal(status, "UNKNOWN");
    assert.equal(await settled(paymentId), "COMPLETED");
  }
});

test("one key charges a balance as often as it comes", async () => {
  for (const newBalance of [7, 14, 21])
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 7, paymentKey: "anything" }), 200).newBalance, newBalance);
});
