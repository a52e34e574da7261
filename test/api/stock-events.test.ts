// The events stock.sold-out and stock.back, by each cause by which the last free unit goes or units are free again.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

type Stock = { productId: string; variantId: string; sku: string };
type Event = { type: string; data: Record<string, unknown>; at: number };

let shop: TestShop;
let beside: TestShop;
let buyer: Client;
before(async () => {
  const env = { DATA_PLATFORM_EVENTS: "stock.*", STOCK_TAKEN_AT: "order", ORDER_EXPIRES_AFTER: "PT1S" };
  shop = await openTestShop({ env });
  beside = await openTestShop({ env, beside: shop });
  buyer = await shop.user({ balance: 1_000_000 });
});
after(async () => {
  await beside.close();
  await shop.close();
});

async function stocked(stock: number, at: TestShop = shop): Promise<Stock> {
  const sku = `S-${randomUUID()}`;
  const { id: productId, variants } = await at.product({ variants: [{ sku, options: {}, price: 1000, stock }] });
  return { productId, variantId: variants[0]?.id ?? "", sku };
}

const rowsOf = (subject: string, at: TestShop = shop): Promise<Event[]> =>
  at.shop.database.rows<Event>({
    name: "stock events of subject",
    text: "SELECT type, data, created_at AS at FROM shop_events WHERE subject = $1 AND type LIKE 'stock.%' ORDER BY seq",
    values: [subject],
  });
/** The events of a variant, with the stock that they tell. */
const eventsOf = async ({ variantId }: Stock): Promise<string[]> =>
  (await rowsOf(variantId)).map(({ type, data }) => `${type} ${String(data["stock"])}`);

async function order({ productId }: Stock, quantity: number, method = "BALANCE"): Promise<string> {
  const body = { orderItems: [{ productId, quantity }], payment: { method } };
  return good(await buyer.post("/orders", body), 201).orderId;
}

async function adjust({ variantId }: Stock, delta: number): Promise<void> {
  good(await shop.operator.post(`/admin/variants/${variantId}/stock`, { delta, reason: "실사" }), 200);
}

async function openDrop({ productId }: Stock, fields: Record<string, unknown> = {}): Promise<string> {
  const opensAt = new Date(Date.now() - 1000).toISOString();
  const body = { name: "한정판", productId, mode: "FIRST_COME", waitlist: true, holdFor: "PT5M", opensAt, ...fields };
  return good(await shop.operator.post("/admin/drops", body), 201).id;
}

/** Runs a job until the variant has `count` events. */
async function runUntil(job: string, stock: Stock, count: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; (await eventsOf(stock)).length < count;) {
    assert.ok(Date.now() < deadline, `${job}: ${String(await eventsOf(stock))}`);
    good(await shop.operator.post(`/admin/jobs/${job}/run`), 200);
  }
}

describe("a variant is sold out, and back", () => {
  test("by an order of the last unit, and by its cancellation", async () => {
    const stock = await stocked(3);
    await order(stock, 1);
    assert.deepEqual(await eventsOf(stock), []);
    const orderId = await order(stock, 2, "DEFERRED");
    good(await buyer.post(`/orders/${orderId}/cancel`), 200);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0", "stock.back 2"]);
    const [soldOut] = await rowsOf(stock.variantId);
    assert.deepEqual(soldOut?.data, { ...stock, stock: 0, at: new Date(soldOut?.at ?? 0).toISOString() });
  });

  test("by an order that expires", async () => {
    const stock = await stocked(1);
    await order(stock, 1, "DEFERRED");
    await runUntil("expire-orders", stock, 2);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0", "stock.back 1"]);
  });

  test("by a refund that puts its units back, and not by one that does not", async () => {
    const stock = await stocked(2);
    const orderId = await order(stock, 2);
    const refund = async (restock: boolean): Promise<void> => {
      const items = [{ variantId: stock.variantId, quantity: 1 }];
      good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items, reason: "파손", restock }), 200);
    };
    await refund(false);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0"]);
    await refund(true);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0", "stock.back 1"]);
  });

  test("by an adjustment, of one variant or in bulk", async () => {
    const stock = await stocked(2);
    await adjust(stock, -1);
    await adjust(stock, -1);
    await adjust(stock, 4);
    await adjust(stock, 1);
    const change = { sku: stock.sku, stock: 0, reason: "실사" };
    good(await shop.operator.post("/admin/stock", { changes: [change] }), 200);
    good(await shop.operator.post("/admin/stock", { changes: [{ ...change, stock: 7 }] }), 200);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0", "stock.back 4", "stock.sold-out 0", "stock.back 7"]);
  });

  test("by a hold and by its end, but not by units that go to the next in line", async () => {
    const stock = await stocked(1);
    const drop = await openDrop(stock);
    const [first, next] = (await shop.users(2)) as [Client, Client];
    for (const user of [first, next]) good(await user.post(`/drops/${drop}/entries`), 201);
    good(await first.delete(`/drops/${drop}/entries/mine`), 204);
    assert.equal(good(await next.get(`/drops/${drop}/entries/mine`), 200).status, "HELD");
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0"]);
    good(await next.delete(`/drops/${drop}/entries/mine`), 204);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0", "stock.back 1"]);
  });

  test("by a hold that lapses", async () => {
    const stock = await stocked(1);
    const drop = await openDrop(stock, { holdFor: "PT1S" });
    good(await (await shop.user()).post(`/drops/${drop}/entries`), 201);
    await runUntil("expire-holds", stock, 2);
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0", "stock.back 1"]);
  });
});

test("when two instances race for the last unit, exactly one event is written", async () => {
  for (let round = 0; round < 5; round++) {
    const stock = await stocked(1);
    const body = { orderItems: [{ productId: stock.productId, quantity: 1 }] };
    const tally = await race(12, (i) => buyer.at(i % 2 === 0 ? shop : beside).post("/orders", body));
    assert.equal(tally[201], 1, JSON.stringify(tally));
    assert.deepEqual(await eventsOf(stock), ["stock.sold-out 0"]);
  }
});

test("a new variant without stock has no event, and its first units make it back", async () => {
  const stock = await stocked(0);
  assert.deepEqual(await eventsOf(stock), []);
  await adjust(stock, 2);
  assert.deepEqual(await eventsOf(stock), ["stock.back 2"]);
});

test("a refused order writes no event", async () => {
  const stock = await stocked(1);
  const poor = await shop.user();
  const body = { orderItems: [{ productId: stock.productId, quantity: 1 }], payment: { method: "BALANCE" } };
  refused(await poor.post("/orders", body), 400, "BALANCE_INSUFFICIENT");
  assert.deepEqual(await eventsOf(stock), []);
});

test("variants of a rehearsal have no events", async () => {
  const stock = await stocked(1);
  const plain = await stocked(1);
  const mark = "UPDATE products SET rehearsal_id = $2 WHERE id = $1";
  await shop.shop.database.pool.query(mark, [stock.productId, randomUUID()]);
  await Promise.all([stock, plain].map((one) => adjust(one, -1)));
  assert.deepEqual([await eventsOf(stock), await eventsOf(plain)], [[], ["stock.sold-out 0"]]);
});

test("without a pattern that chooses them, no stock event is written", async () => {
  const silent = await openTestShop();
  try {
    const stock = await stocked(1, silent);
    const user = await silent.user({ balance: 10_000 });
    good(await user.post("/orders", { orderItems: [{ productId: stock.productId, quantity: 1 }] }), 201);
    assert.deepEqual(await rowsOf(stock.variantId, silent), []);
  } finally {
    await silent.close();
  }
});
