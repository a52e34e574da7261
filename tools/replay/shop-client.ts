import { keyIn } from "./names.ts";
import { type Body, everyPage, type Order, type OrderInList, type Product, type Transaction } from "#client";
import type { Ask } from "./ask.ts";
import { ReplayError } from "./replay-error.ts";

type NewProduct = { name: string; variants: { sku: string; name: string; price: number; stock: number }[] };
export type NewOrder = { userId: string; orderItems: { productId: string; variantId: string; quantity: number }[]; orderedAt: string };
export type Days = { from: string; to: string };

export type ShopClient = ReturnType<typeof shopClient>;

/** The calls of the shop that a replay needs, as an operator. `key` is the entity's part of the idempotency key. */
export function shopClient(ask: Ask, batch: string) {
  const keyed = (key: string) => ({ idempotencyKey: keyIn(batch, key) });

  return {
    /** Reaches nothing, changes nothing: is there a shop, and is the token an operator's? */
    async greet(): Promise<void> {
      await ask("an operator's question", (shop) => shop.listUsers({ query: { limit: 1 } }));
    },

    async *users(search: string): AsyncGenerator<Body<"listUsers">["users"][number]> {
      const page = (from: { cursor?: string }) => ask("the list of users", (shop) => shop.listUsers({ query: { q: search, limit: 100, ...from } }));
      for await (const { users } of everyPage(page)) yield* users;
    },

    /** Under no key of the batch's: no external id belongs to two users. */
    async createUsers(users: { name: string; externalId: string }[]): Promise<{ id: string }[]> {
      const { body } = await ask("new users", (shop) => shop.createUsers({ body: { users } }));
      return asMany((body as { users: { id: string }[] }).users, users, "new users");
    },

    async grant(grant: { userId: string; amount: number; reason: string }, batch: string, key: string): Promise<void> {
      await ask(key, (shop) => shop.grantBalances({ body: { grants: [grant], batch }, ...keyed(key) }));
    },

    async createProduct(product: NewProduct, key: string): Promise<Product> {
      const { body } = await ask(key, (shop) => shop.createProducts({ body: product, ...keyed(key) }));
      return body as Product;
    },

    /** Whether the order was there already, from an earlier run, is `replayed`. */
    async placeOrder(order: NewOrder, key: string): Promise<{ orderId: string; replayed: boolean }> {
      const { body, replayed } = await ask(key, (shop) => shop.placeOrder({ body: order, ...keyed(key) }));
      return { orderId: body.orderId, replayed };
    },

    async refund(orderId: string, items: { variantId: string; quantity: number }[], reason: string, key: string): Promise<void> {
      await ask(key, (shop) => shop.refundOrder({ path: { id: orderId }, body: { items, reason }, ...keyed(key) }));
    },

    /** Under a key of its own each time: the answer to an earlier run would not aggregate anything. */
    async aggregateSales(): Promise<void> {
      await ask("the aggregation of sales", (shop) => shop.runJob({ path: { name: "aggregate-sales" } }));
    },

    async *orders(days: Days): AsyncGenerator<Order> {
      const page = (from: { cursor?: string }) => ask("the list of orders", (shop) => shop.listOrders({ query: { ...days, limit: 100, ...from } }));
      // A list has the first items of an order only.
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

/** Bulk answers come in the order sent, and only their place says which is which. */
function asMany<T>(answered: T[], sent: unknown[], what: string): T[] {
  if (answered?.length !== sent.length) throw new ReplayError(`The shop answers ${answered?.length ?? 0} of ${sent.length} for ${what}.`);
  return answered;
}
