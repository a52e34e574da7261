// Fills an empty shop with demo data, so that a fresh clone has something to buy.

import { createUsers, type UserView } from "../balance/create-users.ts";
import { grantBalances } from "../balance/grant-balances.ts";
import { createProducts } from "../catalog/create-products.ts";
import type { ProductView } from "../catalog/product-view.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import type { Config } from "../config.ts";
import { createCampaign } from "../coupon/edit-campaign.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { createDrop } from "../drop/create-drop.ts";
import type { ProductDrops } from "../drop/product-drops.ts";
import { idempotent } from "../idempotency/idempotent-command.ts";
import { NO_VIEWER } from "../order/order-view.ts";
import { placeOrder } from "../order/place-order.ts";
import type { Command } from "../till/command.ts";
import type { Till } from "../till/till.ts";
import { PRODUCTS, USERS } from "./catalogue.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export type DemoOptions = {
  database: Database;
  till: Till;
  now: Now;
  config: Pick<Config, "balanceMax" | "locale" | "orderExpiresAfterMs">;
  variantCache: VariantCache;
  productDrops: ProductDrops;
};

/** Runs a command once per key, even if several instances start at the same time. */
type Step = <Input, Answer>(key: string, command: Command<Input, Answer>, input: Input) => Promise<Answer>;

/**
 * Gives an empty shop a small catalog, users with balances, coupons, a drop, and yesterday's first sales. Changes nothing in a shop that has a user or
 * a product. Returns whether the shop was empty.
 */
export async function fillWithDemo(options: DemoOptions): Promise<boolean> {
  const { database, till, config, now } = options;
  const [state] = await database.rows<{ empty: boolean }>({
    name: "is the shop empty",
    text: "SELECT NOT EXISTS (SELECT FROM users) AND NOT EXISTS (SELECT FROM products) AS empty",
    values: [],
  });
  if (!state?.empty) return false;

  const step: Step = async <Input, Answer>(key: string, command: Command<Input, Answer>, input: Input) => {
    const keyed = { input, key: { caller: "demo", key, fingerprint: key }, status: 200, locale: config.locale };
    const { body } = await till.submit(idempotent({ ...command, view: (answer) => answer }), keyed);
    return JSON.parse(body) as Answer;
  };
  // Lists begin with the newest user, and the first user of a list should be able to buy something.
  const newestFirst: UserView[] = await step("users", createUsers, { users: USERS.toReversed(), bulk: true });
  const users = newestFirst.toReversed();
  const grants = users.flatMap(({ id }, i) => (USERS[i]?.balance ? [{ userId: id, amount: USERS[i].balance, reason: "demo" }] : []));
  await step("grants", grantBalances, { grants, balanceMax: config.balanceMax });
  const products: ProductView[] = await step("products", createProducts, { products: PRODUCTS });
  const startedAt = now();
  await createCampaigns(step, startedAt);
  await openDrop(step, options, products[1], startedAt);
  await placeOrders(step, options, { users, products, now: startedAt });
  return true;
}

async function createCampaigns(step: Step, now: number): Promise<void> {
  await step("coupon now", createCampaign, {
    name: "첫 장날 5,000원 · First market day",
    discount: { type: "FIXED", amount: 5_000, minOrderAmount: 20_000 },
    totalQuantity: 1_000,
    opensAt: now,
    closesAt: now + 30 * DAY_MS,
    validDays: 7,
  });
  await step("coupon soon", createCampaign, {
    name: "선착순 100명 30% · First hundred",
    discount: { type: "PERCENTAGE", rate: 30, maxAmount: 20_000 },
    totalQuantity: 100,
    opensAt: now + 5 * MINUTE_MS,
    closesAt: now + DAY_MS,
    validDays: 3,
  });
}

/** A drop that opens a minute after the first start, with holds and a line. */
async function openDrop(step: Step, { database }: DemoOptions, product: ProductView | undefined, now: number): Promise<void> {
  if (!product) return;
  await step("drop", createDrop(database), {
    productId: product.id,
    mode: "FIRST_COME",
    seed: "",
    terms: {
      name: "달항아리 드롭 · Moon jar drop",
      opensAt: now + MINUTE_MS,
      closesAt: null,
      limitPerCustomer: 1,
      holdFor: "PT5M",
      waitlist: true,
      publicValueSource: null,
      metadata: {},
    },
  });
}

async function placeOrders(
  step: Step,
  { database, config, variantCache, productDrops }: DemoOptions,
  { users, products, now }: { users: UserView[]; products: ProductView[]; now: number },
): Promise<void> {
  const [minsu, seoyeon] = users;
  const [mug, , , , tangerines, press] = products;
  const sales = [
    { userId: minsu?.id, product: tangerines, quantity: 3, hoursAgo: 26 },
    { userId: seoyeon?.id, product: mug, quantity: 2, hoursAgo: 5 },
    { userId: minsu?.id, product: press, quantity: 1, hoursAgo: 2 },
  ];
  for (const [i, { userId, product, quantity, hoursAgo }] of sales.entries()) {
    if (!userId || !product) continue;
    await step(`sale ${i}`, placeOrder(variantCache, database, productDrops), {
      userId,
      lineItems: [{ productId: product.id, quantity }],
      userCouponId: null,
      method: "BALANCE",
      orderedAt: now - hoursAgo * HOUR_MS,
      expectedAmount: null,
      expiresAfterMs: config.orderExpiresAfterMs,
      viewer: NO_VIEWER,
    });
  }
}
