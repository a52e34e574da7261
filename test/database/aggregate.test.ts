import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { freshDatabase } from "../support/database.ts";
import { insertOrder, insertProduct, insertUser } from "../support/rows.ts";

let database: Database;
let drop: () => Promise<void>;
before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 2, onError: () => {} });
});
after(async () => {
  await database.close();
  await drop();
});

// The test fails without the checkpoint in ADD_SALES, and if ON CONFLICT replaces the row instead
// of adding to it.
test("each sale is added to its day's row exactly once", async () => {
  const [userId, product] = [await insertUser(database.pool), await insertProduct(database.pool)];
  for (const [bought, units] of [
    [1, 1],
    [2, 3],
    [0, 3],
  ] as const) {
    if (bought > 0) await insertOrder(database.pool, { userId, items: [{ product, quantity: bought }] });
    await aggregateSales(database, "Asia/Seoul", 10_000);
    assert.equal(await unitsOf(product.id), units);
  }
});

async function unitsOf(productId: string): Promise<number> {
  const { rows } = await database.pool.query<{ units: number }>("SELECT units FROM product_sales WHERE product_id = $1", [productId]);
  return rows[0]?.units ?? 0;
}
