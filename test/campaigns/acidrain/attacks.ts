// One attack for each thing that can be changed over HTTP: the request that is sent in many copies at once, how many of them may have their
// way where each has a key of its own, and how often it is then found to have happened.

import type { Client, TestShop } from "../../support/shop.ts";
import { good } from "../../support/shop.ts";

export type Attack = {
  operationId: string;
  /** What of it, where the same operation is attacked in several ways. */
  way?: string;
  /** Sets the scene. */
  open(shop: TestShop, copies: number): Promise<Scene>;
};

export type Scene = {
  as: Client;
  method: "POST" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  /** No more copies than this, where each waits for the one before it. */
  copies?: number;
  /** How many copies with different keys have their way. */
  most: number;
  /** What the others are told. */
  codes?: string[];
  /** How often it has happened by now. */
  happened(): Promise<number>;
  /** How often it must have happened after so many copies had their way; as often, unless given. */
  times?: (successes: number) => number;
};

const once = (successes: number): number => Math.min(successes, 1);

async function balance(shop: TestShop, user: Client): Promise<number> {
  return shop.balanceOf(user);
}

async function order(
  shop: TestShop,
  user: Client,
  fields: Record<string, unknown> = {},
  quantity = 1,
): Promise<{ orderId: string; variantId: string; productId: string }> {
  const product = await shop.product({ price: 100, stock: quantity });
  const body = { orderItems: [{ productId: product.id, quantity }], ...fields };
  const { orderId } = good(await user.post("/orders", body), 201);
  return { orderId, productId: product.id, variantId: product.variants[0]?.id as string };
}

const DEFERRED = { payment: { method: "DEFERRED" } };
const PAST = ["ORDER_NOT_CANCELLABLE", "ORDER_NOT_REFUNDABLE", "ORDER_NOT_PAYABLE", "PAYMENT_IN_PROGRESS"];

/** How often something of this kind stands in a list of the API. */
async function count(shop: TestShop, path: string, list: string, is: (one: Record<string, unknown>) => boolean): Promise<number> {
  return (good(await shop.operator.get(path), 200)[list] as Record<string, unknown>[]).filter(is).length;
}

let numbered = 0;
const name = (): string => `acid-rain-${(numbered += 1)}`;

export const ATTACKS: Attack[] = [
  {
    operationId: "chargeBalance",
    async open(shop, copies) {
      const user = await shop.user();
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/balance/charge`,
        body: { amount: 7 },
        most: copies,
        happened: async () => (await balance(shop, user)) / 7,
      };
    },
  },
  {
    operationId: "chargeBalance",
    way: "of one version",
    async open(shop) {
      const user = await shop.user({ balance: 7 });
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/balance/charge`,
        body: { amount: 7, version: 1 },
        most: 1,
        codes: ["BALANCE_CONFLICT"],
        happened: async () => (await balance(shop, user)) / 7 - 1,
      };
    },
  },
  {
    operationId: "createUsers",
    async open(shop) {
      const externalId = name();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/users",
        body: { name: "n", externalId },
        most: 1,
        codes: ["INVALID_REQUEST"],
        happened: () => count(shop, "/admin/users?limit=100", "users", (user) => user["externalId"] === externalId),
      };
    },
  },
  {
    operationId: "grantBalances",
    async open(shop, copies) {
      const user = await shop.user();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/balances/grant",
        body: { grants: [1, 2].map((amount) => ({ userId: user.id, amount, reason: "r" })) },
        most: copies,
        happened: async () => (await balance(shop, user)) / 3,
      };
    },
  },
  {
    operationId: "createProducts",
    async open(shop, copies) {
      const product = name();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/products",
        body: { name: product, price: 1, stock: 1 },
        most: copies,
        happened: () => count(shop, `/products?limit=100&q=${encodeURIComponent(product)}`, "products", (one) => one["name"] === product),
      };
    },
  },
  {
    operationId: "editProduct",
    async open(shop, copies) {
      const product = await shop.product({ price: 5 });
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/products/${product.id}`,
        body: { price: 6 },
        most: copies,
        times: once,
        happened: async () => good(await shop.anyone("GET", `/products/${product.id}`), 200).price - 5,
      };
    },
  },
  {
    operationId: "adjustStock",
    async open(shop) {
      const product = await shop.product({ stock: 10 });
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/variants/${product.variants[0]?.id}/stock`,
        body: { delta: -3, reason: "r" },
        most: 3,
        codes: ["STOCK_INSUFFICIENT"],
        happened: async () => (10 - (await shop.stockOf(product))) / 3,
      };
    },
  },
  {
    operationId: "issueCoupon",
    async open(shop) {
      const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 5 })];
      return {
        as: user,
        method: "POST",
        path: `/coupons/${campaign.id}/issue`,
        most: 1,
        codes: ["COUPON_ALREADY_ISSUED"],
        happened: async () => 5 - good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity,
      };
    },
  },
  {
    operationId: "createCoupon",
    async open(shop, copies) {
      const campaign = name();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/coupons",
        body: { name: campaign, discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 },
        most: copies,
        happened: () => count(shop, "/coupons?limit=100", "coupons", (one) => one["name"] === campaign),
      };
    },
  },
  {
    operationId: "editCoupon",
    async open(shop, copies) {
      const campaign = await shop.campaign({ totalQuantity: 5 });
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/coupons/${campaign.id}`,
        body: { totalQuantity: 6 },
        most: copies,
        times: once,
        happened: async () => good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).totalQuantity - 5,
      };
    },
  },
  {
    operationId: "closeCoupon",
    async open(shop, copies) {
      const campaign = await shop.campaign();
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/coupons/${campaign.id}/close`,
        most: copies,
        times: once,
        happened: async () => good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).version - 1,
      };
    },
  },
  {
    operationId: "addToCart",
    async open(shop) {
      const [user, product] = [await shop.user(), await shop.product()];
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/cart/items`,
        body: { productId: product.id, quantity: 2 },
        most: 1,
        codes: ["CART_ITEM_DUPLICATE"],
        happened: () => count(shop, `/users/${user.id}/cart`, "cartItems", () => true),
      };
    },
  },
  {
    operationId: "setCartQuantity",
    async open(shop, copies) {
      const [user, product] = [await shop.user(), await shop.product()];
      const { id } = good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 2 }), 201);
      return {
        as: user,
        method: "PATCH",
        path: `/users/${user.id}/cart/items/${id}`,
        body: { quantity: 3 },
        most: copies,
        times: once,
        happened: () => count(shop, `/users/${user.id}/cart`, "cartItems", ({ quantity }) => quantity === 3),
      };
    },
  },
  {
    operationId: "removeFromCart",
    async open(shop) {
      const [user, product] = [await shop.user(), await shop.product()];
      const { id } = good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 2 }), 201);
      return {
        as: user,
        method: "DELETE",
        path: `/users/${user.id}/cart/items/${id}`,
        most: 1,
        codes: ["CART_ITEM_NOT_FOUND"],
        happened: async () => 1 - (await count(shop, `/users/${user.id}/cart`, "cartItems", () => true)),
      };
    },
  },
  {
    operationId: "placeOrder",
    way: "with money for four",
    async open(shop) {
      const [user, product] = [await shop.user({ balance: 450 }), await shop.product({ price: 100, stock: 50 })];
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { orderItems: [{ productId: product.id, quantity: 1 }] },
        most: 4,
        codes: ["BALANCE_INSUFFICIENT"],
        happened: async () => (50 - (await shop.stockOf(product)) + (450 - (await balance(shop, user))) / 100) / 2,
      };
    },
  },
  {
    operationId: "placeOrder",
    way: "with stock for four",
    async open(shop) {
      const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 100, stock: 9 })];
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { orderItems: [1, 1].map((quantity) => ({ productId: product.id, quantity })) },
        most: 4,
        codes: ["STOCK_INSUFFICIENT"],
        happened: async () => (10_000 - (await balance(shop, user))) / 200,
      };
    },
  },
  {
    operationId: "placeOrder",
    way: "of a whole cart",
    async open(shop) {
      const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 100 })];
      good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { fromCart: true },
        most: 1,
        codes: ["INVALID_REQUEST"],
        happened: async () => (10_000 - (await balance(shop, user))) / 100,
      };
    },
  },
  {
    operationId: "placeOrder",
    way: "with one coupon",
    async open(shop) {
      const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 150 })];
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId: await shop.coupon(user) },
        most: 1,
        codes: ["COUPON_UNUSABLE"],
        happened: async () => (10_000 - (await balance(shop, user))) / 50,
      };
    },
  },
  {
    operationId: "cancelOrder",
    way: "that is paid",
    async open(shop) {
      const user = await shop.user({ balance: 100 });
      const { orderId } = await order(shop, user);
      return {
        as: user,
        method: "POST",
        path: `/orders/${orderId}/cancel`,
        most: 1,
        codes: PAST,
        happened: async () => (await balance(shop, user)) / 100,
      };
    },
  },
  {
    operationId: "cancelOrder",
    way: "that is paid by card",
    async open(shop) {
      const user = await shop.user();
      const { orderId, productId } = await order(shop, user, DEFERRED);
      good(await user.post("/payments", { orderId, method: "CARD", paymentKey: name() }), 201);
      return { as: user, method: "POST", path: `/orders/${orderId}/cancel`, most: 1, codes: PAST, happened: () => shop.stockOf({ id: productId }) };
    },
  },
  {
    operationId: "refundOrder",
    async open(shop) {
      const user = await shop.user({ balance: 300 });
      const { orderId, variantId } = await order(shop, user, {}, 3);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/orders/${orderId}/refunds`,
        body: { items: [{ variantId, quantity: 1 }], reason: "r" },
        most: 3,
        codes: PAST,
        happened: async () => (await balance(shop, user)) / 100,
      };
    },
  },
  {
    operationId: "payOrder",
    way: "from the balance",
    async open(shop) {
      const user = await shop.user({ balance: 1000 });
      const { orderId } = await order(shop, user, DEFERRED);
      return {
        as: user,
        method: "POST",
        path: "/payments",
        body: { orderId, method: "BALANCE" },
        most: 1,
        codes: PAST,
        happened: async () => (1000 - (await balance(shop, user))) / 100,
      };
    },
  },
  {
    operationId: "payOrder",
    way: "by card",
    async open(shop) {
      const user = await shop.user();
      const { orderId } = await order(shop, user, DEFERRED);
      return {
        as: user,
        method: "POST",
        path: "/payments",
        body: { orderId, method: "CARD", paymentKey: name() },
        most: 1,
        codes: PAST,
        happened: async () => Number(good(await user.get(`/orders/${orderId}`), 200).status === "COMPLETED"),
      };
    },
  },
  {
    operationId: "replayEvent",
    async open(shop, copies) {
      const user = await shop.user({ balance: 100 });
      const { orderId } = await order(shop, user);
      await shop.operator.post("/admin/jobs/relay-events/run");
      const events = (): Promise<{ id: string; orderId: string }[]> =>
        shop.operator.get("/admin/events?limit=100").then((answer) => good(answer, 200).events);
      const event = (await events()).find((one) => one.orderId === orderId);
      // However often it is asked for, it is one event.
      const happened = async (): Promise<number> => (await events()).filter((one) => one.orderId === orderId).length;
      return { as: shop.operator, method: "POST", path: `/admin/events/${event?.id}/replay`, most: copies, times: () => 1, happened };
    },
  },
  {
    operationId: "runJob",
    async open(shop) {
      const user = await shop.user({ balance: 100 });
      const { productId } = await order(shop, user);
      const happened = async (): Promise<number> => {
        const { sales } = good(await shop.operator.get("/admin/sales?limit=10000"), 200) as { sales: { productId: string; units: number }[] };
        return sales.find((one) => one.productId === productId)?.units ?? 0;
      };
      return { as: shop.operator, method: "POST", path: "/admin/jobs/aggregate-sales/run", copies: 3, most: 3, times: once, happened };
    },
  },
];
