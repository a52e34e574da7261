// One or more attacks for each operation that changes data: a request to send in concurrent copies, the number of copies that may succeed
// if each has its own key, and the number of effects afterwards.

import type { Client, TestShop } from "../../support/shop.ts";
import { good } from "../../support/shop.ts";

export type Attack = {
  operationId: string;
  /** Distinguishes several attacks on one operation. */
  variant?: string;
  prepare(shop: TestShop, copies: number): Promise<Scenario>;
};

export type Scenario = {
  as: Client;
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  /** Limits the copies if they run one after the other. */
  copies?: number;
  /** Number of copies with different keys that succeed. */
  maxSuccesses: number;
  /** Codes of the refusals of all other copies. */
  codes?: string[];
  /** Number of effects so far. */
  effects(): Promise<number>;
  /** Expected number of effects after this number of successes; by default the same. */
  expectedEffects?: (successes: number) => number;
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
const TOO_LATE = ["ORDER_NOT_CANCELLABLE", "ORDER_NOT_REFUNDABLE", "ORDER_NOT_PAYABLE", "PAYMENT_IN_PROGRESS"];

/** Number of items in a list of the API that match. */
async function count(shop: TestShop, path: string, list: string, is: (one: Record<string, unknown>) => boolean): Promise<number> {
  return (good(await shop.operator.get(path), 200)[list] as Record<string, unknown>[]).filter(is).length;
}

let numbered = 0;
const name = (): string => `acidrain-${(numbered += 1)}`;

export const ATTACKS: Attack[] = [
  {
    operationId: "chargeBalance",
    async prepare(shop, copies) {
      const user = await shop.user();
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/balance/charge`,
        body: { amount: 7 },
        maxSuccesses: copies,
        effects: async () => (await balance(shop, user)) / 7,
      };
    },
  },
  {
    operationId: "chargeBalance",
    variant: "of one version",
    async prepare(shop) {
      const user = await shop.user({ balance: 7 });
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/balance/charge`,
        body: { amount: 7, version: 1 },
        maxSuccesses: 1,
        codes: ["BALANCE_CONFLICT"],
        effects: async () => (await balance(shop, user)) / 7 - 1,
      };
    },
  },
  {
    operationId: "createUsers",
    async prepare(shop) {
      const externalId = name();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/users",
        body: { name: "n", externalId },
        maxSuccesses: 1,
        codes: ["INVALID_REQUEST"],
        effects: () => count(shop, "/admin/users?limit=100", "users", (user) => user["externalId"] === externalId),
      };
    },
  },
  {
    operationId: "editUser",
    async prepare(shop, copies) {
      const user = await shop.user();
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/users/${user.id}`,
        body: { name: "새 이름" },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => Number(good(await shop.operator.get(`/admin/users/${user.id}`), 200).name === "새 이름"),
      };
    },
  },
  {
    operationId: "eraseUser",
    async prepare(shop, copies) {
      const user = await shop.user();
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/users/${user.id}/erase`,
        body: { reason: "r" },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => Number(good(await shop.operator.get(`/admin/users/${user.id}`), 200).erasedAt !== undefined),
      };
    },
  },
  {
    operationId: "grantBalances",
    async prepare(shop, copies) {
      const user = await shop.user();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/balances/grant",
        body: { grants: [1, 2].map((amount) => ({ userId: user.id, amount, reason: "r" })) },
        maxSuccesses: copies,
        effects: async () => (await balance(shop, user)) / 3,
      };
    },
  },
  {
    operationId: "revokeBalances",
    async prepare(shop, copies) {
      const user = await shop.user({ balance: 1000 });
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/balances/revoke",
        body: { revocations: [1, 2].map((amount) => ({ userId: user.id, amount, reason: "r" })) },
        maxSuccesses: copies,
        effects: async () => (1000 - (await balance(shop, user))) / 3,
      };
    },
  },
  {
    operationId: "createProducts",
    async prepare(shop, copies) {
      const product = name();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/products",
        body: { name: product, price: 1, stock: 1 },
        maxSuccesses: copies,
        effects: () => count(shop, `/products?limit=100&q=${encodeURIComponent(product)}`, "products", (one) => one["name"] === product),
      };
    },
  },
  {
    operationId: "editProduct",
    async prepare(shop, copies) {
      const product = await shop.product({ price: 5 });
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/products/${product.id}`,
        body: { price: 6 },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => good(await shop.anyone("GET", `/products/${product.id}`), 200).price - 5,
      };
    },
  },
  {
    operationId: "adjustStock",
    async prepare(shop) {
      const product = await shop.product({ stock: 10 });
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/variants/${product.variants[0]?.id}/stock`,
        body: { delta: -3, reason: "r" },
        maxSuccesses: 3,
        codes: ["STOCK_INSUFFICIENT"],
        effects: async () => (10 - (await shop.stockOf(product))) / 3,
      };
    },
  },
  {
    operationId: "issueCoupon",
    async prepare(shop) {
      const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 5 })];
      return {
        as: user,
        method: "POST",
        path: `/coupons/${campaign.id}/issue`,
        maxSuccesses: 1,
        codes: ["COUPON_ALREADY_ISSUED"],
        effects: async () => 5 - good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity,
      };
    },
  },
  {
    operationId: "createCoupon",
    async prepare(shop, copies) {
      const campaign = name();
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/coupons",
        body: { name: campaign, discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 },
        maxSuccesses: copies,
        effects: () => count(shop, "/coupons?limit=100", "coupons", (one) => one["name"] === campaign),
      };
    },
  },
  {
    operationId: "editCoupon",
    async prepare(shop, copies) {
      const campaign = await shop.campaign({ totalQuantity: 5 });
      return {
        as: shop.operator,
        method: "PATCH",
        path: `/admin/coupons/${campaign.id}`,
        body: { totalQuantity: 6 },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).totalQuantity - 5,
      };
    },
  },
  {
    operationId: "closeCoupon",
    async prepare(shop, copies) {
      const campaign = await shop.campaign();
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/coupons/${campaign.id}/close`,
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).version - 1,
      };
    },
  },
  {
    operationId: "issueCoupons",
    async prepare(shop, copies) {
      const [campaign, users] = [await shop.campaign({ visibility: "PRIVATE" }), await shop.users(2)];
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/coupons/${campaign.id}/issue`,
        body: { userIds: users.map(({ id }) => id) },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => (10 - good(await shop.operator.get(`/coupons/${campaign.id}`), 200).remainingQuantity) / 2,
      };
    },
  },
  {
    operationId: "voidCoupons",
    async prepare(shop, copies) {
      const [campaign, user] = [await shop.campaign(), await shop.user()];
      good(await user.post(`/coupons/${campaign.id}/issue`), 201);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/coupons/${campaign.id}/void`,
        body: { reason: "r" },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => count(shop, `/users/${user.id}/coupons?status=VOID`, "userCoupons", () => true),
      };
    },
  },
  {
    operationId: "addToCart",
    async prepare(shop) {
      const [user, product] = [await shop.user(), await shop.product()];
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/cart/items`,
        body: { productId: product.id, quantity: 2 },
        maxSuccesses: 1,
        codes: ["CART_ITEM_DUPLICATE"],
        effects: () => count(shop, `/users/${user.id}/cart`, "cartItems", () => true),
      };
    },
  },
  {
    operationId: "setCartQuantity",
    async prepare(shop, copies) {
      const [user, product] = [await shop.user(), await shop.product()];
      const { id } = good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 2 }), 201);
      return {
        as: user,
        method: "PATCH",
        path: `/users/${user.id}/cart/items/${id}`,
        body: { quantity: 3 },
        maxSuccesses: copies,
        expectedEffects: once,
        effects: () => count(shop, `/users/${user.id}/cart`, "cartItems", ({ quantity }) => quantity === 3),
      };
    },
  },
  {
    operationId: "removeFromCart",
    async prepare(shop) {
      const [user, product] = [await shop.user(), await shop.product()];
      const { id } = good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 2 }), 201);
      return {
        as: user,
        method: "DELETE",
        path: `/users/${user.id}/cart/items/${id}`,
        maxSuccesses: 1,
        codes: ["CART_ITEM_NOT_FOUND"],
        effects: async () => 1 - (await count(shop, `/users/${user.id}/cart`, "cartItems", () => true)),
      };
    },
  },
  {
    operationId: "emptyCart",
    async prepare(shop, copies) {
      const [user, product] = [await shop.user(), await shop.product()];
      good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 2 }), 201);
      return {
        as: user,
        method: "DELETE",
        path: `/users/${user.id}/cart`,
        maxSuccesses: copies,
        expectedEffects: once,
        effects: async () => 1 - (await count(shop, `/users/${user.id}/cart`, "cartItems", () => true)),
      };
    },
  },
  {
    operationId: "placeOrder",
    variant: "with money for four",
    async prepare(shop) {
      const [user, product] = [await shop.user({ balance: 450 }), await shop.product({ price: 100, stock: 50 })];
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { orderItems: [{ productId: product.id, quantity: 1 }] },
        maxSuccesses: 4,
        codes: ["BALANCE_INSUFFICIENT"],
        effects: async () => (50 - (await shop.stockOf(product)) + (450 - (await balance(shop, user))) / 100) / 2,
      };
    },
  },
  {
    operationId: "placeOrder",
    variant: "with stock for four",
    async prepare(shop) {
      const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 100, stock: 9 })];
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { orderItems: [1, 1].map((quantity) => ({ productId: product.id, quantity })) },
        maxSuccesses: 4,
        codes: ["STOCK_INSUFFICIENT"],
        effects: async () => (10_000 - (await balance(shop, user))) / 200,
      };
    },
  },
  {
    operationId: "placeOrder",
    variant: "of a whole cart",
    async prepare(shop) {
      const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 100 })];
      good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { fromCart: true },
        maxSuccesses: 1,
        codes: ["INVALID_REQUEST"],
        effects: async () => (10_000 - (await balance(shop, user))) / 100,
      };
    },
  },
  {
    operationId: "placeOrder",
    variant: "with one coupon",
    async prepare(shop) {
      const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 150 })];
      return {
        as: user,
        method: "POST",
        path: "/orders",
        body: { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId: await shop.coupon(user) },
        maxSuccesses: 1,
        codes: ["COUPON_UNUSABLE"],
        effects: async () => (10_000 - (await balance(shop, user))) / 50,
      };
    },
  },
  {
    operationId: "cancelOrder",
    variant: "that is paid",
    async prepare(shop) {
      const user = await shop.user({ balance: 100 });
      const { orderId } = await order(shop, user);
      return {
        as: user,
        method: "POST",
        path: `/orders/${orderId}/cancel`,
        maxSuccesses: 1,
        codes: TOO_LATE,
        effects: async () => (await balance(shop, user)) / 100,
      };
    },
  },
  {
    operationId: "cancelOrder",
    variant: "that is paid by card",
    async prepare(shop) {
      const user = await shop.user();
      const { orderId, productId } = await order(shop, user, DEFERRED);
      good(await user.post("/payments", { orderId, method: "CARD", paymentKey: name() }), 201);
      return {
        as: user,
        method: "POST",
        path: `/orders/${orderId}/cancel`,
        maxSuccesses: 1,
        codes: TOO_LATE,
        effects: () => shop.stockOf({ id: productId }),
      };
    },
  },
  {
    operationId: "refundOrder",
    async prepare(shop) {
      const user = await shop.user({ balance: 300 });
      const { orderId, variantId } = await order(shop, user, {}, 3);
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/orders/${orderId}/refunds`,
        body: { items: [{ variantId, quantity: 1 }], reason: "r" },
        maxSuccesses: 3,
        codes: TOO_LATE,
        effects: async () => (await balance(shop, user)) / 100,
      };
    },
  },
  {
    operationId: "payOrder",
    variant: "from the balance",
    async prepare(shop) {
      const user = await shop.user({ balance: 1000 });
      const { orderId } = await order(shop, user, DEFERRED);
      return {
        as: user,
        method: "POST",
        path: "/payments",
        body: { orderId, method: "BALANCE" },
        maxSuccesses: 1,
        codes: TOO_LATE,
        effects: async () => (1000 - (await balance(shop, user))) / 100,
      };
    },
  },
  {
    operationId: "payOrder",
    variant: "by card",
    async prepare(shop) {
      const user = await shop.user();
      const { orderId } = await order(shop, user, DEFERRED);
      return {
        as: user,
        method: "POST",
        path: "/payments",
        body: { orderId, method: "CARD", paymentKey: name() },
        maxSuccesses: 1,
        codes: TOO_LATE,
        effects: async () => Number(good(await user.get(`/orders/${orderId}`), 200).status === "COMPLETED"),
      };
    },
  },
  {
    operationId: "replayEvent",
    async prepare(shop, copies) {
      const user = await shop.user({ balance: 100 });
      const { orderId } = await order(shop, user);
      await shop.operator.post("/admin/jobs/relay-events/run");
      const ofOrder = async (): Promise<{ id: string }[]> => {
        const found: { id: string }[] = [];
        // The events of the other attacks fill several pages.
        for (let cursor: string | null = ""; cursor !== null;) {
          const { events, nextCursor } = good(await shop.operator.get(`/admin/events?limit=100${cursor && `&cursor=${cursor}`}`), 200);
          found.push(...(events as { id: string; orderId: string }[]).filter((one) => one.orderId === orderId));
          cursor = nextCursor as string | null;
        }
        return found;
      };
      const [event] = await ofOrder();
      // A replayed event is still one event.
      const effects = async (): Promise<number> => (await ofOrder()).length;
      return {
        as: shop.operator,
        method: "POST",
        path: `/admin/events/${event?.id}/replay`,
        maxSuccesses: copies,
        expectedEffects: () => 1,
        effects,
      };
    },
  },
  {
    operationId: "replayEvents",
    async prepare(shop, copies) {
      const events = async (): Promise<number> => good(await shop.operator.get("/admin/events?status=DEAD&limit=100"), 200).events.length;
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/events/replay",
        body: { status: "DEAD" },
        maxSuccesses: copies,
        // No event is dead, so that none is sent again.
        expectedEffects: () => 0,
        effects: events,
      };
    },
  },
  {
    operationId: "runJob",
    async prepare(shop) {
      const user = await shop.user({ balance: 100 });
      const { productId } = await order(shop, user);
      const effects = async (): Promise<number> => {
        const { sales } = good(await shop.operator.get("/admin/sales?limit=10000"), 200) as { sales: { productId: string; units: number }[] };
        return sales.find((one) => one.productId === productId)?.units ?? 0;
      };
      return {
        as: shop.operator,
        method: "POST",
        path: "/admin/jobs/aggregate-sales/run",
        copies: 3,
        maxSuccesses: 3,
        expectedEffects: once,
        effects,
      };
    },
  },
];
