// BALANCE_MAX limits charges and grants. Refunds always fit.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

const BALANCE_MAX = 10_000;

let shop: TestShop;
let beside: TestShop;
before(async () => {
  shop = await openTestShop({ env: { BALANCE_MAX: String(BALANCE_MAX) } });
  beside = await openTestShop({ beside: shop, env: { BALANCE_MAX: String(BALANCE_MAX) } });
});
after(async () => {
  await beside.close();
  await shop.close();
});

const charge = (user: Client, amount: number) => user.post(`/users/${user.id}/balance/charge`, { amount });
const grant = (user: Client, amount: number) =>
  shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount, reason: "test" }] });

/** A user who has spent 3,000 and then charged the balance up to the limit. */
async function fullBalance(): Promise<{ user: Client; orderId: string; variantId: string }> {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: BALANCE_MAX });
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }] }), 201);
  good(await charge(user, 3000), 200);
  return { user, orderId, variantId: product.variants[0]?.id as string };
}

// moveMoney and refund must not check the limit.
test("partial and full refunds fit into a full balance", async () => {
  const { user, orderId, variantId } = await fullBalance();
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "test" }), 200);
  assert.equal(await shop.balanceOf(user), BALANCE_MAX + 1000);
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { reason: "test" }), 200);
  assert.equal(await shop.balanceOf(user), BALANCE_MAX + 3000);
});

test("a shopper's cancellation fits into a full balance", async () => {
  const { user, orderId } = await fullBalance();
  assert.equal(good(await user.post(`/orders/${orderId}/cancel`), 200).refundedAmount, 3000);
  assert.equal(await shop.balanceOf(user), BALANCE_MAX + 3000);
});

// addFunds checks the limit.
test("a balance above the limit accepts no charge and no grant, can be spent, and accepts grants again below the limit", async () => {
  const { user, orderId } = await fullBalance();
  good(await user.post(`/orders/${orderId}/cancel`), 200);
  for (const answer of [await charge(user, 1), await grant(user, 1)]) {
    const problem = refused(answer, 400, "BALANCE_LIMIT_EXCEEDED");
    assert.deepEqual([problem["balance"], problem["limit"]], [BALANCE_MAX + 3000, BALANCE_MAX]);
  }
  const product = await shop.product({ price: 3001 });
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  good(await grant(user, 1), 200);
  refused(await charge(user, 1), 400, "BALANCE_LIMIT_EXCEEDED");
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

test("when refunds race charges at two instances, every refund fits and no charge exceeds the limit", async () => {
  const product = await shop.product({ price: 10 });
  const user = await shop.user({ balance: 1000 });
  const orders: string[] = [];
  for (let i = 0; i < 20; i++) orders.push(good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201).orderId);
  good(await charge(user, BALANCE_MAX - 800 - 50), 200);
  const counts = await race(40, (i) => {
    const at = i % 4 < 2 ? shop : beside;
    return i % 2 === 0 ? user.at(at).post(`/orders/${orders[i / 2]}/cancel`) : charge(user.at(at), 10);
  });
  const balance = await shop.balanceOf(user);
  // All 20 refunds succeeded, and each charge fitted when it was decided.
  const charged = (counts[200] ?? 0) - 20;
  assert.ok(charged >= 0 && charged <= 5, JSON.stringify(counts));
  assert.equal(balance, BALANCE_MAX - 50 + 200 + 10 * charged);
});
