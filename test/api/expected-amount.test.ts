// A buyer pays the displayed amount or nothing: `expectedAmount` of orders and payments. Each test
// fails without checkAmount (src/order/order.ts).

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop, withoutRequestId } from "../support/shop.ts";
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

const setPrice = async (product: { id: string }, price: number): Promise<void> =>
  void good(await shop.operator.patch(`/admin/products/${product.id}`, { price }), 200);
const orderFor = (product: { id: string }, quantity = 1) => ({ orderItems: [{ productId: product.id, quantity }] });

/** Asserts a refusal with both amounts that changes nothing in the shop. */
async function assertRefused(user: Client, path: string, body: Record<string, unknown>, amount: number): Promise<void> {
  const answer = await unchanged(shop, { users: [user] }, () => user.post(path, body));
  const problem = refused(answer, 409, "AMOUNT_CHANGED");
  assert.deepEqual([problem["expectedAmount"], problem["amount"]], [body["expectedAmount"], amount]);
  assert.equal(problem["detail"], "결제 금액이 변경되었습니다. 다시 확인해주세요");
}

test("an order with an outdated price is refused, and an order with the current amount is placed", async () => {
  const product = await shop.product({ price: 1000, stock: 10 });
  const user = await shop.user({ balance: 10_000 });
  for (const price of [1001, 999]) {
    await setPrice(product, price);
    for (const payment of [{ method: "BALANCE" }, { method: "DEFERRED" }])
      await assertRefused(user, "/orders", { ...orderFor(product, 2), payment, expectedAmount: 2000 }, 2 * price);
  }
  assert.equal(good(await user.post("/orders", { ...orderFor(product, 2), expectedAmount: 1998 }), 201).paidAmount, 1998);
});

test("AMOUNT_CHANGED comes before insufficient stock and balance", async () => {
  const product = await shop.product({ price: 1000, stock: 1 });
  const user = await shop.user({ balance: 1 });
  await assertRefused(user, "/orders", { ...orderFor(product, 2), expectedAmount: 1 }, 2000);
});

test("an order of a cart that changed on another device is refused", async () => {
  const [first, second] = [await shop.product({ price: 700 }), await shop.product({ price: 300 })];
  const user = await shop.user({ balance: 10_000 });
  const add = (product: { id: string }): Promise<Answer> => user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 });
  good(await add(first), 201);
  good(await add(second), 201);
  await assertRefused(user, "/orders", { fromCart: true, expectedAmount: 700 }, 1000);
  assert.equal(good(await user.post("/orders", { fromCart: true, expectedAmount: 1000 }), 201).totalAmount, 1000);
});

test("the expected amount is compared with the amount after the discount", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const userCouponId = await shop.coupon(user);
  await assertRefused(user, "/orders", { ...orderFor(product), userCouponId, expectedAmount: 1000 }, 900);
  // The coupon has expired, so the page omits it.
  await assertRefused(user, "/orders", { ...orderFor(product), expectedAmount: 900 }, 1000);
  good(await user.post("/orders", { ...orderFor(product), userCouponId, expectedAmount: 900 }), 201);
});

test("the expected amount of a free order is 0", async () => {
  const product = await shop.product({ price: 50 });
  const user = await shop.user();
  const userCouponId = await shop.coupon(user);
  await assertRefused(user, "/orders", { ...orderFor(product), userCouponId, expectedAmount: 50 }, 0);
  const order = good(await user.post("/orders", { ...orderFor(product), userCouponId, expectedAmount: 0 }), 201);
  assert.deepEqual([order.paidAmount, order.amountDue], [0, 0]);
});

test("operators' orders and payments are held to the expected amount too", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const body = { ...orderFor(product), userId: user.id, payment: { method: "DEFERRED" } };
  refused(await shop.operator.post("/orders", { ...body, expectedAmount: 1 }), 409, "AMOUNT_CHANGED");
  const { orderId } = good(await shop.operator.post("/orders", { ...body, expectedAmount: 1000 }), 201);
  refused(await shop.operator.post("/payments", { orderId, method: "BALANCE", expectedAmount: 1 }), 409, "AMOUNT_CHANGED");
  good(await shop.operator.post("/payments", { orderId, method: "BALANCE", expectedAmount: 1000 }), 201);
});

test("a payment from the balance must expect the amount due, or none", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const { orderId, amountDue } = good(await user.post("/orders", { ...orderFor(product), payment: { method: "DEFERRED" } }), 201);
  assert.equal(amountDue, 1000);
  // A placed order keeps its price.
  await setPrice(product, 2000);
  await assertRefused(user, "/payments", { orderId, method: "BALANCE", expectedAmount: 2000 }, 1000);
  good(await user.post("/payments", { orderId, method: "BALANCE", expectedAmount: 1000 }), 201);
  assert.equal(good(await user.get(`/orders/${orderId}`), 200).amountDue, 0);
});

test("a card payment with another amount does not reach the gateway, and the card can pay the right amount", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user();
  const { orderId } = good(await user.post("/orders", { ...orderFor(product), payment: { method: "DEFERRED" } }), 201);
  const paymentKey = `ok-${randomUUID()}`;
  const calls = simulator.calls("confirm");
  await assertRefused(user, "/payments", { orderId, method: "CARD", paymentKey, expectedAmount: 999 }, 1000);
  assert.equal(simulator.calls("confirm"), calls);
  assert.equal(good(await user.post("/payments", { orderId, method: "CARD", paymentKey, expectedAmount: 1000 }), 201).amount, 1000);
});

test("AMOUNT_CHANGED is stored under its idempotency key, and a new key with the new amount succeeds", async () => {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const key = { "idempotency-key": randomUUID() };
  const first = await user.post("/orders", { ...orderFor(product), expectedAmount: 900 }, key);
  refused(first, 409, "AMOUNT_CHANGED");
  await setPrice(product, 900);
  const again = await user.post("/orders", { ...orderFor(product), expectedAmount: 900 }, key);
  assert.deepEqual([withoutRequestId(again.text), again.headers["idempotent-replayed"]], [withoutRequestId(first.text), "true"]);
  good(await user.post("/orders", { ...orderFor(product), expectedAmount: 900 }, { "idempotency-key": randomUUID() }), 201);
});

test("orders that race price changes at two instances pay exactly the expected amount", async () => {
  const product = await shop.product({ price: 1000, stock: 100_000 });
  const user = await shop.user({ balance: 1_000_000 });
  const counts = await race(60, async (i) => {
    if (i % 3 === 0) return shop.operator.at(i % 2 ? shop : beside).patch(`/admin/products/${product.id}`, { price: i % 2 ? 1000 : 2000 });
    const answer = await user.at(i % 2 ? shop : beside).post("/orders", { ...orderFor(product), expectedAmount: 1000 });
    if (answer.status === 201) assert.equal(answer.body.paidAmount, 1000);
    else refused(answer, 409, "AMOUNT_CHANGED");
    return answer;
  });
  assert.equal(await shop.balanceOf(user), 1_000_000 - 1000 * (counts[201] ?? 0));
});

test("an invalid expectedAmount is named in the errors", async () => {
  const product = await shop.product();
  const user = await shop.user();
  for (const expectedAmount of [-1, 0.5, "1000", null, 2 ** 53])
    for (const [path, body] of [
      ["/orders", orderFor(product)],
      ["/payments", { orderId: randomUUID(), method: "BALANCE" }],
    ] as const) {
      const { errors } = refused(await user.post(path, { ...body, expectedAmount }), 400, "INVALID_REQUEST");
      assert.equal((errors as { path: string }[])[0]?.path, "/expectedAmount");
    }
});
