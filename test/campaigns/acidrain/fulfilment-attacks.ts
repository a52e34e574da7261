// Attacks on the operations of the warehouse and on returns.

import { type Client, good, type TestShop } from "../../support/shop.ts";
import type { Attack } from "./attacks.ts";

const LABEL = { carrier: "CJ대한통운", trackingNumber: "1" };
const once = (successes: number): number => Math.min(successes, 1);

type Paid = { user: Client; orderId: string; variantId: string };

async function paid(shop: TestShop, quantity: number): Promise<Paid> {
  const [user, product] = [await shop.user({ balance: 100 * quantity }), await shop.product({ price: 100, stock: quantity })];
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity }] }), 201);
  return { user, orderId, variantId: product.variants[0]?.id as string };
}

async function shipped(shop: TestShop, quantity: number): Promise<Paid & { shipmentId: string }> {
  const order = await paid(shop, quantity);
  const { shipments } = good(await shop.operator.post(`/admin/orders/${order.orderId}/shipments`, LABEL), 201);
  return { ...order, shipmentId: shipments[0].shipmentId };
}

async function returning(shop: TestShop): Promise<Paid & { returnId: string }> {
  const order = await shipped(shop, 1);
  const { returnId } = good(await order.user.post(`/orders/${order.orderId}/returns`, { reason: "r" }), 201);
  return { ...order, returnId };
}

/** The number of an order's events of this type. */
async function events(shop: TestShop, orderId: string, type: string): Promise<number> {
  const history = good(await shop.operator.get(`/orders/${orderId}/history`), 200).events as { type: string }[];
  return history.filter((event) => event.type === type).length;
}

async function orderOf(shop: TestShop, orderId: string): Promise<{ shipments: { items: { quantity: number }[] }[]; note: string | null }> {
  return good(await shop.operator.get(`/orders/${orderId}`), 200);
}

async function shippedUnits(shop: TestShop, orderId: string): Promise<number> {
  const { shipments } = await orderOf(shop, orderId);
  return shipments.flatMap(({ items }) => items).reduce((sum, { quantity }) => sum + quantity, 0);
}

export const FULFILMENT_ATTACKS: Attack[] = [
  {
    operationId: "editOrder",
    async prepare(shop, copies) {
      const { user, orderId } = await paid(shop, 1);
      return {
        as: user,
        method: "PATCH",
        path: `/orders/${orderId}`,
        body: { note: "at the door" },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => ((await orderOf(shop, orderId)).note === null ? 0 : 1),
      };
    },
  },
  {
    operationId: "prepareOrder",
    async prepare(shop, copies) {
      const { orderId } = await paid(shop, 1);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/orders/${orderId}/preparing`,
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => events(shop, orderId, "order.preparing"),
      };
    },
  },
  {
    operationId: "shipOrder",
    variant: "of three units, one at a time",
    async prepare(shop) {
      const { orderId, variantId } = await paid(shop, 3);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/orders/${orderId}/shipments`,
        body: { ...LABEL, items: [{ variantId, quantity: 1 }] },
        maxSuccesses: 3,
        codes: ["ORDER_NOT_SHIPPABLE"],
        effects: () => shippedUnits(shop, orderId),
      };
    },
  },
  {
    operationId: "shipOrders",
    async prepare(shop) {
      const [first, second] = [await paid(shop, 1), await paid(shop, 1)];
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/shipments",
        body: { shipments: [first, second].map(({ orderId }) => ({ orderId, ...LABEL })) },
        maxSuccesses: 1,
        codes: ["INVALID_REQUEST"],
        effects: async () => ((await shippedUnits(shop, first.orderId)) + (await shippedUnits(shop, second.orderId))) / 2,
      };
    },
  },
  {
    operationId: "deliverShipment",
    async prepare(shop, copies) {
      const { orderId, shipmentId } = await shipped(shop, 1);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/orders/${orderId}/shipments/${shipmentId}/delivered`,
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => events(shop, orderId, "order.delivered"),
      };
    },
  },
  {
    operationId: "requestReturn",
    variant: "of three units, one at a time",
    async prepare(shop) {
      const { user, orderId, variantId } = await shipped(shop, 3);
      return {
        as: user,
        method: "POST",
        path: `/orders/${orderId}/returns`,
        body: { items: [{ variantId, quantity: 1 }], reason: "r" },
        maxSuccesses: 3,
        codes: ["ORDER_NOT_RETURNABLE"],
        effects: () => events(shop, orderId, "return.requested"),
      };
    },
  },
  {
    operationId: "withdrawReturn",
    async prepare(shop) {
      const { user, orderId, returnId } = await returning(shop);
      return {
        as: user,
        method: "DELETE",
        path: `/orders/${orderId}/returns/${returnId}`,
        maxSuccesses: 1,
        codes: ["RETURN_NOT_FOUND"],
        effects: () => events(shop, orderId, "return.withdrawn"),
      };
    },
  },
  {
    operationId: "receiveReturn",
    async prepare(shop) {
      const { user, returnId } = await returning(shop);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/returns/${returnId}/receive`,
        body: { restock: true },
        maxSuccesses: 1,
        codes: ["ORDER_NOT_RETURNABLE"],
        effects: async () => (await shop.balanceOf(user)) / 100,
      };
    },
  },
  {
    operationId: "rejectReturn",
    async prepare(shop) {
      const { orderId, returnId } = await returning(shop);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/returns/${returnId}/reject`,
        body: { reason: "r" },
        maxSuccesses: 1,
        codes: ["ORDER_NOT_RETURNABLE"],
        effects: () => events(shop, orderId, "return.rejected"),
      };
    },
  },
];
