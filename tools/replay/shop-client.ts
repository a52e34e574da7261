import { keyIn } from "./names.ts";
import { type Body, everyPage, type Order, type OrderInList, type Product, type Transaction } from "#client";
import type { Ask } from "./ask.ts";
import { ReplayError } from "./replay-error.ts";

type NewProduct = { name: string; variants: { sku: string; name: string; price: number; stock: number }[] };
export type NewOrder = { userId: string; orderItems: { productId: string; variantId: string; quantity: number }[]; orderedAt: string };
export type Days = { from: string; to: string };

export type ShopClient = ReturnType<typeof shopClient>;

/** The requests of a replay, as an operator. `key` is part of the idempotency key. */
export function shopClient(ask: Ask, batch: string) {
  const keyed = (key: string) => ({ idempotencyKey: keyIn(batch, key) });

  return {
    /** Checks that the shop responds and that the token is an operator's. Changes nothing. */
    async checkAccess(): Promise<void> {
      await ask("an operator's request", (shop) => shop.listUsers({ query: { limit: 1 } }));
    },

    async *users(search: string): AsyncGenerator<Body<"listUsers">["users"][number]> {
      const page = (from: { cursor?: string }) => ask("the list of users", (shop) => shop.listUsers({ query: { q: search, limit: 100, ...from } }));
      for await (const { users } of everyPage(page)) yield* users;
    },

    /** Needs no idempotency key, because external ids are unique. */
    async createUsers(users: { name: string; externalId: string }[]): Promise<{ id: string }[]> {
      const { body } = await ask("new users", (shop) => shop.createUsers({ body: { users } }));
      return sameLength((body as { users: { id: string }[] }).users, users, "new users");
    },

    async grant(grant: { userId: string; amount: number; reason: string }, batch: string, key: string): Promise<void> {
      await ask(key, (shop) => shop.grantBalances({ body: { grants: [grant], batch }, ...keyed(key) }));
    },

    async createProduct(product: NewProduct, key: string): Promise<Product> {
      const { body } = await ask(key, (shop) => shop.createProducts({ body: product, ...keyed(key) }));
      return body as Product;
    },

    /** `replayed`: an earlier run had placed the order. */
    async placeOrder(order: NewOrder, key: string): Promise<{ orderId: string; replayed: boolean }> {
      const { body, replayed } = await ask(key, (shop) => shop.placeOrder({ body: order, ...keyed(key) }));
      return { orderId: body.orderId, replayed };
    },

    async refund(orderId: string, items: { variantId: string; quantity: number }[], reason: string, key: string): Promise<void> {
      await ask(key, (shop) => shop.refundOrder({ path: { id: orderId }, body: { items, reason }, ...keyed(key) }));
    },

    /** Without the batch's idempotency key, because a stored response would not aggregate anything. */
    async aggregateSales(): Promise<void> {
      await ask("the aggregation of sales", (shop) => shop.runJob({ path: { name: "aggregate-sales" } }));
    },

    async *orders(days: Days): AsyncGenerator<Order> {
      const page = (from: { cursor?: string }) => ask("the list of orders", (shop) => shop.listOrders({ query: { ...days, limit: 100, ...from } }));
      // Lists contain only the first items of an order.
      const whole = async (order: OrderInList): Promise<Order> =>
        order.itemCount === order.orderItems.length
          ? order
          : (await ask(`order ${order.orderId}`, (shop) => shop.getOrder({ path: { orderId: order.orderId } }))).body;
      for await (const { orders } of everyPage(page)) yield* await Promise.all(orders.map(whole));
    },

    async *transactions(userId: string): AsyncGenerator<Transaction> {
      const page = (from: { cursor?: string }) =>
        ask("a list of transactions", (shop) => shop.listTransactions({ path: { userId }, query: { limit: 100, ...from } }));
      for await (const { transactions } of everyPage(page)) yield* transactions;
    },

    async sales(days: Days): Promise<Body<"listSales">["sales"]> {
      return (await ask("the sales", (shop) => shop.listSales({ query: { ...days, limit: 10_000 } }))).body.sales;
    },
  };
}

/** Bulk responses are in the order of the request, so that results are matched by their place. */
function sameLength<T>(received: T[], sent: unknown[], what: string): T[] {
  if (received?.length !== sent.length) throw new ReplayError(`The shop returned ${received?.length ?? 0} results for ${sent.length} ${what}.`);
  return received;
}
