// A crowd at a drop on two instances, smaller than that of `npm run campaign -- drop`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audit } from "../../src/audit/audit.ts";
import { dropRush, limitRush } from "../support/drop-rush.ts";
import { openTestShop, type TestShop } from "../support/shop.ts";

let shops: TestShop[];
before(async () => {
  const shop = await openTestShop();
  shops = [shop, await openTestShop({ beside: shop })];
});
after(async () => {
  for (const shop of shops.toReversed()) await shop.close();
});

// Without the limit's check, or the lock of the drop, people get more than two units.
test("parallel tries of many people at two instances stay within the limit", async () => {
  assert.deepEqual(await limitRush({ shops, people: 40 }), { bought: 80, above: 0 });
});

// The books are read in one statement while the crowd is there.
test("held, ordered, bought and free units add up at every instant, and the line is served in its order", async () => {
  const report = await dropRush({ shops, people: 40, stock: 10, holdFor: "PT0.5S", forMs: 4000, seed: 7 });
  assert.ok(report.samples > 5, JSON.stringify(report));
  const { config } = (shops[0] as TestShop).shop;
  assert.deepEqual((await audit({ url: config.databaseUrl ?? "" }, config.timezone)).violations, []);
});
