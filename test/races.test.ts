// Races over real connections, against one instance and against two on one database: whatever the luck, the sums are right.

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Client, openTestShop, race, type TestShop } from "./support/shop.ts";

for (const instances of [1, 2]) {
  describe(`against ${instances} instance${instances > 1 ? "s" : ""}`, () => {
    let shops: TestShop[];
    let shop: TestShop;
    before(async () => {
      shop = await openTestShop();
      shops = instances === 1 ? [shop] : [shop, await openTestShop({ beside: shop })];
    });
    after(async () => {
      for (const one of shops.toReversed()) await one.close();
    });
    /** The i-th of a crowd goes to one instance or the other. */
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

// Goes red when the line is not served from the front (`round.push` in till/line.ts), or a token's check leaves the thread (http/auth.ts).
test("first come, first served: of two hundred who claim a hundred coupons, the first hundred get them", async () => {
  const shop = await openTestShop();
  try {
    const campaign = await shop.campaign({ totalQuantity: 100 });
    const users = await shop.users(200);
    const sockets = await Promise.all(users.map(() => connected(shop.url)));
    const answers = sockets.map(firstLine);
    users.forEach(({ token }, i) => sockets[i]?.write(`POST /coupons/${campaign.id}/issue HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`));
    const statuses = (await Promise.all(answers)).map((line) => Number(line.split(" ")[1]));
    assert.deepEqual(statuses, [...Array<number>(100).fill(201), ...Array<number>(100).fill(409)]);
    for (const socket of sockets) socket.destroy();
  } finally {
    await shop.close();
  }
});

function connected(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => resolve(socket.setNoDelay(true)));
    socket.once("error", reject);
  });
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n")) resolve(text.slice(0, text.indexOf("\r\n")));
    });
  });
}
