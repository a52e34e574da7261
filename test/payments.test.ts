// Paying by card over HTTP, against the simulated gateway: what the buyer, the operator and the books see.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "./support/shop.ts";

let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { PAYMENT_GATEWAY_TIMEOUT_MS: "400", PAYMENT_GATEWAY_BREAKER_CALLS: "1000", PAYMENT_SETTLE_AFTER_MS: "600000" } });
});
after(() => shop.close());

/** An unpaid order of one piece, of a product with ten. */
async function unpaid({ price = 1000, coupon = false } = {}): Promise<{ user: Client; orderId: string; product: { id: string; variants: { id: string }[] }; userCouponId: string | undefined }> {
  const product = await shop.product({ price, stock: 10 });
  const user = await shop.user({ balance: 100_000 });
  const userCouponId = coupon ? await shop.coupon(user) : undefined;
  const order = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], ...(userCouponId ? { userCouponId } : {}), payment: { method: "DEFERRED" } }), 201);
  return { user, orderId: order.orderId, product, userCouponId };
}

const byCard = (user: Client, orderId: string, paymentKey: string, headers?: Record<string, string>): Promise<Answer> => user.post("/payments", { orderId, method: "CARD", paymentKey }, headers);
const key = (kind: string): string => `${kind}-${randomUUID()}`;
const settle = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
const orderOf = async (orderId: string): Promise<Answer["body"]> => good(await shop.operator.get(`/orders/${orderId}`), 200);
const steps = async (paymentId: string): Promise<string[]> => good(await shop.operator.get(`/payments/${paymentId}`), 200).history.map((step: { status: string }) => step.status);
const sound = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);

describe("a card payment", () => {
  test("that is approved completes the order, at once", async () => {
    const { user, orderId, product } = await unpaid();
    const payment = good(await byCard(user, orderId, key("ok")), 201);
    assert.deepEqual([payment.method, payment.status, payment.amount], ["CARD", "COMPLETED", 1000]);
    assert.deepEqual(await steps(payment.paymentId), ["PENDING", "COMPLETED"]);
    assert.equal((await orderOf(orderId)).status, "COMPLETED");
    assert.equal(await shop.stockOf(product), 9);
    assert.equal(await shop.balanceOf(user), 100_000);
    await sound();
  });
});
