// Orders of products in drops: window, limit, and how an order takes over a hold and gives it back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clockAtNoon } from "../support/clock.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let holding: TestShop;
const clock = clockAtNoon();
before(async () => {
  shop = await openTestShop();
  holding = await openTestShop({ beside: shop, env: { STOCK_TAKEN_AT: "order" } });
});
after(async () => {
  await holding.close();
  await shop.close();
});

const MINUTE_MS = 60_000;
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
type Drop = { id: string; productId: string };

async function openDrop(fields: Record<string, unknown> = {}, stock = 10): Promise<Drop> {
  const { id: productId } = await shop.product({ stock });
  const drop = { name: "한정판", productId, opensAt: at(-1000), ...fields };
  return { id: good(await shop.operator.post("/admin/drops", drop), 201).id, productId };
}
const withHolds = (fields: Record<string, unknown> = {}, stock = 1): Promise<Drop> =>
  openDrop({ mode: "FIRST_COME", waitlist: true, holdFor: "PT5M", ...fields }, stock);

const order = (user: Client, { productId }: { productId: string }, quantity = 1, method = "BALANCE"): Promise<Answer> =>
  user.post("/orders", { orderItems: [{ productId, quantity }], payment: { method } });
const ordered = async (user: Client, drop: Drop, quantity = 1, method = "BALANCE") => good(await order(user, drop, quantity, method), 201);
const pay = (user: Client, orderId: string, fields: Record<string, unknown> = { method: "BALANCE" }): Promise<Answer> =>
  user.post("/payments", { orderId, ...fields });
const cancel = (user: Client, orderId: string): Promise<Answer> => user.post(`/orders/${orderId}/cancel`);
const enter = async (user: Client, { id }: Drop, quantity = 1) => good(await user.post(`/drops/${id}/entries`, { quantity }), 201);
const mine = async (user: Client, { id }: Drop) => good(await user.get(`/drops/${id}/entries/mine`), 200);
const statuses = (users: Client[], drop: Drop): Promise<string[]> => Promise.all(users.map(async (user) => (await mine(user, drop)).status));
const steer = async (step: string, { id }: Drop) => good(await shop.operator.post(`/admin/drops/${id}/${step}`), 200);
const run = async (job: string) => good(await shop.operator.post(`/admin/jobs/${job}/run`), 200);
const stockOf = ({ productId }: Drop): Promise<number> => shop.stockOf({ id: productId });

describe("a direct drop", () => {
  test("orders are taken from the opening, inclusive, to the close, exclusive, and not during a pause", async () => {
    const opensAt = at(10 * MINUTE_MS);
    const drop = await openDrop({ opensAt, closesAt: at(20 * MINUTE_MS) });
    const user = await shop.user({ balance: 10_000 });
    assert.equal(refused(await order(user, drop), 409, "DROP_NOT_OPEN")["opensAt"], opensAt);
    clock.forward(10 * MINUTE_MS);
    await ordered(user, drop);
    await steer("pause", drop);
    assert.equal(refused(await order(user, drop), 409, "DROP_CLOSED")["reason"], "PAUSED");
    await steer("resume", drop);
    await ordered(user, drop);
    clock.forward(10 * MINUTE_MS);
    assert.equal(refused(await order(user, drop), 409, "DROP_CLOSED")["reason"], "CLOSED");
    await steer("release", drop);
    await ordered(user, drop);
  });

  test("the limit counts a person's units over all orders, paid or not, until they are cancelled or refunded", async () => {
    const drop = await openDrop({ limitPerCustomer: 3 });
    const user = await shop.user({ balance: 10_000 });
    const first = await ordered(user, drop, 2);
    const { limit, already } = refused(await order(user, drop, 2), 409, "DROP_LIMIT_EXCEEDED");
    assert.deepEqual({ limit, already }, { limit: 3, already: 2 });
    const second = await ordered(user, drop, 1, "DEFERRED");
    refused(await order(user, drop), 409, "DROP_LIMIT_EXCEEDED");
    good(await cancel(user, second.orderId), 200);
    await ordered(user, drop, 1);
    good(
      await shop.operator.post(`/admin/orders/${first.orderId}/refunds`, {
        items: [{ variantId: first.orderItems[0].variantId, quantity: 1 }],
        reason: "불량",
      }),
      200,
    );
    await ordered(user, drop, 1);
    refused(await order(user, drop), 409, "DROP_LIMIT_EXCEEDED");
    await ordered(await shop.user({ balance: 10_000 }), drop, 3);
  });

  // A cart reserves nothing, so a page has to know before the checkout which of its items are sold by rules of their own.
  test("a cart shows the drop and the limit of its items, and its checkout follows the rules of the drop", async () => {
    const drop = await openDrop({ limitPerCustomer: 2, opensAt: at(10 * MINUTE_MS) });
    const { id: other } = await shop.product({ stock: 5 });
    const user = await shop.user({ balance: 10_000 });
    const cart = `/users/${user.id}/cart`;
    const item = good(await user.post(`${cart}/items`, { productId: drop.productId, quantity: 3 }), 201);
    assert.deepEqual([item.dropId, item.limitPerCustomer], [drop.id, 2]);
    const usual = good(await user.post(`${cart}/items`, { productId: other, quantity: 1 }), 201);
    assert.deepEqual([usual.dropId, usual.limitPerCustomer], [null, null]);
    const checkout = (): Promise<Answer> => user.post("/orders", { fromCart: true });
    refused(await checkout(), 409, "DROP_NOT_OPEN");
    clock.forward(10 * MINUTE_MS);
    const { limit, already } = refused(await checkout(), 409, "DROP_LIMIT_EXCEEDED");
    assert.deepEqual([limit, already], [2, 0]);
    const changed = good(await user.patch(`${cart}/items/${item.id}`, { quantity: 2 }), 200);
    assert.deepEqual([changed.dropId, changed.limitPerCustomer], [drop.id, 2]);
    const { cartItems } = good(await user.get(cart), 200);
    assert.deepEqual(cartItems, [changed, usual]);
    good(await checkout(), 201);
    assert.equal(refused(await order(user, drop), 409, "DROP_LIMIT_EXCEEDED")["already"], 2);
    const holds = await withHolds();
    good(await user.post(`${cart}/items`, { productId: holds.productId, quantity: 1 }), 201);
    refused(await checkout(), 409, "DROP_ENTRY_REQUIRED");
    await enter(user, holds);
    good(await checkout(), 201);
    assert.equal((await mine(user, holds)).status, "BOUGHT");
  });

  test("the limit holds against parallel orders, lines and carts of one person at two instances", async () => {
    const drop = await openDrop({ limitPerCustomer: 2 }, 100);
    const other = await shop.product();
    const users = await shop.users(10, { balance: 100_000 });
    await Promise.all(
      users.map(async (user) => good(await user.post(`/users/${user.id}/cart/items`, { productId: drop.productId, quantity: 2 }), 201)),
    );
    const tries = users.flatMap((user) =>
      Array.from({ length: 8 }, (_, i) => {
        const at = i % 2 === 0 ? user : user.at(holding);
        const lines = [{ productId: drop.productId, quantity: 1 }];
        if (i === 0) return at.post("/orders", { fromCart: true });
        return at.post("/orders", { orderItems: i % 3 === 0 ? [...lines, ...lines] : [...lines, { productId: other.id, quantity: 1 }] });
      }),
    );
    for (const { status, body } of await Promise.all(tries)) assert.ok(status === 201 || body.code === "DROP_LIMIT_EXCEEDED", JSON.stringify(body));
    const bought = 100 - (await stockOf(drop));
    assert.equal(bought, 20);
    for (const user of users) refused(await order(user, drop), 409, "DROP_LIMIT_EXCEEDED");
  });

  test("an order for which nothing is left is refused as sold out", async () => {
    const drop = await openDrop({}, 1);
    const user = await shop.user({ balance: 10_000 });
    assert.equal(refused(await order(user, drop, 2), 400, "STOCK_INSUFFICIENT")["available"], 1);
    await ordered(user, drop);
    refused(await order(user, drop), 409, "DROP_SOLD_OUT");
    assert.equal(good(await shop.anyone("GET", `/drops/${drop.id}`), 200).status, "SOLD_OUT");
  });

  test("an unpaid order from before the drop is paid by the rules of the drop", async () => {
    const { id: productId } = await shop.product();
    const user = await shop.user({ balance: 10_000 });
    const { orderId } = await ordered(user, { id: "", productId }, 2, "DEFERRED");
    const drop = good(await shop.operator.post("/admin/drops", { name: "한정판", productId, opensAt: at(5 * MINUTE_MS), limitPerCustomer: 2 }), 201);
    refused(await pay(user, orderId), 409, "DROP_NOT_OPEN");
    clock.forward(5 * MINUTE_MS);
    good(await pay(user, orderId), 201);
    refused(await order(user, { productId }), 409, "DROP_LIMIT_EXCEEDED");
    assert.equal(good(await shop.anyone("GET", `/drops/${drop.id}`), 200).remaining, 98);
  });
});

describe("a drop with holds", () => {
  test("only the holder orders, and the order takes over the hold", async () => {
    const drop = await withHolds();
    const [holder, waiting] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    await enter(holder, drop);
    await enter(waiting, drop);
    refused(await order(waiting, drop), 409, "DROP_ENTRY_REQUIRED");
    refused(await order(holder, drop, 2), 409, "DROP_ENTRY_REQUIRED");
    const { status, holdsStock } = await ordered(holder, drop);
    assert.deepEqual({ status, holdsStock }, { status: "COMPLETED", holdsStock: false });
    assert.deepEqual(await statuses([holder, waiting], drop), ["BOUGHT", "WAITING"]);
    assert.equal(await stockOf(drop), 0);
    refused(await holder.post(`/drops/${drop.id}/entries`), 409, "DROP_ALREADY_ENTERED");
    refused(await holder.delete(`/drops/${drop.id}/entries/mine`), 409, "DROP_ENTRY_ORDERED");
    refused(await order(holder, drop), 409, "DROP_ENTRY_REQUIRED");
  });

  test("an order that is paid later holds the units until heldUntil, and buys them", async () => {
    const drop = await withHolds();
    const user = await shop.user({ balance: 10_000 });
    const { heldUntil } = await enter(user, drop);
    const { orderId, holdsStock, expiresAt } = await ordered(user, drop, 1, "DEFERRED");
    assert.deepEqual({ holdsStock, expiresAt }, { holdsStock: true, expiresAt: heldUntil });
    assert.equal((await mine(user, drop)).status, "ORDERED");
    assert.equal(await stockOf(drop), 0);
    good(await pay(user, orderId), 201);
    assert.equal((await mine(user, drop)).status, "BOUGHT");
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).holdsStock, false);
    assert.equal(await stockOf(drop), 0);
  });

  test("an order that expires passes its hold to the next in line", async () => {
    const drop = await withHolds();
    const users = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    for (const user of users) await enter(user, drop);
    const { orderId } = await ordered(users[0], drop, 1, "DEFERRED");
    clock.forward(5 * MINUTE_MS);
    refused(await pay(users[0], orderId), 409, "ORDER_NOT_PAYABLE");
    await run("expire-holds");
    assert.deepEqual(await statuses(users, drop), ["LAPSED", "HELD"]);
    assert.equal(good(await users[0].get(`/orders/${orderId}`), 200).status, "EXPIRED");
    await ordered(users[1], drop);
  });

  test("cancelled and fully refunded orders pass their units on, and count no longer", async () => {
    const drop = await withHolds({ limitPerCustomer: 1 });
    const users = (await shop.users(3, { balance: 10_000 })) as [Client, Client, Client];
    for (const user of users) await enter(user, drop);
    const unpaid = await ordered(users[0], drop, 1, "DEFERRED");
    good(await cancel(users[0], unpaid.orderId), 200);
    assert.deepEqual(await statuses(users, drop), ["LEFT", "HELD", "WAITING"]);
    const paid = await ordered(users[1], drop);
    good(await cancel(users[1], paid.orderId), 200);
    assert.deepEqual(await statuses(users, drop), ["LEFT", "LEFT", "HELD"]);
    assert.equal((await enter(users[0], drop)).number, 4);
    assert.equal(await stockOf(drop), 0);
  });

  test("units of a hold that an order does not take, and refunded units, go to the line", async () => {
    const drop = await withHolds({}, 3);
    const users = (await shop.users(3, { balance: 10_000 })) as [Client, Client, Client];
    await enter(users[0], drop, 3);
    await enter(users[1], drop);
    await enter(users[2], drop);
    const { orderId, orderItems } = await ordered(users[0], drop, 2);
    assert.deepEqual(await statuses(users, drop), ["BOUGHT", "HELD", "WAITING"]);
    const refund = { items: [{ variantId: orderItems[0].variantId, quantity: 1 }], reason: "불량" };
    good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, refund), 200);
    assert.deepEqual(await statuses(users, drop), ["BOUGHT", "HELD", "HELD"]);
    assert.equal(await stockOf(drop), 0);
  });

  test("a declined card leaves the hold for another payment", async () => {
    const drop = await withHolds();
    const user = await shop.user({ balance: 10_000 });
    await enter(user, drop);
    const { orderId } = await ordered(user, drop, 1, "DEFERRED");
    refused(await pay(user, orderId, { method: "CARD", paymentKey: `decline-${orderId}` }), 402, "PAYMENT_DECLINED");
    assert.equal((await mine(user, drop)).status, "ORDERED");
    assert.equal(await stockOf(drop), 0);
    good(await pay(user, orderId, { method: "CARD", paymentKey: `key-${orderId}` }), 201);
    assert.equal((await mine(user, drop)).status, "BOUGHT");
  });

  test("a pause stops the time of an order that took over a hold", async () => {
    const drop = await withHolds();
    const user = await shop.user({ balance: 10_000 });
    await enter(user, drop);
    const { orderId, expiresAt } = await ordered(user, drop, 1, "DEFERRED");
    await steer("pause", drop);
    clock.forward(20 * MINUTE_MS);
    await run("expire-holds");
    await run("expire-orders");
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "PENDING");
    await steer("resume", drop);
    const moved = Date.parse(good(await user.get(`/orders/${orderId}`), 200).expiresAt) - Date.parse(expiresAt);
    assert.ok(moved >= 20 * MINUTE_MS && moved < 21 * MINUTE_MS, String(moved));
    good(await pay(user, orderId), 201);
  });

  test("orders that were placed go on when their drop is closed", async () => {
    const drop = await withHolds({}, 2);
    const [first, second] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    await enter(first, drop);
    await enter(second, drop);
    const { orderId } = await ordered(first, drop, 1, "DEFERRED");
    await steer("close", drop);
    assert.deepEqual(await statuses([first, second], drop), ["ORDERED", "LAPSED"]);
    assert.equal(refused(await order(second, drop), 409, "DROP_CLOSED")["reason"], "CLOSED");
    good(await pay(first, orderId), 201);
    assert.equal((await mine(first, drop)).status, "BOUGHT");
    assert.equal(await stockOf(drop), 1);
  });

  test("stock that an operator adds goes to the line at once", async () => {
    const drop = await withHolds();
    const users = await shop.users(5, { balance: 10_000 });
    for (const user of users) await enter(user, drop);
    const variantId = good(await shop.anyone("GET", `/products/${drop.productId}`), 200).variants[0].id;
    assert.equal(good(await shop.operator.post(`/admin/variants/${variantId}/stock`, { delta: 3, reason: "입고" }), 200).stock, 0);
    assert.deepEqual(await statuses(users, drop), ["HELD", "HELD", "HELD", "HELD", "WAITING"]);
  });
});

describe("STOCK_TAKEN_AT=order", () => {
  test("an order that is paid later takes its stock and its coupon when it is placed, and gives them back once", async () => {
    const { id: productId } = await shop.product({ stock: 2 });
    const user = await shop.user({ balance: 10_000 });
    const userCouponId = await shop.coupon(user);
    const place = async (extra: Record<string, unknown> = {}): Promise<Answer> =>
      user.at(holding).post("/orders", { orderItems: [{ productId, quantity: 2 }], payment: { method: "DEFERRED" }, ...extra });
    const { orderId, holdsStock } = good(await place({ userCouponId }), 201);
    assert.equal(holdsStock, true);
    assert.equal(await shop.stockOf({ id: productId }), 0);
    refused(await place(), 400, "STOCK_INSUFFICIENT");
    assert.equal(good(await user.get(`/users/${user.id}/coupons?status=USED`), 200).userCoupons.length, 1);
    good(await cancel(user, orderId), 200);
    assert.equal(await shop.stockOf({ id: productId }), 2);
    assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons.length, 1);

    const expiring = good(await place(), 201);
    clock.forward(30 * MINUTE_MS);
    await run("expire-orders");
    assert.equal(good(await user.get(`/orders/${expiring.orderId}`), 200).status, "EXPIRED");
    assert.equal(await shop.stockOf({ id: productId }), 2);

    const bought = good(await place({ userCouponId }), 201);
    good(await pay(user, bought.orderId), 201);
    assert.equal(await shop.stockOf({ id: productId }), 0);
  });
});
