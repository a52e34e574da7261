// Race tests over real connections, for any number of instances and any shared state. The totals
// are right in every interleaving. A racer repeats a 503 under its key, as a real client does: a
// machine that stalls for three seconds gets it from any shop, and then the key tells the truth.

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
    /** Sends the i-th request to the instances in turn. */
    const spread = (client: Client, i: number): Client => client.at(shops[i % shops.length] as TestShop);

    // The check is `variant.stock < quantity`. With two instances it also needs the lock on
    // variants.
    test("400 buyers of 100 units place exactly 100 orders", async () => {
      const product = await shop.product({ price: 10, stock: 100 });
      const users = await shop.users(400, { balance: 10 });
      const counts = await race(400, (i) =>
        spread(users[i] as Client, i).insist("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }),
      );
      assert.deepEqual(counts, { 201: 100, 400: 300 });
      assert.equal(await shop.stockOf(product), 0);
    });

    // The check is `campaign.issuedQuantity >= campaign.totalQuantity` in issueCoupon.
    test("two claims cannot take the same last coupon", async () => {
      const campaign = await shop.campaign({ totalQuantity: 1 });
      const users = await shop.users(2);
      const counts = await race(2, (i) => spread(users[i] as Client, i).insist(`/coupons/${campaign.id}/issue`));
      assert.deepEqual(counts, { 201: 1, 409: 1 });
    });

    // The check is `uow.find(claims, …)` in issueCoupon.
    test("fifty concurrent claims of one user get one coupon", async () => {
      const campaign = await shop.campaign({ totalQuantity: 10 });
      const user = await shop.user();
      const counts = await race(50, (i) => spread(user, i).insist(`/coupons/${campaign.id}/issue`));
      assert.deepEqual(counts, { 201: 1, 409: 49 });
    });

    // Without the lock on users charges would be lost.
    test("200 concurrent charges of one user add up", async () => {
      const user = await shop.user();
      const counts = await race(200, (i) => spread(user, i).insist(`/users/${user.id}/balance/charge`, { amount: 7 }));
      assert.deepEqual(counts, { 200: 200 });
      assert.equal(await shop.balanceOf(user), 1400);
    });

    // The rows of variants are locked in the order of their ids.
    test("orders of A,B and of B,A do not deadlock", async () => {
      const [a, b] = [await shop.product({ stock: 1000 }), await shop.product({ stock: 1000 })];
      const users = await shop.users(60, { balance: 2000 });
      const counts = await race(60, (i) => {
        const pair = i % 2 ? [a, b] : [b, a];
        return spread(users[i] as Client, i).insist("/orders", { orderItems: pair.map(({ id }) => ({ productId: id, quantity: 1 })) });
      });
      assert.deepEqual(counts, { 201: 60 });
    });

    // The check is `isPayable` in payOrder.
    test("an order that is paid 20 times at once is paid once", async () => {
      const product = await shop.product({ price: 100 });
      const user = await shop.user({ balance: 10_000 });
      const { body: order } = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } });
      const counts = await race(20, (i) => spread(user, i).insist("/payments", { orderId: order.orderId, method: "BALANCE" }));
      assert.deepEqual(counts, { 201: 1, 409: 19 });
      assert.equal(await shop.balanceOf(user), 9900);
      assert.equal(await shop.stockOf(product), 99);
    });

    test("of a concurrent payment and cancellation one wins, and stock and balance follow it", async () => {
      const product = await shop.product({ price: 100, stock: 1000 });
      const user = await shop.user({ balance: 100_000 });
      let cancelled = 0;
      for (let i = 0; i < 20; i++) {
        const { body: order } = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } });
        const [pay, cancel] = await Promise.all([
          spread(user, i).insist("/payments", { orderId: order.orderId, method: "BALANCE" }),
          spread(user, i + 1).insist(`/orders/${order.orderId}/cancel`),
        ]);
        // If the payment wins, the cancellation refunds it. If the cancellation wins, the payment
        // is refused.
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
