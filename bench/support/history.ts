// Writes millions of past orders quickly, by set-based statements, without violations of the audit.

import type pg from "pg";
import { Database } from "../../src/database/pool.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import type { Fixture } from "./fixture.ts";
import { FIXTURES, sqlItems } from "./fixtures.ts";
import { sqlId } from "./ids.ts";
import { ignore } from "./ignore.ts";

const TABLES = ["orders", "balance_transactions"];
const DAYS = 30;
const TIMEZONE = "Asia/Seoul";

/**
 * Writes `size` past orders into a database of the fixture. The sales of the last of thirty days are not aggregated. Returns how many orders that
 * day has.
 */
export async function fillDatabase(fixture: Fixture, name: string, size: number, log: (line: string) => void): Promise<number> {
  const startedAt = performance.now();
  // A multiple of the users and of the products, so that each has the same number of orders.
  const step = FIXTURES.users;
  const earlier = size - Math.max(step, Math.floor(size / DAYS / step) * step);
  const database = new Database(fixture.url(name), { size: 1, onError: ignore });
  try {
    await fixture.query(name, (client) => withoutIndexes(client, () => writeHistory(client, 0, earlier, size)));
    await aggregateSales(database, TIMEZONE);
    await fixture.query(name, async (client) => {
      await writeHistory(client, earlier, size, size);
      await client.query("VACUUM (ANALYZE)");
    });
  } finally {
    await database.close();
  }
  log(`filled with ${size.toLocaleString("en")} orders in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return size - earlier;
}

/** Writes orders `from` to `to` − 1 of `all`, which are spread over the last thirty days. The n-th order is the n-th user's. */
export async function writeHistory(client: pg.ClientBase, from: number, to: number, all: number): Promise<void> {
  const { users, products, price, balance } = FIXTURES;
  const range = `generate_series(${from}, ${to - 1}) n`;
  const order = sqlId("order", "n");
  const at = `date_trunc('second', now()) - (${all} - n) * interval '${(DAYS * 86_400_000) / all} ms'`;
  await client.query("BEGIN");
  await client.query(`INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, completed_at, paid_at, xid)
    SELECT ${order}, ${sqlId("user", `n % ${users}`)}, 'COMPLETED', ${sqlItems(`n % ${products}`)}, 1, ${price}, 0, ${at}, ${at}, ${at}, pg_current_xact_id() FROM ${range}`);
  // Ordered by user, like the ledger's key.
  await client.query(`INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, order_id, created_at)
    SELECT ${sqlId("user", "u")}, 2 + k, ${sqlId("transaction", "n")}, 'PAYMENT', 'COMPLETED', -${price}, ${balance} - ${price} * (k + 1), ${order}, ${at}
    FROM generate_series(0, ${users - 1}) u, generate_series(${from / users}, ${to / users - 1}) k, LATERAL (SELECT k * ${users} + u AS n) numbered`);
  await client.query(`UPDATE users SET balance = ${balance} - ${price} * ${to / users}::bigint, version = 1 + ${to / users}`);
  await client.query(`UPDATE variants SET stock = stock - ${(to - from) / products}`);
  await client.query("COMMIT");
}

/** Drops the tables' indexes except primary keys, does `work`, and recreates them, which is faster than maintaining them. */
export async function withoutIndexes(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i WHERE i.indrelid = ANY($1::text[]::regclass[]) AND NOT i.indisprimary`,
    [TABLES],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  await work();
  await client.query("SET maintenance_work_mem = '256MB'");
  for (const { definition } of rows) await client.query(definition);
  await client.query("VACUUM (ANALYZE)");
}
