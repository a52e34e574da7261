import { concurrently } from "./concurrently.ts";
import type { PlannedOrder } from "./plan-orders.ts";
import type { Plan } from "./plan.ts";
import type { PlannedRefund } from "./plan-refunds.ts";
import type { Progress } from "./progress.ts";
import { ReplayError } from "./replay-error.ts";
import type { NewOrder, ShopClient } from "./shop-client.ts";

/** What the shop calls the things that the file names: users by customer, products by stock code, variants by sku, orders by invoice. */
export type Ids = Record<"users" | "products" | "variants" | "orders", Map<string, string>>;

export type Ways = { shop: ShopClient; concurrency: number; progress: Progress };

// All of these stay under the shop's 1 MiB for a body, whatever the file. They are part of the idempotency keys' meaning: a rerun must cut alike.
const usersPerCall = 5_000;
const grantsPerCall = 5_000;
const productsPerCall = 500;

/**
 * A customer of two files is two users, for the external id is one's own in the shop. Users come first: the shop forgets keys after a day, and
 * would then refuse these ids before anything is there twice.
 */
export async function bringUsers({ shop }: Ways, plan: Plan): Promise<Ids["users"]> {
  const users = new Map<string, string>();
  for (const [part, planned] of chunks(plan.customers, usersPerCall)) {
    const named = planned.map(({ customer }) => ({ name: `Customer ${customer}`, externalId: `${customer}@${plan.digest.slice(0, 8)}` }));
    const made = await shop.createUsers(named, `users ${part}`);
    for (const [index, { id }] of made.entries()) users.set(planned[index]!.customer, id);
  }
  return users;
}

/** Every product with exactly the stock that the file sells. */
export async function bringProducts({ shop }: Ways, plan: Plan): Promise<Pick<Ids, "products" | "variants">> {
  const ids = { products: new Map<string, string>(), variants: new Map<string, string>() };
  for (const [part, planned] of chunks(plan.products, productsPerCall)) {
    const made = await shop.createProducts(
      planned.map(({ name, variants }) => ({ name, variants })),
      `products ${part}`,
    );
    for (const [index, product] of made.entries()) {
      ids.products.set(planned[index]!.stockCode, product.id);
      for (const { sku, id } of product.variants) if (sku !== null) ids.variants.set(sku, id);
    }
  }
  return ids;
}

/** Each user gets what all their orders together come to. */
export async function grantBalances({ shop }: Ways, plan: Plan, users: Ids["users"]): Promise<void> {
  for (const [part, planned] of chunks(plan.customers, grantsPerCall)) {
    const grants = planned.map(({ customer, spends }) => ({ userId: known(users, customer), amount: spends, reason: "replay" }));
    await shop.grant(grants, `grants ${part}`);
  }
}

/** `alreadyThere` is how many of the orders an earlier run had placed. */
export async function placeOrders(ways: Ways, plan: Plan, ids: Omit<Ids, "orders">): Promise<{ orders: Ids["orders"]; alreadyThere: number }> {
  const { shop, concurrency, progress } = ways;
  const stage = progress("orders", plan.orders.length);
  const orders = new Map<string, string>();
  let alreadyThere = 0;
  await concurrently(plan.orders, concurrency, async (order) => {
    const { orderId, replayed } = await shop.placeOrder(requestFor(order, ids), `order ${order.invoice}`);
    orders.set(order.invoice, orderId);
    if (replayed) alreadyThere++;
    stage.step();
  }).finally(() => stage.end());
  return { orders, alreadyThere };
}

/** What different cancellations take of one order, they take one after the other, as they came. */
export async function refundOrders({ shop, concurrency, progress }: Ways, plan: Plan, ids: Pick<Ids, "variants" | "orders">): Promise<void> {
  const stage = progress("refunds", plan.refunds.length);
  const byOrder = Map.groupBy(plan.refunds, (refund) => refund.invoice).values();
  await concurrently(byOrder, concurrency, async (refunds) => {
    for (const refund of refunds) {
      const items = refund.lines.map((line) => ({ variantId: known(ids.variants, line.sku), quantity: line.quantity }));
      await shop.refund(known(ids.orders, refund.invoice), items, `Cancellation ${refund.cancellation}`, keyOf(refund));
      stage.step();
    }
  }).finally(() => stage.end());
}

const keyOf = ({ cancellation, invoice }: PlannedRefund) => `refund ${cancellation} of ${invoice}`;

function requestFor({ customer, lines, orderedAt }: PlannedOrder, ids: Omit<Ids, "orders">): NewOrder {
  const orderItems = lines.map((line) => ({
    productId: known(ids.products, line.stockCode),
    variantId: known(ids.variants, line.sku),
    quantity: line.quantity,
  }));
  return { userId: known(ids.users, customer), orderItems, orderedAt };
}

function known(ids: Map<string, string>, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new ReplayError(`The shop's answers hold nothing for ${name}.`);
  return id;
}

function* chunks<T>(items: T[], size: number): Generator<[part: number, T[]]> {
  for (let start = 0; start < items.length; start += size) yield [1 + start / size, items.slice(start, start + size)];
}
