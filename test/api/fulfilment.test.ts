// Orders that leave the house: addresses, preparation, parcels. Turn red without: the checks in
// `checkCancellable` (cancel-order.ts), the reserved units in `shippableUnits`, `obstacleTo`, the
// conditions in `editOrder`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests" });
  shop = await openTestShop({ env: { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests" } });
});
after(async () => {
  await shop.close();
  await simulator.close();
});

const LABEL = { carrier: "CJ대한통운", trackingNumber: "6051-2233-4455" };
const ADDRESS = { recipient: "김민수", phone: "010-1234-5678", postalCode: "04524", line1: "서울특별시 중구 세종대로 110" };
const UNKNOWN_ID = "019aa000-0000-7000-8000-00000000dead";

type Ordered = { user: Client; orderId: string; orderNumber: string; variantId: string; productId: string };

async function ordered(quantity = 2, fields: Record<string, unknown> = {}): Promise<Ordered> {
  const product = await shop.product({ price: 1000, stock: 100 });
  const user = await shop.user({ balance: 100_000 });
  const { orderId, orderNumber } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity }], ...fields }), 201);
  return { user, orderId, orderNumber, variantId: product.variants[0]?.id as string, productId: product.id };
}

const ship = (orderId: string, fields: Record<string, unknown> = {}) =>
  shop.operator.post(`/admin/orders/${orderId}/shipments`, { ...LABEL, ...fields });
const prepare = (orderId: string) => shop.operator.post(`/admin/orders/${orderId}/preparing`);

test("an order carries address, note, metadata and number, and shows them to its buyer and to operators", async () => {
  const { user, orderId } = await ordered(1, { shippingAddress: ADDRESS, note: " 부재 시 문 앞 ", metadata: { gift: "yes" } });
  const order = good(await user.get(`/orders/${orderId}`), 200);
  assert.deepEqual(order.shippingAddress, { ...ADDRESS, country: "KR" });
  assert.deepEqual([order.note, order.metadata, order.fulfilmentStatus, order.shipments], ["부재 시 문 앞", { gift: "yes" }, "NONE", []]);
  assert.match(order.orderNumber, /^\d{6}-[0-9A-HJKMNP-TV-Z]{8}$/);
  assert.ok(!("externalId" in order));
  assert.equal(good(await shop.operator.get(`/orders/${orderId}`), 200).externalId, null);
  const [listed] = good(await user.get(`/users/${user.id}/orders`), 200).orders;
  assert.deepEqual([listed.note, listed.orderNumber], [order.note, order.orderNumber]);
});

test("an address, note or metadata that breaks a limit is refused with its path", async () => {
  const product = await shop.product();
  const user = await shop.user({ balance: 1000 });
  const path = async (fields: Record<string, unknown>): Promise<string> => {
    const answer = await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], ...fields });
    return (refused(answer, 400, "INVALID_REQUEST")["errors"] as { path: string }[])[0]?.path as string;
  };
  assert.equal(await path({ shippingAddress: { ...ADDRESS, recipient: " " } }), "/shippingAddress/recipient");
  assert.equal(await path({ shippingAddress: { ...ADDRESS, country: "KP2" } }), "/shippingAddress/country");
  assert.equal(await path({ shippingAddress: { ...ADDRESS, floor: 3 } }), "/shippingAddress/floor");
  assert.equal(await path({ note: "x".repeat(501) }), "/note");
  assert.equal(await path({ metadata: { key: "x".repeat(501) } }), "/metadata/key");
  assert.equal(await path({ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"])) }), "/metadata");
  refused(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], externalId: "X-1" }), 403, "FORBIDDEN");
});

test("an order of chosen cart items takes these items out of the cart, and an item that is not there refuses it", async () => {
  const user = await shop.user({ balance: 10_000 });
  const items: { id: string }[] = [];
  for (let i = 0; i < 3; i++)
    items.push(good(await user.post(`/users/${user.id}/cart/items`, { productId: (await shop.product()).id, quantity: 1 }), 201));
  const [first, second, third] = items as [{ id: string }, { id: string }, { id: string }];
  refused(await user.post("/orders", { cartItemIds: [first.id, UNKNOWN_ID] }), 404, "CART_ITEM_NOT_FOUND");
  const order = good(await user.post("/orders", { cartItemIds: [third.id.toUpperCase(), first.id, first.id] }), 201);
  assert.equal(order.orderItems.length, 2);
  const { cartItems } = good(await user.get(`/users/${user.id}/cart`), 200);
  assert.deepEqual(
    cartItems.map(({ id }: { id: string }) => id),
    [second.id],
  );
  refused(await user.post("/orders", { cartItemIds: [second.id], fromCart: true }), 400, "INVALID_REQUEST");
});

test("an external id belongs to one order, and only operators see it", async () => {
  const product = await shop.product();
  const user = await shop.user({ balance: 10_000 });
  const order = { userId: user.id, orderItems: [{ productId: product.id, quantity: 1 }], externalId: `mall-${randomUUID()}` };
  const { orderId } = good(await shop.operator.post("/orders", order), 201);
  assert.deepEqual((refused(await shop.operator.post("/orders", order), 400, "INVALID_REQUEST")["errors"] as object[])[0], {
    path: "/externalId",
    message: "already belongs to another order",
  });
  assert.equal(good(await shop.operator.get(`/orders/${orderId}`), 200).externalId, order.externalId);
  assert.ok(!(await user.get(`/orders/${orderId}`)).text.includes(order.externalId));
  assert.equal(await shop.stockOf(product), 99);
});

test("a buyer changes address and note until the goods are being prepared, an operator until they are shipped", async () => {
  const { user, orderId } = await ordered(2, { metadata: { gift: "yes", color: "red" } });
  const changed = good(
    await user.patch(`/orders/${orderId}`, { shippingAddress: { ...ADDRESS, country: "JP" }, note: "문 앞", metadata: { gift: null, size: "L" } }),
    200,
  );
  assert.deepEqual([changed.shippingAddress.country, changed.note, changed.metadata], ["JP", "문 앞", { color: "red", size: "L" }]);
  refused(await (await shop.user()).patch(`/orders/${orderId}`, { note: "x" }), 404, "ORDER_NOT_FOUND");

  good(await prepare(orderId), 200);
  refused(await user.patch(`/orders/${orderId}`, { note: "늦었나요" }), 409, "ORDER_NOT_SHIPPABLE");
  assert.equal(good(await shop.operator.patch(`/orders/${orderId}`, { note: null }), 200).note, null);
  good(await ship(orderId), 201);
  refused(await shop.operator.patch(`/orders/${orderId}`, { note: "x" }), 409, "ORDER_NOT_SHIPPABLE");
  refused(await shop.operator.patch(`/orders/${orderId}`, { shippingAddress: ADDRESS }), 409, "ORDER_NOT_SHIPPABLE");
  assert.deepEqual(good(await shop.operator.patch(`/orders/${orderId}`, { metadata: { erp: "1" } }), 200).metadata, {
    color: "red",
    erp: "1",
    size: "L",
  });
});

test("an order is prepared, shipped in parcels and delivered, and its status follows", async () => {
  const { user, orderId, variantId } = await ordered(3);
  const status = async (): Promise<string> => good(await user.get(`/orders/${orderId}`), 200).fulfilmentStatus;
  assert.equal(good(await prepare(orderId), 200).fulfilmentStatus, "PREPARING");
  good(await prepare(orderId), 200);
  const first = good(await ship(orderId, { items: [{ variantId, quantity: 1 }], trackingUrl: "https://example.com/1" }), 201);
  assert.deepEqual([first.fulfilmentStatus, first.shipments.length], ["PARTIALLY_SHIPPED", 1]);
  const { shipmentId, shippedAt, ...parcel } = first.shipments[0];
  assert.deepEqual(parcel, { items: [{ variantId, quantity: 1 }], ...LABEL, trackingUrl: "https://example.com/1", deliveredAt: null });
  assert.ok(!Number.isNaN(Date.parse(shippedAt)));
  const { shipments, fulfilmentStatus } = good(await ship(orderId), 201);
  assert.deepEqual([fulfilmentStatus, shipments[1].items], ["SHIPPED", [{ variantId, quantity: 2 }]]);
  refused(await ship(orderId), 409, "ORDER_NOT_SHIPPABLE");
  for (const id of [shipmentId, shipments[1].shipmentId, shipmentId])
    good(await shop.operator.post(`/admin/orders/${orderId}/shipments/${id}/delivered`), 200);
  assert.equal(await status(), "DELIVERED");
  refused(await shop.operator.post(`/admin/orders/${orderId}/shipments/${UNKNOWN_ID}/delivered`), 404, "SHIPMENT_NOT_FOUND");
  const { events } = good(await user.get(`/orders/${orderId}/history`), 200);
  assert.deepEqual(
    events.map(({ type }: { type: string }) => type),
    ["order.completed", "order.preparing", "order.shipped", "order.shipped", "order.delivered", "order.delivered"],
  );
  assert.equal(events[2].data.trackingNumber, LABEL.trackingNumber);
});

test("only paid and unrefunded units are shipped, and only of variants that were bought", async () => {
  const { orderId, variantId } = await ordered(3);
  const other = await ordered(1);
  refused(await ship(orderId, { items: [{ variantId: other.variantId, quantity: 1 }] }), 400, "INVALID_REQUEST");
  const twice = [2, 2].map((quantity) => ({ variantId, quantity }));
  assert.equal(refused(await ship(orderId, { items: twice }), 409, "ORDER_NOT_SHIPPABLE")["available"], 3);
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "품절" }), 200);
  refused(await ship(orderId, { items: [{ variantId, quantity: 3 }] }), 409, "ORDER_NOT_SHIPPABLE");
  const shipped = good(await ship(orderId), 201);
  assert.deepEqual([shipped.shipments[0].items, shipped.fulfilmentStatus], [[{ variantId, quantity: 2 }], "SHIPPED"]);

  const unpaid = await ordered(1, { payment: { method: "DEFERRED" } });
  refused(await prepare(unpaid.orderId), 409, "ORDER_NOT_SHIPPABLE");
  refused(await ship(unpaid.orderId), 409, "ORDER_NOT_SHIPPABLE");
  good(await other.user.post(`/orders/${other.orderId}/cancel`), 200);
  refused(await ship(other.orderId), 409, "ORDER_NOT_SHIPPABLE");
  refused(await prepare(other.orderId), 409, "ORDER_NOT_SHIPPABLE");
  refused(await ship(UNKNOWN_ID), 404, "ORDER_NOT_FOUND");
});

test("a refund of the unshipped rest completes the fulfilment", async () => {
  const { orderId, variantId } = await ordered(2);
  good(await ship(orderId, { items: [{ variantId, quantity: 1 }] }), 201);
  const refunded = good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "품절" }), 200);
  assert.deepEqual([refunded.status, refunded.fulfilmentStatus], ["PARTIALLY_REFUNDED", "SHIPPED"]);
});

test("a buyer cannot cancel once the goods are being prepared, and an operator cannot once a parcel was shipped", async () => {
  const { user, orderId, variantId } = await ordered(2);
  good(await prepare(orderId), 200);
  assert.equal(refused(await user.post(`/orders/${orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE")["reason"], "FULFILMENT");
  good(await ship(orderId, { items: [{ variantId, quantity: 1 }] }), 201);
  assert.equal(refused(await shop.operator.post(`/orders/${orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE")["reason"], "FULFILMENT");
  const prepared = await ordered(1);
  good(await prepare(prepared.orderId), 200);
  good(await shop.operator.post(`/orders/${prepared.orderId}/cancel`), 200);
  assert.equal(refused(await user.post(`/orders/${prepared.orderId}/cancel`), 404, "ORDER_NOT_FOUND")["reason"], undefined);
  assert.equal(refused(await shop.operator.post(`/orders/${prepared.orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE")["reason"], "STATUS");
});

test("a buyer cannot cancel a completed order after CANCEL_WITHIN, and an operator can", async () => {
  const soon = await openTestShop({ beside: shop, env: { CANCEL_WITHIN: "PT0.001S" } });
  try {
    const { user, orderId } = await ordered(1);
    assert.equal(refused(await user.at(soon).post(`/orders/${orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE")["reason"], "TOO_LATE");
    good(await shop.operator.at(soon).post(`/orders/${orderId}/cancel`), 200);
    const unpaid = await ordered(1, { payment: { method: "DEFERRED" } });
    good(await unpaid.user.at(soon).post(`/orders/${unpaid.orderId}/cancel`), 200);
  } finally {
    await soon.close();
  }
});

test("an imported order cannot be cancelled by its buyer", async () => {
  const product = await shop.product();
  const user = await shop.user({ balance: 10_000 });
  const orderedAt = new Date(Date.now() - 3_600_000).toISOString();
  const order = { userId: user.id, orderItems: [{ productId: product.id, quantity: 1 }], orderedAt };
  const { orderId } = good(await shop.operator.post("/orders", order), 201);
  assert.equal(refused(await user.post(`/orders/${orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE")["reason"], "STATUS");
  good(await shop.operator.post(`/orders/${orderId}/cancel`), 200);
});

test("many orders are shipped at once by id or number, and one faulty row refuses all and is named", async () => {
  const [a, b, c] = [await ordered(1), await ordered(2), await ordered(3)];
  const unpaid = await ordered(1, { payment: { method: "DEFERRED" } });
  const rows = [
    { orderId: a.orderId, ...LABEL },
    { orderNumber: b.orderNumber.toLowerCase().replace("-", ""), ...LABEL },
  ];
  const faulty = [
    ...rows,
    { orderId: UNKNOWN_ID, ...LABEL },
    { orderNumber: a.orderNumber, ...LABEL },
    { orderId: c.orderId, ...LABEL },
    { orderNumber: unpaid.orderNumber, ...LABEL },
    { orderNumber: "261332-00000000", ...LABEL },
  ];
  const { errors } = refused(await shop.operator.post("/admin/shipments", { shipments: faulty }), 400, "INVALID_REQUEST");
  assert.deepEqual(
    (errors as { path: string }[]).map(({ path }) => path),
    [2, 3, 5, 6].map((i) => `/shipments/${i}`),
  );
  for (const { orderId } of [a, b, c]) assert.equal(good(await shop.operator.get(`/orders/${orderId}`), 200).fulfilmentStatus, "NONE");

  const { shipments } = good(await shop.operator.post("/admin/shipments", { shipments: rows }), 201);
  assert.deepEqual(
    shipments.map(({ orderId, orderNumber }: Record<string, string>) => [orderId, orderNumber]),
    [a, b].map(({ orderId, orderNumber }) => [orderId, orderNumber]),
  );
  for (const [i, { user, orderId }] of [a, b].entries()) {
    const order = good(await user.get(`/orders/${orderId}`), 200);
    assert.deepEqual([order.fulfilmentStatus, order.shipments[0].shipmentId], ["SHIPPED", shipments[i].shipmentId]);
  }
  refused(await shop.operator.post("/admin/shipments", { shipments: rows }), 400, "INVALID_REQUEST");
  refused(await a.user.post("/admin/shipments", { shipments: rows }), 403, "FORBIDDEN");
});

test("operators find orders by fulfilment, product, number, buyer, external id and time of completion", async () => {
  const product = await shop.product({ price: 1000, stock: 100 });
  const user = good(await shop.operator.post("/admin/users", { name: "나무늘보", externalId: `sloth-${randomUUID()}` }), 201);
  const externalId = `mall-${randomUUID()}`;
  const lines = { userId: user.id, orderItems: [{ productId: product.id, quantity: 1 }] };
  good(await shop.operator.post("/admin/balances/grant", { grants: [{ userId: user.id, amount: 5000, reason: "test" }] }), 200);
  const first = good(await shop.operator.post("/orders", { ...lines, externalId }), 201);
  const second = good(await shop.operator.post("/orders", { ...lines, payment: { method: "DEFERRED" } }), 201);
  good(await ship(first.orderId), 201);
  const found = async (query: Record<string, string>): Promise<string[]> => {
    const list = good(await shop.operator.get(`/admin/orders?${new URLSearchParams({ productId: product.id, ...query })}`), 200);
    return list.orders.map(({ orderId }: { orderId: string }) => orderId);
  };
  const both = [second.orderId, first.orderId];
  assert.deepEqual(await found({}), both);
  assert.deepEqual(await found({ fulfilmentStatus: "SHIPPED" }), [first.orderId]);
  assert.deepEqual(await found({ fulfilmentStatus: "NONE" }), [second.orderId]);
  for (const orderNumber of [second.orderNumber, second.orderNumber.toLowerCase(), second.orderNumber.replace("-", "")])
    assert.deepEqual(await found({ orderNumber }), [second.orderId]);
  for (const orderNumber of ["261332-00000000", "나무"]) assert.deepEqual(await found({ orderNumber }), []);
  assert.deepEqual(await found({ q: "무늘" }), both);
  assert.deepEqual(await found({ q: user.externalId.slice(0, 20) }), both);
  assert.deepEqual(await found({ q: externalId.slice(0, 30) }), [first.orderId]);
  assert.deepEqual(await found({ q: second.orderNumber.slice(0, 10) }), [second.orderId]);
  for (const q of ["늘보무", "100%", externalId.slice(3), "999999"]) assert.deepEqual(await found({ q }), []);
  assert.deepEqual(await found({ completedFrom: first.completedAt }), [first.orderId]);
  assert.deepEqual(await found({ completedTo: first.completedAt }), []);
  assert.deepEqual(await found({ productId: (await shop.product()).id }), []);
  const [order] = good(await shop.operator.get(`/admin/orders?orderNumber=${first.orderNumber}`), 200).orders;
  assert.deepEqual(order.user, { id: user.id, name: "나무늘보", externalId: user.externalId });
  refused(await shop.operator.get("/admin/orders?completedFrom=yesterday"), 400, "INVALID_REQUEST");
});
