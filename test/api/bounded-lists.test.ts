// A page of a list is bounded in bytes, not only in rows.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ITEMS_IN_LIST } from "../../src/order/order.sql.ts";
import { STEPS_IN_LIST, STEPS_SHOWN } from "../../src/order/payment/payment.sql.ts";
import { Database } from "../../src/database/pool.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let database: Database;
let user: Client;
let large: { orderId: string; orderItems: { name: string }[]; payment: { paymentId: string } };
let variantIds: string[];
before(async () => {
  shop = await openTestShop();
  database = new Database(shop.shop.config.databaseUrl as string, { size: 1, onError: () => {} });
  const products = Array.from({ length: 2000 }, (_, i) => ({ name: `${"긴 이름 ".repeat(50)}${i}`, price: 10, stock: 1000 }));
  const created: { id: string; variants: { id: string }[] }[] = [];
  for (let i = 0; i < products.length; i += 500)
    created.push(...good(await shop.operator.post("/admin/products", { products: products.slice(i, i + 500) }), 201).products);
  variantIds = created.map(({ variants }) => variants[0]?.id as string);
  user = await shop.user({ balance: 10_000_000 });
  large = good(await user.post("/orders", { orderItems: created.map(({ id }) => ({ productId: id, quantity: 2 })) }), 201);
});
after(async () => {
  await database.close();
  await shop.close();
});

test("an order has all of its 2,000 items, and lists show the first ones and their number", async () => {
  assert.equal(large.orderItems.length, 2000);
  for (const [reader, path] of [
    [user, `/users/${user.id}/orders`],
    [shop.operator, "/admin/orders"],
    [shop.operator, `/admin/orders?userId=${user.id}&status=COMPLETED`],
  ] as const) {
    const whole = good(await reader.get(`/orders/${large.orderId}`), 200);
    assert.equal(whole.orderItems.length, 2000);
    const answer = await reader.get(path);
    const [{ user: buyer, ...order }] = good(answer, 200).orders;
    assert.equal(buyer?.id, reader === user ? undefined : user.id);
    assert.deepEqual(order, { ...whole, orderItems: whole.orderItems.slice(0, ITEMS_IN_LIST), itemCount: 2000 });
    assert.ok(answer.text.length < 10_000);
  }
});

test("an order of few items is the same in a list and by itself", async () => {
  const products = await Promise.all([shop.product(), shop.product()]);
  const order = good(await user.post("/orders", { orderItems: products.map(({ id }) => ({ productId: id, quantity: 1 })) }), 201);
  const [listed] = good(await user.get(`/users/${user.id}/orders?limit=1`), 200).orders;
  assert.deepEqual(listed, { ...order, itemCount: 2 });
});

test("an order's history comes in pages with each event once, and large refunds make pages shorter", async () => {
  const units = (from: number, to: number): object[] => variantIds.slice(from, to).map((variantId) => ({ variantId, quantity: 1 }));
  const refund = async (from: number, to: number): Promise<void> =>
    void good(await shop.operator.post(`/admin/orders/${large.orderId}/refunds`, { items: units(from, to), reason: "returned" }), 200);
  await refund(0, 1);
  await refund(1, 3);
  const path = `/orders/${large.orderId}/history`;
  const whole = good(await user.get(path), 200);
  assert.equal(whole.events.length, 3);
  assert.equal(whole.nextAfter, null);
  assert.deepEqual(good(await user.get(`${path}?after=1`), 200), { events: whole.events.slice(1), nextAfter: null });
  assert.deepEqual(good(await user.get(`${path}?after=65535`), 200), { events: [], nextAfter: null });

  // Refunds of 2,000 items each, inserted directly.
  const items = JSON.stringify({ items: variantIds.map((variantId) => ({ variantId, quantity: 1 })), amount: 0, reason: "much" });
  await database.rows({
    name: "test: many large refunds",
    text: `INSERT INTO order_events (order_id, seq, type, data, created_at) SELECT $1::uuid, 3 + n, 'order.partially-refunded', $2::jsonb, now() FROM generate_series(1, 8) n`,
    values: [large.orderId, items],
  });
  await database.rows({ name: "test: set the number of changes", text: "UPDATE orders SET changes = 11 WHERE id = $1", values: [large.orderId] });
  const seen: number[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: { events: unknown[]; nextAfter: number | null } = good(await user.get(`${path}?after=${after}`), 200);
    seen.push(page.events.length);
    after = page.nextAfter;
  }
  assert.deepEqual(seen, [7, 4]);
});

test("a payment shows its newest steps, fewer of them in a list, and their number", async () => {
  // A payment from the balance has a step for each refund of its order.
  const { id: productId } = await shop.product();
  const order = good(await user.post("/orders", { orderItems: [{ productId, quantity: 1 }] }), 201);
  const { paymentId } = order.payment;
  const count = STEPS_SHOWN + 5;
  await database.rows({
    name: "test: many refunds",
    text: `INSERT INTO order_events (order_id, seq, type, data, created_at)
           SELECT $1::uuid, n, 'order.partially-refunded', jsonb_build_object('items', '[]'::jsonb, 'amount', 0, 'reason', 'step ' || n), now()
           FROM generate_series(2, $2::int) n`,
    values: [order.orderId, count],
  });
  const payment = good(await shop.operator.get(`/payments/${paymentId}`), 200);
  assert.deepEqual([payment.history.length, payment.historyCount], [STEPS_SHOWN, count]);
  assert.deepEqual([payment.history[0].reason, payment.history.at(-1).reason], ["step 6", `step ${count}`]);
  const { payments } = good(await shop.operator.get("/admin/payments?limit=100"), 200);
  const listed = payments.find((one: { paymentId: string }) => one.paymentId === paymentId);
  assert.deepEqual([listed.history, listed.historyCount], [payment.history.slice(-STEPS_IN_LIST), count]);
});

test("an impossible position in a history is refused by name", async () => {
  for (const after of [-1, 65_536, 2 ** 31, "x", "1.5"]) {
    const { errors } = refused(await user.get(`/orders/${large.orderId}/history?after=${after}`), 400, "INVALID_REQUEST");
    assert.equal((errors as { path: string }[])[0]?.path, "/after");
  }
});
