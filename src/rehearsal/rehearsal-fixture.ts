// Creates and removes a rehearsal's fixture: copies of the product and the campaign, and buyers with just enough money, all marked as such.

import { createUsers } from "../balance/create-users.ts";
import { grantBalances } from "../balance/grant-balances.ts";
import { createProducts } from "../catalog/create-products.ts";
import { editProduct } from "../catalog/edit-product.ts";
import { closeCampaign, createCampaign } from "../coupon/edit-campaign.ts";
import type { Campaign } from "../coupon/coupon.ts";
import { Refusal } from "../refusal.ts";
import { NO_VIEWER } from "../order/order-view.ts";
import { cancelOrder } from "../order/cancel-order.ts";
import { concurrently } from "../concurrently.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { OrderCache } from "../order/order-cache.ts";
import type { Till } from "../till/till.ts";
import { personsOf } from "./people.ts";
import type { Plan } from "./rehearsal.ts";
import { type CopiedVariant, type RehearsalRecord, selectOrdersToUndo, updateRehearsal } from "./rehearsal.sql.ts";
import { cutText } from "../text.ts";

export type FixtureOptions = {
  database: Database;
  till: Till;
  config: Pick<Config, "balanceMax" | "cancelWithinMs" | "gateway" | "locale">;
  orderCache: OrderCache;
};

const CHUNK_SIZE = 1000;
const CONCURRENCY = 64;
const PREFIX = { ko: "[예행연습]", en: "[Rehearsal]" };

export type Original = { product: { name: string; description: string; variants: CopiedVariant[] } | null; coupon: Campaign | null };
export type RehearsalCopies = { userIds: string[]; product: { id: string; variantIds: string[] } | null };

/** Copies the product and creates the buyers. The copy's id is stored before the copy goes on sale. */
export async function copyForRehearsal(shop: FixtureOptions, id: string, plan: Plan, { product }: Original): Promise<RehearsalCopies> {
  const { till, config, database } = shop;
  const prefix = PREFIX[config.locale];
  let copy: RehearsalCopies["product"] = null;
  if (product) {
    const variants = product.variants.map(({ name, options, price, stock }) => ({ ...(name === null ? {} : { name }), options, price, stock }));
    const [created] = await till.submit(createProducts, {
      products: [{ name: prefixed(prefix, product.name), description: product.description, status: "NOT_FOR_SALE", variants }],
      rehearsalId: id,
    });
    if (!created) throw new Error("the product was not copied");
    copy = { id: created.id, variantIds: created.variants.map((variant) => variant.id) };
    await database.rows(updateRehearsal(id, { productId: created.id }));
    await till.submit(editProduct(database), { productId: created.id, status: "ON_SALE" });
  }
  const amount = Math.max(0, ...(product?.variants ?? []).map(({ price }) => price));
  const userIds: string[] = [];
  for (const names of chunks(externalIds(id, plan))) {
    const users = names.map((externalId, i) => ({ name: `${prefix} ${userIds.length + i + 1}`, externalId }));
    const created = await till.submit(createUsers, { users, bulk: true, rehearsalId: id });
    userIds.push(...created.map((user) => user.id));
    if (amount > 0)
      await till.submit(grantBalances, {
        grants: created.map((user) => ({ userId: user.id, amount, reason: `rehearsal ${id}` })),
        balanceMax: config.balanceMax,
      });
    await database.rows(updateRehearsal(id, {}));
  }
  return { userIds, product: copy };
}

/** Copies the campaign, to open at `opensAt`. Returns the copy's id. */
export async function copyCoupon({ till, config, database }: FixtureOptions, id: string, coupon: Campaign, opensAt: number): Promise<string> {
  const { name, discount, totalQuantity, validDays } = coupon;
  const copy = await till.submit(createCampaign, {
    name: rehearsedName(config, name),
    discount,
    totalQuantity,
    validDays,
    opensAt,
    rehearsalId: id,
  });
  await database.rows(updateRehearsal(id, { couponId: copy.id }));
  return copy.id;
}

/** Closes the copies, and undoes the rehearsal's orders, so that sales do not count them. Returns the number of undone orders. */
export async function removeCopies(shop: FixtureOptions, { id, plan, productId, couponId }: RehearsalRecord): Promise<number> {
  const { till, database, config } = shop;
  if (productId !== null) await till.submit(editProduct(database), { productId, status: "NOT_FOR_SALE" });
  if (couponId !== null) await till.submit(closeCampaign, { couponId });
  const cancel = cancelOrder(shop.orderCache);
  const terms = { callerId: null, askAfterMs: config.gateway.timeoutMs, cancelWithinMs: config.cancelWithinMs, viewer: NO_VIEWER };
  let refunded = 0;
  for (const names of chunks(externalIds(id, plan))) {
    const orders = await database.rows<{ id: string }>(selectOrdersToUndo(names));
    await concurrently(orders, CONCURRENCY, async (order) => {
      try {
        await till.submit(cancel, { orderId: order.id, ...terms });
        refunded++;
      } catch (error) {
        // Another instance may have undone the order first.
        if (!(error instanceof Refusal) || error.code !== "ORDER_NOT_CANCELLABLE") throw error;
      }
    });
    await database.rows(updateRehearsal(id, {}));
  }
  return refunded;
}

/** The external ids of a rehearsal's accounts. */
function externalIds(id: string, plan: Plan): string[] {
  return personsOf(plan).map((_, i) => `rehearsal-${id}-${i + 1}`);
}

function* chunks<T>(all: T[]): Generator<T[]> {
  for (let i = 0; i < all.length; i += CHUNK_SIZE) yield all.slice(i, i + CHUNK_SIZE);
}

/** The name of a copy. */
export function rehearsedName({ locale }: Pick<Config, "locale">, name: string): string {
  return prefixed(PREFIX[locale], name);
}

const prefixed = (prefix: string, name: string): string => cutText(`${prefix} ${name}`, 300);
