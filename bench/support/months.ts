// Two years of orders by month. A UUIDv7 starts with its time, so a month is a range of ids.

import type pg from "pg";

export const MONTHS = 24;

const now = new Date();

/** Start of the n-th month, in ms since 1970; the last one is the current month. */
function startOf(month: number): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (MONTHS - 1) + month, 1);
}

/** The smallest id that an order of the n-th month can have. */
export function firstIdOf(month: number): string {
  return idAt(startOf(month), 0).replace("-8000-", "-0000-");
}

/** The id of an order that `fillMonths` has written. */
export function idInMonths(n: number, rowsPerMonth: number): string {
  return idAt(startOf(n % MONTHS) + (n % rowsPerMonth), 0x7000);
}

/** Creates two tables like `orders`, the second partitioned by month, and fills both alike. */
export async function fillMonths(client: pg.ClientBase, [plain = "", partitioned = ""]: string[], rowsPerMonth: number): Promise<void> {
  await client.query(
    `CREATE TABLE ${plain} (LIKE orders INCLUDING ALL); CREATE TABLE ${partitioned} (LIKE orders INCLUDING ALL) PARTITION BY RANGE (id)`,
  );
  for (let month = 0; month < MONTHS; month++)
    await client.query(
      `CREATE TABLE ${partitioned}_${month} PARTITION OF ${partitioned} FOR VALUES FROM ('${firstIdOf(month)}') TO ('${firstIdOf(month + 1)}')`,
    );
  for (const table of [plain, partitioned]) {
    for (let month = 0; month < MONTHS; month++) {
      const ids = Array.from({ length: rowsPerMonth }, (_, n) => idAt(startOf(month) + n, 0x7000));
      await client.query(
        `INSERT INTO ${table} (id, user_id, status, changes, total_amount, discount_amount, created_at, completed_at)
         SELECT id, gen_random_uuid(), 'COMPLETED', 1, 1000, 0, now(), now() FROM unnest($1::uuid[]) AS id`,
        [ids],
      );
    }
    await client.query(`VACUUM (ANALYZE) ${table}`);
  }
}

function idAt(ms: number, version: number): string {
  const time = ms.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${version.toString(16).padStart(4, "0")}-8000-000000000000`;
}
