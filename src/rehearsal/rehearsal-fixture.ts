// Sets the stage of a rehearsal, and clears it: copies of what is sold, and buyers with just enough money, all of them marked as such.

import { createUsers } from "../balance/create-users.ts";
import { grantBalances } from "../balance/grant-balances.ts";
import { createProducts } from "../catalog/create-products.ts";
import { editProduct } from "../catalog/edit-product.ts";
import { closeCampaign, createCampaign } from "../coupon/edit-campaign.ts";
import type { Campaign } from "../coupon/coupon.ts";
import { Refusal } from "../refusal.ts";
import { cancelOrder } from "../order/cancel-order.ts";
import { concurrently } from "../concurrently.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { OrderCache } from "../order/order-cache.ts";
import type { Till } from "../till/till.ts";
import type { Plan } from "./rehearsal.ts";
import { type CopiedVariant, type RehearsalRecord, selectStandingOrders, updateRehearsal } from "./rehearsal.sql.ts";
import { cutText } from "../text.ts";

export type FixtureOptions = {
  database: Database;
  till: Till;
  config: Pick<Config, "balanceMax" | "gateway" | "locale">;
  variantCache: VariantCache;
  orderCache: OrderCache;
};

const CHUNK = 1000;
const AT_ONCE = 64;
const MARK = { ko: "[예행연습]", en: "[Rehearsal]" };

export type Original = { product: { name: string; description: string; variants: CopiedVariant[] } | null; coupon: Campaign | null };
export type RehearsalCopies = { userIds: string[]; product: { id: string; variantIds: string[] } | null };

/** Copies the product, not for sale yet, and makes the buyers. Each copy is written down before anybody could find it. */
export async function copyForRehearsal(shop: FixtureOptions, id: string, plan: Plan, { product }: Original): Promise<RehearsalCopies> {
  const { till, config, database } = shop;
  const mark = MARK[config.locale];
  let copy: RehearsalCopies["product"] = null;
  if (product) {
    const variants = product.variants.map(({ name, options, price, stock }) => ({ ...(name === null ? {} : { name }), options, price, stock }));
    const [made] = await till.submit(createProducts, {
      products: [{ name: marked(mark, product.name), description: product.description, status: "NOT_FOR_SALE", variants }],
      rehearsalId: id,
    });
    if (!made) throw new Error("no product was made");
    copy = { id: made.id, variantIds: made.variants.map((variant) => variant.id) };
    await database.rows(updateRehearsal(id, { productId: made.id }));
    await till.submit(editProduct(shop.variantCache), { productId: made.id, status: "ON_SALE" });
  }
  const amount = Math.max(0, ...(product?.variants ?? []).map(({ price }) => price));
  const userIds: string[] = [];
  for (const names of chunks(externalIds(id, plan.buyers))) {
    const users = names.map((externalId, i) => ({ name: `${mark} ${userIds.length + i + 1}`, externalId }));
    const made = await till.submit(createUsers, { users, bulk: true, rehearsalId: id });
    userIds.push(...made.map((user) => user.id));
    if (amount > 0)
      await till.submit(grantBalances, {
        grants: made.map((user) => ({ userId: user.id, amount, reason: `rehearsal ${id}` })),
        balanceMax: config.balanceMax,
      });
    await database.rows(updateRehearsal(id, {}));
  }
  return { userIds, product: copy };
}

/** The campaign's copy, which opens when everybody stands in front of it. */
export async function copyCoupon({ till, config, database }: FixtureOptions, id: string, coupon: Campaign, opensAt: number): Promise<string> {
  const { name, discount, totalQuantity, validDays } = coupon;
  const copy = await till.submit(createCampaign, {
    name: marked(MARK[config.locale], name),
    discount,
    totalQuantity,
    validDays,
    opensAt,
    rehearsalId: id,
  });
  await database.rows(updateRehearsal(id, { couponId: copy.id }));
  return copy.id;
}

/** Nothing of the copies can be bought or claimed any more, and what was bought is given back, so that sales do not count it. Answers how many orders. */
export async function removeCopies(shop: FixtureOptions, { id, plan, productId, couponId }: RehearsalRecord): Promise<number> {
  const { till, database, config } = shop;
  if (productId !== null) await till.submit(editProduct(shop.variantCache), { productId, status: "NOT_FOR_SALE" });
  if (couponId !== null) await till.submit(closeCampaign, { couponId });
  const cancel = cancelOrder(shop.orderCache);
  const terms = { callerId: null, askAfterMs: config.gateway.timeoutMs };
  let refunded = 0;
  for (const names of chunks(externalIds(id, plan.buyers))) {
    const orders = await database.rows<{ id: string }>(selectStandingOrders(names));
    await concurrently(orders, AT_ONCE, async (order) => {
      try {
        await till.submit(cancel, { orderId: order.id, ...terms });
        refunded++;
      } catch (error) {
        // Another instance that tidies up may have been quicker.
        if (!(error instanceof Refusal) || error.code !== "ORDER_NOT_CANCELLABLE") throw error;
      }
    });
    await database.rows(updateRehearsal(id, {}));
  }
  return refunded;
}

/** By these names a rehearsal's buyers are found again. */
function externalIds(id: string, buyers: number): string[] {
  return Array.from({ length: buyers }, (_, i) => `rehearsal-${id}-${i + 1}`);
}

function* chunks<T>(all: T[]): Generator<T[]> {
  for (let i = 0; i < all.length; i += CHUNK) yield all.slice(i, i + CHUNK);
}

const marked = (mark: string, name: string): string => cutText(`${mark} ${name}`, 300);
