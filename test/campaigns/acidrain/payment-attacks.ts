// Attacks on charges that are announced, and on a person's word about money in doubt.

import { randomUUID } from "node:crypto";
import { keyFor } from "../../../src/gateway/simulator/script.ts";
import { type Client, good, type TestShop } from "../../support/shop.ts";
import type { Attack, Scenario } from "./attacks.ts";

type Paid = { user: Client; orderId: string; product: { id: string }; variantId: string; paymentId: string };

/** An order of two units for 200, and its payment by card with this script. */
async function payment(shop: TestShop, script: Parameters<typeof keyFor>[0], status: number): Promise<Paid> {
  const [user, product] = [await shop.user(), await shop.product({ price: 100, stock: 2 })];
  const body = { orderItems: [{ productId: product.id, quantity: 2 }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", body), 201);
  const paymentKey = keyFor({ webhook: "never", ...script }, randomUUID());
  const { paymentId } = good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), status);
  return { user, orderId, product, variantId: product.variants[0]?.id as string, paymentId };
}

/** A payment that was approved with an answer that the shop cannot read. */
const unreadable = (shop: TestShop): Promise<Paid> => payment(shop, { confirm: ["odd"], find: ["odd*"] }, 202);

async function inDoubt(shop: TestShop, orderId: string): Promise<string> {
  const { payments } = good(await shop.operator.get("/admin/payments/attention?limit=100"), 200);
  return payments.find((one: { orderId: string }) => one.orderId === orderId)?.id;
}

function resolving(shop: TestShop, id: string, outcome: string): Omit<Scenario, "effects"> {
  return {
    as: shop.operator,
    method: "POST",
    path: `/admin/payments/${id}/resolve`,
    body: { outcome, reason: "asked the gateway by telephone" },
    maxSuccesses: 1,
    codes: ["PAYMENT_NOT_FOUND"],
  };
}

/** The number of an order's events of this type. */
async function events(shop: TestShop, orderId: string, type: string): Promise<number> {
  const history = good(await shop.operator.get(`/orders/${orderId}/history`), 200).events as { type: string }[];
  return history.filter((event) => event.type === type).length;
}

export const PAYMENT_ATTACKS: Attack[] = [
  {
    operationId: "openCharge",
    async prepare(shop, copies) {
      const user = await shop.user();
      return {
        as: user,
        method: "POST",
        path: `/users/${user.id}/balance/charges`,
        body: { amount: 7 },
        maxSuccesses: copies,
        effects: async () => {
          const [row] = await shop.shop.database.rows<{ count: number }>({
            name: "acidrain: count announced charges",
            text: "SELECT count(*)::int AS count FROM charge_intents WHERE user_id = $1 AND amount = 7",
            values: [user.id],
          });
          return (row?.count ?? 0) + (await shop.balanceOf(user));
        },
      };
    },
  },
  {
    operationId: "resolvePayment",
    variant: "that was PAID",
    async prepare(shop) {
      const { orderId } = await unreadable(shop);
      return {
        ...resolving(shop, await inDoubt(shop, orderId), "PAID"),
        effects: () => events(shop, orderId, "order.completed"),
      };
    },
  },
  {
    operationId: "resolvePayment",
    variant: "that was NOT_PAID",
    async prepare(shop) {
      const { orderId, product } = await unreadable(shop);
      return {
        ...resolving(shop, await inDoubt(shop, orderId), "NOT_PAID"),
        effects: async () => (await shop.stockOf(product)) / 2,
      };
    },
  },
  {
    operationId: "resolvePayment",
    variant: "of a refused refund that was RETURNED",
    async prepare(shop) {
      const { orderId, variantId } = await payment(shop, { cancel: ["decline*"] }, 201);
      await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "r" });
      return {
        ...resolving(shop, await inDoubt(shop, orderId), "RETURNED"),
        effects: async () => good(await shop.operator.get(`/orders/${orderId}`), 200).refundedAmount / 100,
      };
    },
  },
];
