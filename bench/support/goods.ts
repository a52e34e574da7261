// What a bench sells, and to whom: written set-based, and so that `audit` finds nothing wrong with it.

import type pg from "pg";
import { sqlId } from "./ids.ts";

export const GOODS = { users: 10_000, products: 1_000, campaigns: 60, price: 1000, stock: 100_000_000, balance: 100_000_000_000 };

/** Users with money, products with stock, and for every user one coupon of every campaign. */
export async function fillGoods(client: pg.ClientBase): Promise<void> {
  const { users, products, campaigns, price, stock, balance } = GOODS;
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
