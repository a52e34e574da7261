// A buyer pays what the buyer was shown, or nothing: `expectedAmount` of orders and payments.
// Each test goes red without the check in checkAmount (src/order/order.ts).

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";
import { unchanged } from "../support/unchanged.ts";

let shop: TestShop;
let beside: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests" });
  const env = { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests" };
  shop = await openTestShop({ env });
  beside = await openTestShop({ beside: shop, env });
});
after(async () => {
  await beside.close();
  await shop.close();
  await simulator.close();
});

const repriced = async (product: { id: string }, price: number): Promise<void> =>
  void good(await shop.operator.patch(`/admin/products/${product.id}`, { price }), 200);
const one = (product: { id: string }, quantity = 1) => ({ orderItems: [{ productId: product.id, quantity }] });

/** Refused with both amounts, and nothing of the shop's has moved. */
async function refusedFor(user: Client, path: string, body: Record<string, unknown>, amount: number): Promise<void> {
  const answer = await unchanged(shop, { users: [user] }, () => user.post(path, body));
  const problem = refused(answer, 409, "AMOUNT_CHANGED");
  assert.deepEqual([problem["expectedAmount"], problem["amount"]], [body["expectedAmount"], amount]);
  assert.equal(problem["detail"], "결제 금액이 변경되었습니다. 다시 확인해주세요");
}

test("an order of a price that has changed, up or down, is refused, and is placed for the amount that it names", async () => {
  const product = await shop.product({ price: 1000, stock: 10 });
  const user = await shop.user({ balance: 10_000 });
  for (const price of [1001, 999]) {
    await repriced(product, price);
    for (const payment of [{ method: "BALANCE" }, { method: "DEFERRED" }])
      await refusedFor(user, "/orders", { ...one(product, 2), payment, expectedAmount: 2000 }, 2 * price);
  }
  assert.equal(good(await user.post("/orders", { ...one(product, 2), expectedAmount: 1998 }), 201).paidAmount, 1998);
});

test("a changed amount is told before stock or balance that would not suffice", async () => {
  const product = await shop.product({ price: 1000, stock: 1 });
  const user = await shop.user({ balance: 1 });
  await refusedFor(user, "/orders", { ...one(product, 2), expectedAmount: 1 }, 2000);
});

test("a cart to which another device has added is not ordered for what the first one shows", async () => {
  const [first, second] = [await shop.product({ price: 700 }), await shop.product({ price: 300 })];
  const user = await shop.user({ balance: 10_000 });
  const add = (product: { id: string }): Promise<Answer> => user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 });
  good(await add(first), 201);
  good(await add(second), 201);
  await refusedFor(user, "/orders", { fromCart: true, expectedAmount: 700 }, 1000);
  assert.equal(good(await user.post("/orders", { fromCart: true, expectedAmount: 1000 }), 201).totalAmount, 1000);
});

test("the expected amount is what is paid after the coupon, and of an order without one the whole", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const userCouponId = await shop.coupon(user);
  await refusedFor(user, "/orders", { ...one(product), userCouponId, expectedAmount: 1000 }, 900);
  // Its coupon has expired, so the page has left it out.
  await refusedFor(user, "/orders", { ...one(product), expectedAmount: 900 }, 1000);
  good(await user.post("/orders", { ...one(product), userCouponId, expectedAmount: 900 }), 201);
});

test("an order of 0 is expected to cost 0", async () => {
  const product = await shop.product({ price: 50 });
  const user = await shop.user();
  const userCouponId = await shop.coupon(user);
  await refusedFor(user, "/orders", { ...one(product), userCouponId, expectedAmount: 50 }, 0);
  const order = good(await user.post("/orders", { ...one(product), userCouponId, expectedAmount: 0 }), 201);
  assert.deepEqual([order.paidAmount, order.amountDue], [0, 0]);
});

test("an operator's order and payment for a user are held to the amount as well", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const body = { ...one(product), userId: user.id, payment: { method: "DEFERRED" } };
  refused(await shop.operator.post("/orders", { ...body, expectedAmount: 1 }), 409, "AMOUNT_CHANGED");
  const { orderId } = good(await shop.operator.post("/orders", { ...body, expectedAmount: 1000 }), 201);
  refused(await shop.operator.post("/payments", { orderId, method: "BALANCE", expectedAmount: 1 }), 409, "AMOUNT_CHANGED");
  good(await shop.operator.post("/payments", { orderId, method: "BALANCE", expectedAmount: 1000 }), 201);
});

test("a payment from the balance is for the amount that is due, or for none", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const { orderId, amountDue } = good(await user.post("/orders", { ...one(product), payment: { method: "DEFERRED" } }), 201);
  assert.equal(amountDue, 1000);
  // A placed order keeps its price.
  await repriced(product, 2000);
  await refusedFor(user, "/payments", { orderId, method: "BALANCE", expectedAmount: 2000 }, 1000);
  good(await user.post("/payments", { orderId, method: "BALANCE", expectedAmount: 1000 }), 201);
  assert.equal(good(await user.get(`/orders/${orderId}`), 200).amountDue, 0);
});

test("a card is not charged if the amount is another: the gateway is not asked, and the same card can pay the right one", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user();
  const { orderId } = good(await user.post("/orders", { ...one(product), payment: { method: "DEFERRED" } }), 201);
  const paymentKey = `ok-${randomUUID()}`;
  const calls = simulator.calls("confirm");
  await refusedFor(user, "/payments", { orderId, method: "CARD", paymentKey, expectedAmount: 999 }, 1000);
  assert.equal(simulator.calls("confirm"), calls);
  assert.equal(good(await user.post("/payments", { orderId, method: "CARD", paymentKey, expectedAmount: 1000 }), 201).amount, 1000);
});

test("a changed amount is the answer that a key keeps; a new key with the new amount goes through", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const key = { "idempotency-key": randomUUID() };
  const first = await user.post("/orders", { ...one(product), expectedAmount: 900 }, key);
  refused(first, 409, "AMOUNT_CHANGED");
  await repriced(product, 900);
  const again = await user.post("/orders", { ...one(product), expectedAmount: 900 }, key);
  assert.deepEqual([again.text, again.headers["idempotent-replayed"]], [first.text, "true"]);
  good(await user.post("/orders", { ...one(product), expectedAmount: 900 }, { "idempotency-key": randomUUID() }), 201);
});

test("orders that race price changes at two instances are paid at the amount that they expect, never at another", async () => {
  const product = await shop.product({ price: 1000, stock: 100_000 });
  const user = await shop.user({ balance: 1_000_000 });
  const tally = await race(60, async (i) => {
    if (i % 3 === 0) return shop.operator.at(i % 2 ? shop : beside).patch(`/admin/products/${product.id}`, { price: i % 2 ? 1000 : 2000 });
    const answer = await user.at(i % 2 ? shop : beside).post("/orders", { ...one(product), expectedAmount: 1000 });
    if (answer.status === 201) assert.equal(answer.body.paidAmount, 1000);
    else refused(answer, 409, "AMOUNT_CHANGED");
    return answer;
  });
  assert.equal(await shop.balanceOf(user), 1_000_000 - 1000 * (tally[201] ?? 0));
});

test("an expected amount that is none is named", async () => {
  const product = await shop.product();
  const user = await shop.user();
  for (const expectedAmount of [-1, 0.5, "1000", null, 2 ** 53])
    for (const [path, body] of [
      ["/orders", one(product)],
      ["/payments", { orderId: randomUUID(), method: "BALANCE" }],
    ] as const) {
      const { errors } = refused(await user.post(path, { ...body, expectedAmount }), 400, "INVALID_REQUEST");
      assert.equal((errors as { path: string }[])[0]?.path, "/expectedAmount");
    }
});
