// What sinks are told of parcels, returns and addresses. Turns red without: `isSentBy`, the
// `personalData` of `orderAt`, `shipmentsAt`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { good, type Json, openTestShop, type TestShop } from "../support/shop.ts";

type Sent = Json;

const ADDRESS = { recipient: "김민수", phone: "010-1234-5678", postalCode: "04524", line1: "서울특별시 중구 세종대로 110", country: "KR" };

/** Ships and returns an order. Returns its events as the file has them. */
async function told(shop: TestShop): Promise<Sent[]> {
  const variants = [{ sku: "WH-1", options: { 색: "적" }, price: 1000, stock: 10, metadata: { shelf: "B-12" } }];
  const product = await shop.product({ variants });
  const user = good(await shop.operator.post("/admin/users", { name: "김민수", externalId: "minsu-1" }), 201);
  good(await shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 5000, reason: "test" }] }), 200);
  const lines = [{ productId: product.id, quantity: 2 }];
  const order = { userId: user.id, orderItems: lines, shippingAddress: ADDRESS, note: "문 앞", metadata: { channel: "app" } };
  const { orderId } = good(await shop.operator.post("/orders", order), 201);
  good(await shop.operator.post(`/admin/orders/${orderId}/preparing`), 200);
  const label = { carrier: "CJ대한통운", trackingNumber: "6051" };
  const { shipments } = good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, label), 201);
  good(await shop.operator.post(`/admin/orders/${orderId}/shipments/${shipments[0].shipmentId}/delivered`), 200);
  const items = [{ variantId: product.variants[0]?.id, quantity: 1 }];
  const { returnId } = good(await shop.operator.post(`/orders/${orderId}/returns`, { items, reason: "변심" }), 201);
  good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: false }), 200);
  good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
  const text = readFileSync(join(shop.shop.config.dataDir, "events.ndjson"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line): Sent => JSON.parse(line))
    .filter(({ subject }) => subject === orderId);
}

test("a sink is told of parcels and returns with the data that a warehouse needs", async () => {
  const shop = await openTestShop();
  try {
    const events = await told(shop);
    assert.deepEqual(
      events.map(({ type }) => type.replace("jangnal.", "")),
      ["order.completed", "order.preparing", "order.shipped", "order.delivered", "return.requested", "order.partially-refunded", "return.received"],
    );
    const [, preparing, shipped, delivered, requested, refunded, received] = events.map(({ data }) => data);
    assert.deepEqual([preparing.userExternalId, preparing.metadata, preparing.status], ["minsu-1", { channel: "app" }, "COMPLETED"]);
    const [{ sku, options, metadata }] = preparing.orderItems;
    assert.deepEqual({ sku, options, metadata }, { sku: "WH-1", options: { 색: "적" }, metadata: { shelf: "B-12" } });
    assert.match(preparing.orderNumber, /^\d{6}-\w{8}$/);
    assert.deepEqual([preparing.shipments, preparing.shipment, shipped.shipment.deliveredAt], [[], null, null]);
    assert.deepEqual(shipped.shipments, [shipped.shipment]);
    assert.notEqual(delivered.shipment.deliveredAt, null);
    assert.deepEqual([delivered.shipments, requested.shipments], [[delivered.shipment], [delivered.shipment]]);
    assert.deepEqual([requested.return.items[0].quantity, requested.status], [1, "COMPLETED"]);
    assert.deepEqual([refunded.status, refunded.refund.restock], ["PARTIALLY_REFUNDED", false]);
    assert.deepEqual([received.status, received.return.restock, received.refundedAmount], ["PARTIALLY_REFUNDED", false, 1000]);
    assert.ok(events.every(({ data }) => data.shippingAddress === null && data.note === null));
  } finally {
    await shop.close();
  }
});

test("addresses and notes are sent with DATA_PLATFORM_PERSONAL_DATA, and only then", async () => {
  for (const [setting, address, note] of [
    ["on", ADDRESS, "문 앞"],
    ["off", null, null],
  ] as const) {
    const shop = await openTestShop({ env: { DATA_PLATFORM_PERSONAL_DATA: setting } });
    try {
      for (const { data } of await told(shop)) assert.deepEqual([data.shippingAddress, data.note], [address, note]);
    } finally {
      await shop.close();
    }
  }
});

test("only events of the chosen types are sent, and the others count as delivered", async () => {
  const shop = await openTestShop({ env: { DATA_PLATFORM_EVENTS: "order.shipped, return.*" } });
  try {
    const events = await told(shop);
    assert.deepEqual(
      events.map(({ type }) => type.replace("jangnal.", "")),
      ["order.shipped", "return.requested", "return.received"],
    );
    assert.deepEqual(good(await shop.operator.get("/admin/events?status=WAITING"), 200).events, []);
  } finally {
    await shop.close();
  }
});
