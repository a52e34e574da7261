import { cancellationReason, externalIdOf, keys, skuIn, userNameOf } from "./names.ts";
import { concurrently } from "../../src/concurrently.ts";
import type { PlannedOrder } from "./plan-orders.ts";
import { amountOf, total } from "./plan-orders.ts";
import type { Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { DiffersInShop, ReplayError } from "./replay-error.ts";
import type { NewOrder, ShopClient } from "./shop-client.ts";

/** The shop's ids: users by customer, products by stock code, variants by SKU, orders by invoice. */
export type Ids = Record<"users" | "products" | "variants" | "orders", Map<string, string>>;

export type ImportOptions = { shop: ShopClient; batch: string; concurrency: number; progress: Progress };

/** Keeps bodies below 1 MiB. */
const usersPerRequest = 1_000;

const HOUR_MS = 3_600_000;
/** The shop keeps idempotency keys for at least a day. One hour is reserved for the run itself. */
const keysKeptMs = 23 * HOUR_MS;

/**
 * Finds the users that an earlier run of the batch created. Their ids contain the time. Once the shop may have deleted that run's
 * idempotency keys, another run could import the same invoices again, so it is refused. Errors: `ReplayError`.
 */
export async function findUsers({ shop, batch }: ImportOptions, now: number = Date.now()): Promise<Map<string, string>> {
  const suffix = externalIdOf(batch, "");
  const found = new Map<string, string>();
  for await (const { id, externalId } of shop.users(suffix)) if (externalId?.endsWith(suffix)) found.set(externalId.slice(0, -suffix.length), id);
  const oldest = Math.min(...[...found.values()].map(createdAtMs));
  if (oldest < now - keysKeptMs)
    throw new ReplayError(
      `The shop has batch ${batch} since ${new Date(oldest).toISOString()}, longer than it keeps idempotency keys. Nothing was changed. ` +
        "Choose another batch (--batch NAME) to import the sales as new users and products.",
    );
  return found;
}

/** A UUIDv7 starts with 48 bits of time. */
const createdAtMs = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);

/** Creates the missing users. Must run first, because a later run tells the batch's age by its users. */
export async function importUsers({ shop, batch }: ImportOptions, plan: Plan, found: Map<string, string>): Promise<Ids["users"]> {
  const users = new Map(found);
  const missing = plan.customers.map(({ customer }) => customer).filter((customer) => !found.has(customer));
  for (const part of chunks(missing, usersPerRequest)) {
    const created = await shop.createUsers(part.map((customer) => ({ name: userNameOf(customer), externalId: externalIdOf(batch, customer) })));
    for (const [index, { id }] of created.entries()) users.set(part[index]!, id);
  }
  return users;
}

/** Creates the products, with exactly the stock that the file sells. Errors: `ReplayError` if the shop has other prices or stocks. */
export async function importProducts(into: ImportOptions, plan: Plan): Promise<Pick<Ids, "products" | "variants">> {
  const { shop, batch, concurrency, progress } = into;
  const stage = progress("products", plan.products.length);
  const ids = { products: new Map<string, string>(), variants: new Map<string, string>() };
  const differing = await differingOf(plan.products, concurrency, stage, async (planned) => {
    const variants = planned.variants.map((variant) => ({ ...variant, sku: skuIn(batch, variant.sku) }));
    const created = await shop.createProduct({ name: planned.name, variants }, keys.product(planned));
    ids.products.set(planned.stockCode, created.id);
    for (const { sku } of planned.variants) ids.variants.set(sku, idIn(variantsOf(created), skuIn(batch, sku)));
  });
  if (differing.length > 0)
    throw new ReplayError(
      `The shop has batch ${batch} with other names, prices or quantities of stock codes ${listOf(differing.map(({ stockCode }) => stockCode))}. ` +
        "No invoice was imported. Choose another batch (--batch NAME) to import the sales as new users and products.",
    );
  return ids;
}

const variantsOf = ({ variants }: { variants: { id: string; sku: string | null }[] }) => new Map(variants.map(({ sku, id }) => [sku ?? "", id]));

/** Grants each user the amount of each order. Returns the invoices that the shop has with another customer or sum. */
export async function grantBalances({ shop, batch, concurrency, progress }: ImportOptions, plan: Plan, users: Ids["users"]): Promise<Set<string>> {
  const stage = progress("grants", plan.orders.length);
  const differing = await differingOf(plan.orders, concurrency, stage, async ({ invoice, customer, lines }) => {
    const grant = { userId: idIn(users, customer), amount: total(lines, amountOf), reason: `Invoice ${invoice}` };
    await shop.grant(grant, `replay ${batch}`, keys.grant(invoice));
  });
  return new Set(differing.map(({ invoice }) => invoice));
}

/** Returns the orders, how many of them an earlier run had placed, and the invoices that the shop has with different contents. */
export async function placeOrders(
  into: ImportOptions,
  orders: PlannedOrder[],
  ids: Omit<Ids, "orders">,
): Promise<{ orders: Ids["orders"]; alreadyThere: number; differing: string[] }> {
  const { shop, concurrency, progress } = into;
  const placed = new Map<string, string>();
  let alreadyThere = 0;
  const differing = await differingOf(orders, concurrency, progress("orders", orders.length), async (order) => {
    const { orderId, replayed } = await shop.placeOrder(requestFor(order, ids), keys.order(order.invoice));
    placed.set(order.invoice, orderId);
    if (replayed) alreadyThere++;
  });
  return { orders: placed, alreadyThere, differing: differing.map(({ invoice }) => invoice) };
}

/**
 * Refunds one order's cancellations one after the other, in their order. Skips those of invoices that were not imported. Returns the
 * cancellations that the shop has with different contents.
 */
export async function refundOrders(
  { shop, concurrency, progress }: ImportOptions,
  plan: Plan,
  ids: Pick<Ids, "variants" | "orders">,
): Promise<string[]> {
  const due = plan.refunds.filter(({ invoice }) => ids.orders.has(invoice));
  const byOrder = [...Map.groupBy(due, (refund) => refund.invoice).values()];
  const differing: string[] = [];
  const stage = progress("refunds", due.length);
  await concurrently(byOrder, concurrency, async (refunds) => {
    for (const { cancellation, invoice, lines } of refunds) {
      const items = lines.map((line) => ({ variantId: idIn(ids.variants, line.sku), quantity: line.quantity }));
      const refund = shop.refund(idIn(ids.orders, invoice), items, cancellationReason(cancellation), keys.refund(cancellation, invoice));
      if (await differs(refund)) differing.push(cancellation);
      stage.step();
    }
  }).finally(() => stage.end());
  return differing;
}

/** Does `work` for each item, and returns the items that the shop has with different contents. */
async function differingOf<T>(items: T[], concurrency: number, stage: ReturnType<Progress>, work: (item: T) => Promise<void>): Promise<T[]> {
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

const maxListed = 50;

export function listOf(names: string[]): string {
  const more = names.length > maxListed ? ` and ${names.length - maxListed} more` : "";
  return `${names.toSorted().slice(0, maxListed).join(", ")}${more}`;
}

function requestFor({ customer, lines, orderedAt }: PlannedOrder, ids: Omit<Ids, "orders">): NewOrder {
  const orderItems = lines.map((line) => ({
    productId: idIn(ids.products, line.stockCode),
    variantId: idIn(ids.variants, line.sku),
    quantity: line.quantity,
  }));
  return { userId: idIn(ids.users, customer), orderItems, orderedAt };
}

function idIn(ids: Map<string, string>, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new ReplayError(`The shop's responses do not contain ${name}.`);
  return id;
}

function* chunks<T>(items: T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
