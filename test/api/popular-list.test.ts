// The list of popular products over HTTP: it is cached for an hour, but shows each product's
// current state.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { counted } from "../documents/helpers.ts";
import { good, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

type Shown = { productId: string; price: number; status: string; totalSales: number };

// Such a change invalidates the cached list (invalidation.ts).
test("the popular list shows edits, selling out and restocking at once, and sales after the next aggregation", async () => {
  const product = await shop.product({ name: "엿", price: 10, stock: 5 });
  const user = await shop.user({ balance: 1000 });
  const buy = async (quantity: number) => good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity }] }), 201);
  const shown = async () => {
    const { popularProducts } = good(await shop.anyone("GET", "/products/popular"), 200) as { popularProducts: Shown[] };
    return popularProducts.filter(({ productId }) => productId === product.id).map(({ price, status, totalSales }) => [price, status, totalSales]);
  };

  await buy(1);
  await counted(shop, product, 1);
  assert.deepEqual(await shown(), [[10, "ON_SALE", 1]]);
  await buy(1);
  assert.deepEqual(await shown(), [[10, "ON_SALE", 1]]);
  const last = await buy(3);
  assert.equal((await shown())[0]?.[1], "SOLD_OUT");
  good(await user.post(`/orders/${last.orderId}/cancel`), 200);
  assert.equal((await shown())[0]?.[1], "ON_SALE");
  good(await shop.operator.patch(`/admin/products/${product.id}`, { price: 12 }), 200);
  assert.equal((await shown())[0]?.[0], 12);
  good(await shop.operator.patch(`/admin/products/${product.id}`, { status: "NOT_FOR_SALE" }), 200);
  assert.deepEqual(await shown(), []);
});
