// Races over real connections, whatever the number of instances and whatever they share: whatever the luck, the sums are right.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Client, openTestShop, race, type TestShop } from "../shop.ts";

export async function instances(count: number, env: Record<string, string> = {}): Promise<TestShop[]> {
  const first = await openTestShop({ env });
  const shops = [first];
  while (shops.length < count) shops.push(await openTestShop({ env, beside: first }));
  return shops;
}

/** @param open the shop's instances, all on one database; the first is closed last */
export function races(against: string, open: () => Promise<TestShop[]>): void {
  describe(`against ${against}`, () => {
    let shops: TestShop[];
    let shop: TestShop;
    before(async () => {
      shops = await open();
      shop = shops[0] as TestShop;
    });
    after(async () => {
      for (const one of shops.toReversed()) await one.close();
    });
    /** The i-th of a crowd goes to one instance after the other. */
    const spread = (client: Client, i: number): Client => client.at(shops[i % shops.length] as TestShop);

    // Goes red without `variant.stock < quantity` in takeStock, and with two instances without FOR NO KEY UPDATE on the shelf of variants.
    test("100 in stock and 400 buyers are exactly 100 orders", async () => {
      const product = await shop.product({ price: 10, stock: 100 });
      const users = await shop.users(400, { balance: 10 });
      const tally = await race(400, (i) => spread(users[i] as Client, i).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }));
      assert.deepEqual(tally, { 201: 100, 400: 300 });
      assert.equal(await shop.stockOf(product), 0);
    });

    // Goes red without `campaign.issuedQuantity >= campaign.totalQuantity` in issueCoupon.
    test("one coupon left and two users are one coupon", async () => {
      const campaign = await shop.campaign({ totalQuantity: 1 });
      const users = await shop.users(2);
      const tally = await race(2, (i) => spread(users[i] as Client, i).post(`/coupons/${campaign.id}/issue`));
      assert.deepEqual(tally, { 201: 1, 409: 1 });
    });

    // Goes red without `shop.find(claims, …)` in issueCoupon.
    test("fifty requests from one user get one coupon", async () => {
      const campaign = await shop.campaign({ totalQuantity: 10 });
      const user = await shop.user();
      const tally = await race(50, (i) => spread(user, i).post(`/coupons/${campaign.id}/issue`));
      assert.deepEqual(tally, { 201: 1, 409: 49 });
    });

    // Goes red without FOR NO KEY UPDATE on the shelf of users.
    test("200 charges at once add up", async () => {
      const user = await shop.user();
      const tally = await race(200, (i) => spread(user, i).post(`/users/${user.id}/balance/charge`, { amount: 7 }));
      assert.deepEqual(tally, { 200: 200 });
      assert.equal(await shop.balanceOf(user), 1400);
    });

    // Goes red without ORDER BY in the shelf of variants.
    test("orders that name A,B and B,A meet without a deadlock", async () => {
      const [a, b] = [await shop.product({ stock: 1000 }), await shop.product({ stock: 1000 })];
      const users = await shop.users(60, { balance: 2000 });
      const tally = await race(60, (i) => {
        const pair = i % 2 ? [a, b] : [b, a];
        return spread(users[i] as Client, i).post("/orders", { orderItems: pair.map(({ id }) => ({ productId: id, quantity: 1 })) });
      });
      assert.deepEqual(tally, { 201: 60 });
    });

    // Goes red without `isPayable` in payOrder.
    test("the same order paid 20 times is paid once", async () => {
      const product = await shop.product({ price: 100 });
      const user = await shop.user({ balance: 10_000 });
      const { body: order } = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } });
      const tally = await race(20, (i) => spread(user, i).post("/payments", { orderId: order.orderId, method: "BALANCE" }));
      assert.deepEqual(tally, { 201: 1, 409: 19 });
      assert.equal(await shop.balanceOf(user), 9900);
      assert.equal(await shop.stockOf(product), 99);
    });

    test("of cancel and pay at once one wins, and the sums follow it", async () => {
      const product = await shop.product({ price: 100, stock: 1000 });
      const user = await shop.user({ balance: 100_000 });
      let cancelled = 0;
      for (let i = 0; i < 20; i++) {
        const { body: order } = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } });
        const [pay, cancel] = await Promise.all([
          spread(user, i).post("/payments", { orderId: order.orderId, method: "BALANCE" }),
          spread(user, i + 1).post(`/orders/${order.orderId}/cancel`),
        ]);
        // Paid first, it is then refunded by the cancel; cancelled first, it can't be paid any more.
        assert.equal(cancel.status, 200);
        assert.equal(pay.status, cancel.body.status === "REFUNDED" ? 201 : 409);
        cancelled++;
      }
      assert.equal(cancelled, 20);
      assert.equal(await shop.balanceOf(user), 100_000);
      assert.equal(await shop.stockOf(product), 1000);
    });
  });
}
