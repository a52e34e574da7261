// Users, products and campaigns for the bench, written by set-based statements, without violations of the audit.

import type pg from "pg";
import { sqlId } from "./ids.ts";

/** Coupons take the longest to write, so a quick run has fewer. */
const CAMPAIGNS = process.argv.includes("--quick") ? 6 : 60;

export const FIXTURES = { users: 10_000, products: 1_000, campaigns: CAMPAIGNS, price: 1000, stock: 100_000_000, balance: 100_000_000_000 };

/** Writes users with balances, products with stock, and one coupon of each campaign for each user. */
export async function fillFixtures(client: pg.ClientBase): Promise<void> {
  const { users, products, campaigns, price, stock, balance } = FIXTURES;
  const user = sqlId("user", "n");
  const variant = sqlId("variant", "n");
  await client.query("BEGIN");
  await client.query(
    `INSERT INTO users (id, name, balance, version, created_at) SELECT ${user}, 'user ' || n, ${balance}, 1, now() FROM generate_series(0, ${users - 1}) n`,
  );
  await client.query(`INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, reason, created_at)
    SELECT ${user}, 1, ${sqlId("grant", "n")}, 'GRANT', 'COMPLETED', ${balance}, ${balance}, 'bench', now() FROM generate_series(0, ${users - 1}) n`);
  await client.query(
    `INSERT INTO products (id, name, status, price, created_at) SELECT ${sqlId("product", "n")}, 'product ' || n, 'ON_SALE', ${price}, now() FROM generate_series(0, ${products - 1}) n`,
  );
  await client.query(
    `INSERT INTO variants (id, product_id, position, price, stock) SELECT ${variant}, ${sqlId("product", "n")}, 0, ${price}, ${stock} FROM generate_series(0, ${products - 1}) n`,
  );
  await client.query(`INSERT INTO stock_adjustments (id, variant_id, delta, stock_after, reason, created_at)
    SELECT ${sqlId("adjustment", "n")}, ${variant}, ${stock}, ${stock}, 'bench', now() FROM generate_series(0, ${products - 1}) n`);
  await client.query(`INSERT INTO campaigns (id, name, discount_type, discount_value, total_quantity, issued_quantity, opens_at, created_at)
    SELECT ${sqlId("campaign", "n")}, 'campaign ' || n, 'FIXED', 100, ${users}, ${users}, now(), now() FROM generate_series(0, ${campaigns - 1}) n`);
  await client.query(`INSERT INTO user_coupons (id, campaign_id, user_id, status, issued_at)
    SELECT ${sqlId("coupon", "n")}, ${sqlId("campaign", `n / ${users}`)}, ${sqlId("user", `n % ${users}`)}, 'AVAILABLE', now() FROM generate_series(0, ${users * campaigns - 1}) n`);
  await client.query("COMMIT");
  await client.query("VACUUM (ANALYZE, FREEZE)");
}

/** Adds users without a balance, up to `count` users in all. */
export async function moreUsers(client: pg.ClientBase, count: number): Promise<void> {
  await client.query(
    `INSERT INTO users (id, name, created_at) SELECT ${sqlId("user", "n")}, 'user ' || n, now() FROM generate_series(${FIXTURES.users}, ${count - 1}) n`,
  );
}

/** Adds a campaign with `coupons` coupons, none of them issued. @param n the campaign's number, after those of `fillFixtures` */
export async function openCampaign(client: pg.ClientBase, n: number, coupons: number): Promise<void> {
  await client.query(`INSERT INTO campaigns (id, name, discount_type, discount_value, total_quantity, opens_at, created_at)
    SELECT ${sqlId("campaign", String(n))}, 'campaign ${n}', 'FIXED', 100, ${coupons}, now(), now()`);
}

/** One unit of the product of this number, an SQL expression, as an order's line items. */
export function sqlItems(product: string): string {
  return `jsonb_build_array(jsonb_build_object('variantId', ${sqlId("variant", product)}, 'productId', ${sqlId("product", product)}, 'name', 'product', 'unitPrice', ${FIXTURES.price}, 'quantity', 1))`;
}

/** Writes pending orders of one unit each. The n-th order is the n-th user's. */
export async function pendingOrders(client: pg.ClientBase, count: number): Promise<void> {
  const { users, products, price } = FIXTURES;
  const order = sqlId("order", "n");
  const all = `generate_series(0, ${count - 1}) n`;
  await client.query("BEGIN");
  await client.query(`INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, expires_at, xid)
    SELECT ${order}, ${sqlId("user", `n % ${users}`)}, 'PENDING', ${sqlItems(`n % ${products}`)}, 1, ${price}, 0, now(), now() + interval '1 day', pg_current_xact_id() FROM ${all}`);
  await client.query("COMMIT");
}
