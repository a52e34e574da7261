// Two instances of one shop, for tests of races and of news that one instance has to learn from the other.

import { after } from "node:test";
import { openTestShop, type TestShop } from "./shop.ts";

/** Opens them for the tests of a file, and closes them after the last one. */
export async function twoInstances(): Promise<{ shop: TestShop; other: TestShop }> {
  const shop = await openTestShop();
  const other = await openTestShop({ beside: shop });
  after(async () => {
    await other.close();
    await shop.close();
  });
  return { shop, other };
}
