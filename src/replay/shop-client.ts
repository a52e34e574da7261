import type { Caller } from "./http-caller.ts";
import { ReplayError } from "./replay-error.ts";

type NewProduct = { name: string; variants: { sku: string; name: string; price: number; stock: number }[] };
type ShopProduct = { id: string; variants: { id: string; sku: string }[] };
type ShopOrder = {
  orderId: string;
  status: string;
  orderItems: { productId: string; quantity: number; refundedQuantity: number }[];
  totalAmount: number;
  refundedAmount: number;
};
type Transaction = { type: string; status: string; orderId?: string | null };
export type NewOrder = { userId: string; orderItems: { productId: string; variantId: string; quantity: number }[]; orderedAt: string };
export type Days = { from: string; to: string };

type Page = { nextCursor: string | null };

export type ShopClient = ReturnType<typeof shopClient>;

/** The calls of the shop that a replay needs, as an operator. `key` is the entity's part of the idempotency key. */
export function shopClient(call: Caller, keyPrefix: string) {
  const keyed = (key: string) => `${keyPrefix}:${encodeURIComponent(key)}`;

  async function* pages<T extends Page>(path: string, what: string): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: T = (await call<T>({ method: "GET", path: `${path}limit=100${after}`, what })).body;
      yield page;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  return {
    /** Reaches nothing, changes nothing: is there a shop, and is the token an operator's? */
    async greet(): Promise<void> {
      await call({ method: "GET", path: "/admin/users?limit=1", what: "an operator's question" });
    },

    async createUsers(users: { name: string; externalId: string }[], key: string): Promise<{ id: string }[]> {
      const { body } = await call<{ users: { id: string }[] }>({
        method: "POST",
        path: "/admin/users",
        body: { users },
        idempotencyKey: keyed(key),
        what: key,
      });
      return asMany(body.users, users, key);
    },

    async grant(grants: { userId: string; amount: number; reason: string }[], key: string): Promise<void> {
      await call({ method: "POST", path: "/admin/balances/grant", body: { grants }, idempotencyKey: keyed(key), what: key });
    },

    async createProducts(products: NewProduct[], key: string): Promise<ShopProduct[]> {
      const { body } = await call<{ products: ShopProduct[] }>({
        method: "POST",
        path: "/admin/products",
        body: { products },
        idempotencyKey: keyed(key),
        what: key,
      });
      return asMany(body.products, products, key);
    },

    /** Whether the order was there already, from an earlier run, is `replayed`. */
    async placeOrder(order: NewOrder, key: string): Promise<{ orderId: string; replayed: boolean }> {
      const { body, replayed } = await call<{ orderId: string }>({
        method: "POST",
        path: "/orders",
        body: order,
        idempotencyKey: keyed(key),
        what: key,
      });
      return { orderId: body.orderId, replayed };
    },

    async refund(orderId: string, items: { variantId: string; quantity: number }[], reason: string, key: string): Promise<void> {
      await call({ method: "POST", path: `/admin/orders/${orderId}/refunds`, body: { items, reason }, idempotencyKey: keyed(key), what: key });
    },

    /** Has no key: the answer to an earlier run would not aggregate anything. */
    async aggregateSales(): Promise<void> {
      await call({ method: "POST", path: "/admin/jobs/aggregate-sales/run", what: "the aggregation of sales" });
    },

    async *orders({ from, to }: Days): AsyncGenerator<ShopOrder> {
      for await (const page of pages<Page & { orders: ShopOrder[] }>(`/admin/orders?from=${from}&to=${to}&`, "the list of orders"))
        yield* page.orders;
    },

    async *transactions(userId: string): AsyncGenerator<Transaction> {
      const path = `/users/${userId}/balance/transactions?`;
      for await (const page of pages<Page & { transactions: Transaction[] }>(path, "a list of transactions")) yield* page.transactions;
    },

    async sales({ from, to }: Days): Promise<{ productId: string; units: number; revenue: number }[]> {
      const path = `/admin/sales?from=${from}&to=${to}&limit=10000`;
      return (await call<{ sales: { productId: string; units: number; revenue: number }[] }>({ method: "GET", path, what: "the sales" })).body.sales;
    },
  };
}

/** Bulk answers come in the order sent, and only their place says which is which. */
function asMany<T>(answered: T[], sent: unknown[], what: string): T[] {
  if (answered?.length !== sent.length) throw new ReplayError(`The shop answers ${answered?.length ?? 0} of ${sent.length} for ${what}.`);
  return answered;
}
