// Stock of many variants in one call. Each change follows the rules of a single adjustment.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { type Answer, type Client, good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

const change = (...changes: object[]): Promise<Answer> =>
  shop.operator.post("/admin/stock", { changes: changes.map((one) => ({ reason: "입고", ...one })) });
const faults = (answer: Answer): Json[] =>
  (refused(answer, 400, "INVALID_REQUEST") as Json).errors.map(({ path, message }: Json) => `${path} ${message}`);

async function article(stock = 10): Promise<{ id: string; sku: string; variantId: string }> {
  const sku = randomUUID();
  const { id, variants } = good(await shop.operator.post("/admin/products", { name: "상자", variants: [{ sku, price: 100, stock }] }), 201);
  return { id, sku, variantId: variants[0].id };
}

test("rows change stock by SKU or id, by or to a number of units, in their order, and each is in the journal", async () => {
  const [one, two] = [await article(), await article()];
  const answer = good(
    await change(
      { sku: one.sku, delta: 5 },
      { variantId: two.variantId.toUpperCase(), stock: 3 },
      { variantId: one.variantId, delta: -2, expected: 15 },
    ),
    200,
  );
  assert.deepEqual(answer.changes, [
    { variantId: one.variantId, sku: one.sku, stock: 15 },
    { variantId: two.variantId, sku: two.sku, stock: 3 },
    { variantId: one.variantId, sku: one.sku, stock: 13 },
  ]);
  const journal = async (id: string): Promise<number[]> =>
    good(await shop.operator.get(`/admin/variants/${id}/stock`), 200).adjustments.map(({ delta }: Json) => delta);
  assert.deepEqual(await journal(one.variantId), [-2, 5, 10]);
  assert.deepEqual(await journal(two.variantId), [-7, 10]);
});

test("a stock that is set to its current value writes nothing", async () => {
  const { sku, variantId } = await article(4);
  good(await change({ sku, stock: 4 }), 200);
  assert.equal(good(await shop.operator.get(`/admin/variants/${variantId}/stock`), 200).adjustments.length, 1);
});

// change-stock.ts collects the faults before it refuses.
test("every faulty row is named, and nothing of the call is done", async () => {
  const [one, two] = [await article(), await article()];
  const answer = await change(
    { sku: one.sku, delta: 1 },
    { sku: "no such SKU", delta: 1 },
    { variantId: randomUUID(), stock: 1 },
    { sku: two.sku, delta: -11 },
    { sku: two.sku, stock: 5, expected: 9 },
    { sku: two.sku, stock: 5 },
    { sku: two.sku, stock: 6 },
    { sku: one.sku, delta: 1_000_000_000_000 },
  );
  assert.deepEqual(faults(answer), [
    "/changes/1/sku there is no such variant",
    "/changes/2/variantId there is no such variant",
    "/changes/3/delta only 10 are in stock",
    "/changes/4/expected the stock is 10",
    "/changes/6/stock an earlier row sets the stock of this variant",
    "/changes/7/delta the stock would exceed 1000000000000",
  ]);
  assert.deepEqual([await shop.stockOf(one), await shop.stockOf(two)], [10, 10]);
});

test("more than 20 faulty rows are all named, in a body of more than a mebibyte", async () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => ({ sku: `none-${i}`, delta: 1, reason: "r".repeat(100) }));
  assert.equal(faults(await shop.operator.post("/admin/stock", { changes: rows })).length, 10_000);
  assert.equal((await shop.operator.post("/admin/stock", { changes: [...rows, rows[0]] })).status, 400);
});

test("a row needs one variant and one kind of change", async () => {
  for (const row of [
    { delta: 1 },
    { sku: "A" },
    { sku: "A", variantId: randomUUID(), delta: 1 },
    { sku: "A", delta: 1, stock: 1 },
    { sku: "A", delta: 0 },
  ])
    refused(await change(row), 400, "INVALID_REQUEST");
});

// The stock line of drops; without it the units would be free while people wait for them.
test("units that rows add go to the first entries that wait for them, and held units do not count as stock", async () => {
  const [one, two] = [await article(1), await article(1)];
  const lines = await Promise.all([one, two].map((product) => lineOf(product.id)));
  const answer = good(await change({ sku: one.sku, delta: 1 }, { sku: two.sku, stock: 3 }), 200);
  assert.deepEqual(
    answer.changes.map(({ stock }: Json) => stock),
    [0, 1],
  );
  assert.deepEqual(await Promise.all(lines.map(statuses)), [
    ["HELD", "HELD", "WAITING"],
    ["HELD", "HELD", "HELD"],
  ]);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

type Line = { dropId: string; buyers: Client[] };

/** A drop of a product with one unit, and three buyers in its line. */
async function lineOf(productId: string): Promise<Line> {
  const terms = { name: "드롭", productId, mode: "FIRST_COME", waitlist: true, holdFor: "PT5M", opensAt: new Date().toISOString() };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", terms), 201);
  const buyers = await shop.users(3);
  for (const buyer of buyers) good(await buyer.post(`/drops/${dropId}/entries`), 201);
  return { dropId, buyers };
}

async function statuses({ dropId, buyers }: Line): Promise<string[]> {
  return Promise.all(buyers.map(async (buyer) => good(await buyer.get(`/drops/${dropId}/entries/mine`), 200).status));
}
