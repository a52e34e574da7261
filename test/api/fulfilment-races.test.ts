// Races of parcels, cancellations, refunds and returns, at one instance and at two. The order's row
// lock settles them. Turn red without: `FOR NO KEY UPDATE` of `orders`, the checks of
// `checkCancellable`, `obstacleTo` and `choosePieces`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, type Client, good, type TestShop } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other: second } = await twoInstances();

const ROUNDS = 12;
const LABEL = { carrier: "롯데택배", trackingNumber: "4012-3456-7890" };

type Paid = { user: Client; orderId: string; variantId: string; product: { id: string } };

async function paid(quantity: number): Promise<Paid> {
  const product = await shop.product({ price: 1000, stock: quantity });
  const user = await shop.user({ balance: 1000 * quantity });
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity }] }), 201);
  return { user, orderId, variantId: product.variants[0]?.id as string, product };
}

/** Sends both at once, each at an instance of its own or at one, in turns. */
async function meet(round: number, one: (at: TestShop) => Promise<Answer>, other: (at: TestShop) => Promise<Answer>): Promise<[Answer, Answer]> {
  const elsewhere = round % 2 === 0 ? second : shop;
  return round % 4 < 2 ? Promise.all([one(shop), other(elsewhere)]) : Promise.all([other(elsewhere), one(shop)]).then(([b, a]) => [a, b]);
}

const shipAt =
  (orderId: string, fields: object = {}) =>
  (at: TestShop) =>
    at.operator.post(`/admin/orders/${orderId}/shipments`, { ...LABEL, ...fields });

async function assertConsistent(): Promise<void> {
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
}

test("a shipped order is never cancelled, and a cancelled order is never shipped", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, orderId, product } = await paid(1);
    const [shipped, cancelled] = await meet(round, shipAt(orderId), (at) => user.at(at).post(`/orders/${orderId}/cancel`));
    const order = good(await user.get(`/orders/${orderId}`), 200);
    const expected = shipped.status === 201 ? [201, 409, "SHIPPED", "COMPLETED"] : [409, 200, "NONE", "REFUNDED"];
    assert.deepEqual([shipped.status, cancelled.status, order.fulfilmentStatus, order.status], expected);
    assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], shipped.status === 201 ? [0, 0] : [1000, 1]);
  }
  await assertConsistent();
});

test("an order that is being prepared is never cancelled by its buyer afterwards", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, orderId } = await paid(1);
    const [prepared, cancelled] = await meet(
      round,
      (at) => at.operator.post(`/admin/orders/${orderId}/preparing`),
      (at) => user.at(at).post(`/orders/${orderId}/cancel`),
    );
    assert.deepEqual([prepared.status, cancelled.status].toSorted(), [200, 409]);
  }
});

test("two shipments cannot take the same last unit", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { orderId, variantId } = await paid(3);
    const units = { items: [{ variantId, quantity: 2 }] };
    const answers = await meet(round, shipAt(orderId, units), shipAt(orderId, units));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409]);
  }
  await assertConsistent();
});

test("a unit is either shipped or refunded before shipment", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, orderId, variantId } = await paid(1);
    const refund = (at: TestShop) => at.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "품절" });
    const [shipped, refunded] = await meet(round, shipAt(orderId), refund);
    assert.equal(refunded.status, 200);
    const order = good(await user.get(`/orders/${orderId}`), 200);
    // A unit that was shipped first is refunded as one that the buyer has.
    assert.deepEqual([order.status, order.fulfilmentStatus], ["REFUNDED", shipped.status === 201 ? "SHIPPED" : "NONE"]);
  }
  await assertConsistent();
});

test("a unit in a return is refunded once, by its receipt or by an operator's refund", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, orderId, variantId, product } = await paid(1);
    good(await shipAt(orderId)(shop), 201);
    const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { reason: "변심" }), 201);
    const [received, refunded] = await meet(
      round,
      (at) => at.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }),
      (at) => at.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "변심" }),
    );
    assert.deepEqual([received.status, refunded.status].toSorted(), [200, 409]);
    assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [1000, 1]);
  }
  await assertConsistent();
});

test("two requests cannot return the same unit", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, orderId } = await paid(1);
    good(await shipAt(orderId)(shop), 201);
    const ask = (at: TestShop) => user.at(at).post(`/orders/${orderId}/returns`, { reason: "변심" });
    const answers = await meet(round, ask, ask);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409]);
  }
});

test("a return ends in one way if it is withdrawn and received at the same moment", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, orderId } = await paid(1);
    good(await shipAt(orderId)(shop), 201);
    const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { reason: "변심" }), 201);
    const [received, withdrawn] = await meet(
      round,
      (at) => at.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }),
      (at) => user.at(at).delete(`/orders/${orderId}/returns/${returnId}`),
    );
    assert.deepEqual([received.status, withdrawn.status], received.status === 200 ? [200, 409] : [409, 204]);
    assert.equal(await shop.balanceOf(user), received.status === 200 ? 1000 : 0);
  }
  await assertConsistent();
});

test("an order is in one of two bulk shipments that name it, and the other ships nothing", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b, c] = [await paid(1), await paid(1), await paid(1)];
    const shipAll = (orders: Paid[]) => (at: TestShop) =>
      at.operator.post("/admin/shipments", { shipments: orders.map(({ orderId }) => ({ orderId, ...LABEL })) });
    const answers = await meet(round, shipAll([a, b]), shipAll([b, c]));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 400]);
    const shipped = await Promise.all(
      [a, b, c].map(async ({ orderId }) => good(await shop.operator.get(`/orders/${orderId}`), 200).fulfilmentStatus === "SHIPPED"),
    );
    assert.deepEqual(shipped, answers[0].status === 201 ? [true, true, false] : [false, true, true]);
  }
});
