// BALANCE_MAX binds what is charged and granted. Money that is given back always fits.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

const MOST = 10_000;

let shop: TestShop;
let beside: TestShop;
before(async () => {
  shop = await openTestShop({ env: { BALANCE_MAX: String(MOST) } });
  beside = await openTestShop({ beside: shop, env: { BALANCE_MAX: String(MOST) } });
});
after(async () => {
  await beside.close();
  await shop.close();
});

const charge = (user: Client, amount: number) => user.post(`/users/${user.id}/balance/charge`, { amount });
const grant = (user: Client, amount: number) =>
  shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount, reason: "test" }] });

/** A user who has bought for 3,000 and filled the balance up again since. */
async function full(): Promise<{ user: Client; orderId: string; variantId: string }> {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: MOST });
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }] }), 201);
  good(await charge(user, 3000), 200);
  return { user, orderId, variantId: product.variants[0]?.id as string };
}

// Goes red if moveMoney or refund checks the limit.
test("a refund, in part and whole, fits into a full balance", async () => {
  const { user, orderId, variantId } = await full();
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "test" }), 200);
  assert.equal(await shop.balanceOf(user), MOST + 1000);
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { reason: "test" }), 200);
  assert.equal(await shop.balanceOf(user), MOST + 3000);
});

test("a shopper's own cancel fits into a full balance", async () => {
  const { user, orderId } = await full();
  assert.equal(good(await user.post(`/orders/${orderId}/cancel`), 200).refundedAmount, 3000);
  assert.equal(await shop.balanceOf(user), MOST + 3000);
});

// Goes red without checkLimit in addFunds.
test("a balance that refunds have lifted above the limit takes no charge and no grant, pays, and takes them again below the limit", async () => {
  const { user, orderId } = await full();
  good(await user.post(`/orders/${orderId}/cancel`), 200);
  for (const answer of [await charge(user, 1), await grant(user, 1)]) {
    const problem = refused(answer, 400, "BALANCE_LIMIT_EXCEEDED");
    assert.deepEqual([problem["balance"], problem["limit"]], [MOST + 3000, MOST]);
  }
  const product = await shop.product({ price: 3001 });
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  good(await grant(user, 1), 200);
  refused(await charge(user, 1), 400, "BALANCE_LIMIT_EXCEEDED");
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

test("refunds and charges that race at two instances: all refunds fit, and no charge lifts a balance above the limit", async () => {
  const product = await shop.product({ price: 10 });
  const user = await shop.user({ balance: 1000 });
  const orders: string[] = [];
  for (let i = 0; i < 20; i++) orders.push(good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201).orderId);
  good(await charge(user, MOST - 800 - 50), 200);
  const tally = await race(40, (i) => {
    const at = i % 4 < 2 ? shop : beside;
    return i % 2 === 0 ? user.at(at).post(`/orders/${orders[i / 2]}/cancel`) : charge(user.at(at), 10);
  });
  const balance = await shop.balanceOf(user);
  // 20 refunds came back; whatever was charged fitted at its moment.
  const charged = (tally[200] ?? 0) - 20;
  assert.ok(charged >= 0 && charged <= 5, JSON.stringify(tally));
  assert.equal(balance, MOST - 50 + 200 + 10 * charged);
});
