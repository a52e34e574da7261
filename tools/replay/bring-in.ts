import { cancellationReason, externalIdOf, keys, skuIn, userNameOf } from "./names.ts";
import { concurrently } from "../../src/concurrently.ts";
import type { PlannedOrder } from "./plan-orders.ts";
import { amountOf, total } from "./plan-orders.ts";
import type { Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { DiffersInShop, ReplayError } from "./replay-error.ts";
import type { NewOrder, ShopClient } from "./shop-client.ts";

/** What the shop calls the things that the file names: users by customer, products by stock code, variants by sku, orders by invoice. */
export type Ids = Record<"users" | "products" | "variants" | "orders", Map<string, string>>;

export type Ways = { shop: ShopClient; batch: string; concurrency: number; progress: Progress };

/** Below a body of 1 MiB, whatever the file. */
const usersPerCall = 1_000;

const HOUR_MS = 3_600_000;
/** The shop keeps keys for a day at least. An hour is left for the run itself. */
const keysKeptMs = 23 * HOUR_MS;

/**
 * The batch's users that an earlier run made, by their external ids. Their ids tell when that was: once the shop may have forgotten the keys of
 * that run, another one could bring the same invoices in again, and is refused.
 */
export async function findUsers({ shop, batch }: Ways, now: number = Date.now()): Promise<Map<string, string>> {
  const suffix = externalIdOf(batch, "");
  const found = new Map<string, string>();
  for await (const { id, externalId } of shop.users(suffix)) if (externalId?.endsWith(suffix)) found.set(externalId.slice(0, -suffix.length), id);
  const oldest = Math.min(...[...found.values()].map(madeAtMs));
  if (oldest < now - keysKeptMs)
    throw new ReplayError(
      `The shop has the batch ${batch} since ${new Date(oldest).toISOString()}, longer than it is sure to know what was brought in. Nothing was done. ` +
        "Name another batch (--batch NAME) to bring the sales in beside it, as other users and products.",
    );
  return found;
}

/** The first 48 bits of a UUIDv7 are its time. */
const madeAtMs = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);

/** Users come first, because they tell a later run when the batch began. */
export async function bringUsers({ shop, batch }: Ways, plan: Plan, found: Map<string, string>): Promise<Ids["users"]> {
  const users = new Map(found);
  const missing = plan.customers.map(({ customer }) => customer).filter((customer) => !found.has(customer));
  for (const part of chunks(missing, usersPerCall)) {
    const made = await shop.createUsers(part.map((customer) => ({ name: userNameOf(customer), externalId: externalIdOf(batch, customer) })));
    for (const [index, { id }] of made.entries()) users.set(part[index]!, id);
  }
  return users;
}

/** Every product with exactly the stock that the file sells. Errors: the articles that the shop has with other prices or another stock. */
export async function bringProducts(ways: Ways, plan: Plan): Promise<Pick<Ids, "products" | "variants">> {
  const { shop, batch, concurrency, progress } = ways;
  const stage = progress("products", plan.products.length);
  const ids = { products: new Map<string, string>(), variants: new Map<string, string>() };
  const differing = await withoutDiffering(plan.products, concurrency, stage, async (planned) => {
    const variants = planned.variants.map((variant) => ({ ...variant, sku: skuIn(batch, variant.sku) }));
    const made = await shop.createProduct({ name: planned.name, variants }, keys.product(planned));
    ids.products.set(planned.stockCode, made.id);
    for (const { sku } of planned.variants) ids.variants.set(sku, known(variantsOf(made), skuIn(batch, sku)));
  });
  if (differing.length > 0)
    throw new ReplayError(
      `The shop has the batch ${batch} already, with other names, prices or quantities of the articles ${listOf(differing.map(({ stockCode }) => stockCode))}. ` +
        "No invoice was brought in. Name another batch (--batch NAME) to bring the sales in beside it, as other users and products.",
    );
  return ids;
}

const variantsOf = ({ variants }: { variants: { id: string; sku: string | null }[] }) => new Map(variants.map(({ sku, id }) => [sku ?? "", id]));

/** Each user gets what each of their orders comes to. Answers the invoices that the shop has with another customer or sum. */
export async function grantBalances({ shop, batch, concurrency, progress }: Ways, plan: Plan, users: Ids["users"]): Promise<Set<string>> {
  const stage = progress("grants", plan.orders.length);
  const differing = await withoutDiffering(plan.orders, concurrency, stage, async ({ invoice, customer, lines }) => {
    const grant = { userId: known(users, customer), amount: total(lines, amountOf), reason: `Invoice ${invoice}` };
    await shop.grant(grant, `replay ${batch}`, keys.grant(invoice));
  });
  return new Set(differing.map(({ invoice }) => invoice));
}

/** `alreadyThere` is how many of the orders an earlier run had placed, `differing` the invoices that the shop has with other contents. */
export async function placeOrders(
  ways: Ways,
  orders: PlannedOrder[],
  ids: Omit<Ids, "orders">,
): Promise<{ orders: Ids["orders"]; alreadyThere: number; differing: string[] }> {
  const { shop, concurrency, progress } = ways;
  const placed = new Map<string, string>();
  let alreadyThere = 0;
  const differing = await withoutDiffering(orders, concurrency, progress("orders", orders.length), async (order) => {
    const { orderId, replayed } = await shop.placeOrder(requestFor(order, ids), keys.order(order.invoice));
    placed.set(order.invoice, orderId);
    if (replayed) alreadyThere++;
  });
  return { orders: placed, alreadyThere, differing: differing.map(({ invoice }) => invoice) };
}

/**
 * What different cancellations take of one order, they take one after the other, as they came. Those of invoices that were not brought in are left
 * out. Answers the cancellations that the shop has with other contents.
 */
export async function refundOrders({ shop, concurrency, progress }: Ways, plan: Plan, ids: Pick<Ids, "variants" | "orders">): Promise<string[]> {
  const due = plan.refunds.filter(({ invoice }) => ids.orders.has(invoice));
  const byOrder = [...Map.groupBy(due, (refund) => refund.invoice).values()];
  const differing: string[] = [];
  const stage = progress("refunds", due.length);
  await concurrently(byOrder, concurrency, async (refunds) => {
    for (const { cancellation, invoice, lines } of refunds) {
      const items = lines.map((line) => ({ variantId: known(ids.variants, line.sku), quantity: line.quantity }));
      const refund = shop.refund(known(ids.orders, invoice), items, cancellationReason(cancellation), keys.refund(cancellation, invoice));
      if (await differs(refund)) differing.push(cancellation);
      stage.step();
    }
  }).finally(() => stage.end());
  return differing;
}

/** Does `work` for each, and answers those that the shop has with other contents. */
async function withoutDiffering<T>(items: T[], concurrency: number, stage: ReturnType<Progress>, work: (item: T) => Promise<void>): Promise<T[]> {
  const differing: T[] = [];
  await concurrently(items, concurrency, async (item) => {
    if (await differs(work(item))) differing.push(item);
    stage.step();
  }).finally(() => stage.end());
  return differing;
}

async function differs(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof DiffersInShop) return true;
    throw error;
  }
}

const mostListed = 50;

export function listOf(names: string[]): string {
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : "";
  return `${names.toSorted().slice(0, mostListed).join(", ")}${more}`;
}

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

function* chunks<T>(items: T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
