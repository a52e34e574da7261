// The queries of docs/operating/reporting.md, on a shop whose sums are known.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { good, openTestShop, type TestShop } from "../support/shop.ts";

const page = readFileSync(new URL("../../docs/operating/reporting.md", import.meta.url), "utf8");
const queries = new Map(
  [...page.matchAll(/^## ([^\n]+)\n(?:(?!^## )[^])*?```sql\n([^]*?)```/gm)].map(([, name, sql]) => [name as string, sql as string]),
);

let shop: TestShop;
let database: Database;
before(async () => {
  shop = await openTestShop();
  database = new Database(shop.shop.config.databaseUrl as string, { size: 1, onError: () => {} });
  const product = await shop.product({ variants: [{ sku: "A-1", price: 1000, stock: 100 }] });
  const user = await shop.user({ balance: 10_000 });
  const userCouponId = await shop.coupon(user);
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }], userCouponId }), 201);
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  const label = { carrier: "CJ대한통운", trackingNumber: "1" };
  good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, label), 201);
  const items = [{ variantId: product.variants[0]?.id, quantity: 1 }];
  const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { items, reason: "변심" }), 201);
  good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: false }), 200);
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
});
after(async () => {
  await database.close();
  await shop.close();
});

/** Three units at 1,000 less 100, of which one is refunded for 966; and one unit at 1,000. */
const EXPECTED: Record<string, Record<string, unknown>[]> = {
  "Sales by day": [{ orders: 2, revenue: 4000, discount: 100, refunded: 966, net: 2934 }],
  "Sales by product": [{ units: 3, revenue: 3000, refunded: 966, net: 2934 }],
  "Sales by variant": [{ sku: "A-1", sold: 4, refunded: 1 }],
  "Best buyers": [{ orders: 2, net: 2934 }],
  "Refunds and their reasons": [{ amount: 966, reason: "returned" }],
  "Outstanding balances": [{ customers: 1, owed: 7066 }],
  "Payments by method": [
    { method: "BALANCE", status: "COMPLETED", payments: 1, amount: 1000 },
    { method: "BALANCE", status: "PARTIALLY_REFUNDED", payments: 1, amount: 2900 },
  ],
  "Orders that wait for shipment": [{ fulfilment: "NONE" }],
  "Returns by week": [{ status: "RECEIVED", returns: 1, written_off: 1 }],
  "Coupons by campaign": [{ issued: 1, used: 1, discount: 100 }],
};

test("the page has ten queries, and each is tested", () => {
  assert.deepEqual([...queries.keys()], Object.keys(EXPECTED));
});

for (const [name, expected] of Object.entries(EXPECTED))
  test(`the report “${name}” agrees with the orders`, async () => {
    const rows = await database.rows<Record<string, unknown>>({ name, text: queries.get(name) as string, values: [] });
    const seen = rows.map((row, i) => Object.fromEntries(Object.keys(expected[i] ?? {}).map((column) => [column, plain(row[column])])));
    assert.deepEqual(seen, expected);
  });

/** Sums may arrive as text. */
function plain(value: unknown): unknown {
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}
