// The stock journal of a variant: the initial stock and each adjustment, as operators read them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

// The test fails without ORDER BY, and without `id < $2`, which would make the second page repeat
// the first.
test("the stock journal lists each adjustment once, newest first, across pages, and no sales", async () => {
  const product = await shop.product({ variants: ["S", "M"].map((size) => ({ options: { size }, price: 10, stock: 5 })) });
  const [small] = product.variants as [{ id: string }, { id: string }];
  const path = `/admin/variants/${small.id}/stock`;
  for (const [delta, reason] of [
    [10, "입고"],
    [-2, "파손"],
  ] as const)
    good(await shop.operator.post(path, { delta, reason }), 200);
  const [buyer] = (await shop.users(1, { balance: 100 })) as [Client];
  good(await buyer.post("/orders", { orderItems: [{ productId: product.id, variantId: small.id, quantity: 1 }] }), 201);
  good(await shop.operator.post(path, { delta: 1, reason: "다시 셈" }), 200);

  const seen: unknown[] = [];
  let cursor = "";
  for (let pages = 0; pages < 2; pages++) {
    const { adjustments, nextCursor } = good(await shop.operator.get(`${path}?limit=2${cursor}`), 200);
    seen.push(...adjustments.map(({ delta, stockAfter, reason }: Record<string, unknown>) => [delta, stockAfter, reason]));
    if (pages === 1) assert.equal(nextCursor, null);
    cursor = `&cursor=${nextCursor}`;
  }
  assert.deepEqual(seen, [
    [1, 13, "다시 셈"],
    [-2, 13, "파손"],
    [10, 15, "입고"],
    [5, 5, "initial stock"],
  ]);
});

test("the stock journal is for operators only, and refuses unknown variants and foreign cursors", async () => {
  const product = await shop.product();
  const [buyer] = (await shop.users(1)) as [Client];
  const path = `/admin/variants/${product.variants[0]?.id}/stock`;
  refused(await buyer.get(path), 403, "FORBIDDEN");
  refused(await shop.anyone("GET", path), 401, "UNAUTHENTICATED");
  refused(await shop.operator.get(`/admin/variants/${product.id}/stock`), 404, "PRODUCT_NOT_FOUND");
  refused(await shop.operator.get(`${path}?cursor=x`), 400, "INVALID_REQUEST");
});
