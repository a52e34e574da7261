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

// Goes red without the checkpoint in ADD_SALES (the first order would count again), and where ON CONFLICT replaces what is there.
test("what was sold since the last time is added to the day's row, and what was counted is not counted again", async () => {
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
