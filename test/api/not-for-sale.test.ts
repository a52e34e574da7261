// The price, description and stock of a product that is not for sale are visible to operators only.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

const variants = (...statuses: string[]) =>
  statuses.map((status, i) => ({ sku: `SECRET-${Math.random()}`, options: { size: `${i}` }, price: 1000 * (i + 1), stock: 10 * (i + 1), status }));
const shown = async (id: string): Promise<Json> => good(await shop.anyone("GET", `/products/${id}`), 200);
const listed = async (query = ""): Promise<Json[]> => good(await shop.anyone("GET", `/products?limit=100${query}`), 200).products;

// `price: null` in product-view.ts hides the price from shoppers.
test("a product before its launch shows price, description and stock to operators only", async () => {
  const fields = { name: "신제품", description: "아직 비밀", status: "NOT_FOR_SALE", variants: variants("ON_SALE", "ON_SALE") };
  const { id } = await shop.product(fields);
  const user = await shop.user();
  const expired = { authorization: "Bearer not.a.token" };
  for (const answer of [
    await shop.anyone("GET", `/products/${id}`),
    await user.get(`/products/${id}`),
    await shop.anyone("GET", `/products/${id}`, undefined, expired),
  ]) {
    const { name, price, description, stock, status, variants: each } = good(answer, 200);
    assert.deepEqual([name, price, description, stock, status], ["신제품", null, null, 0, "NOT_FOR_SALE"]);
    for (const one of each) assert.deepEqual([one.price, one.stock, one.status], [null, 0, "NOT_FOR_SALE"]);
    assert.equal(answer.headers["vary"], "Authorization");
  }
  const whole = await shop.operator.get(`/products/${id}`);
  assert.deepEqual([whole.body.price, whole.body.description, whole.body.stock], [1000, "아직 비밀", 30]);
  assert.equal(whole.headers["cache-control"], "no-store");
});

test("a variant that is not for sale shows no price or stock, and the product does not count it", async () => {
  const { id } = await shop.product({ variants: variants("NOT_FOR_SALE", "ON_SALE") });
  const { price, stock, status, variants: each } = await shown(id);
  assert.deepEqual([price, stock, status], [2000, 20, "ON_SALE"]);
  assert.deepEqual([each[0].price, each[0].stock, each[0].status], [null, 0, "NOT_FOR_SALE"]);
  assert.deepEqual([each[1].price, each[1].stock, each[1].status], [2000, 20, "ON_SALE"]);
  const row = (await listed()).find((one) => one.id === id);
  assert.deepEqual([row.price, row.stock], [2000, 20]);
  const whole = good(await shop.operator.get(`/products/${id}`), 200);
  assert.deepEqual([whole.price, whole.stock, whole.variants[0].price, whole.variants[0].stock], [2000, 20, 1000, 10]);
});

test("a product is not for sale while none of its variants is on sale", async () => {
  const product = await shop.product({ name: "하나뿐", variants: variants("NOT_FOR_SALE", "NOT_FOR_SALE") });
  const status = async (): Promise<string> => (await shown(product.id)).status;
  const inLists = async () => [
    (await listed()).some(({ id }) => id === product.id),
    good(await shop.operator.get("/admin/products?status=ON_SALE&limit=100"), 200).products.some(({ id }: Json) => id === product.id),
    good(await shop.operator.get("/admin/products?status=NOT_FOR_SALE&limit=100"), 200).products.some(({ id }: Json) => id === product.id),
  ];
  assert.deepEqual([await status(), ...(await inLists())], ["NOT_FOR_SALE", false, false, true]);
  const [first] = product.variants as [{ id: string }];
  good(await shop.operator.patch(`/admin/products/${product.id}`, { variants: [{ id: first.id, status: "ON_SALE" }] }), 200);
  assert.deepEqual([await status(), ...(await inLists())], ["ON_SALE", true, true, false]);
});

// `forSale` checks the status of the variant, not only of the product.
test("a variant that is not for sale can be neither put into a cart, ordered nor paid", async () => {
  const product = await shop.product({ variants: variants("NOT_FOR_SALE", "ON_SALE") });
  const [hidden, open] = product.variants as [{ id: string }, { id: string }];
  const user = await shop.user({ balance: 10_000 });
  const lineItem = { productId: product.id, variantId: hidden.id, quantity: 1 };
  refused(await user.post(`/users/${user.id}/cart/items`, lineItem), 400, "PRODUCT_NOT_FOR_SALE");
  refused(await user.post("/orders", { orderItems: [lineItem] }), 400, "PRODUCT_NOT_FOR_SALE");
  const items = { orderItems: [{ ...lineItem, variantId: open.id }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", items), 201);
  good(await shop.operator.patch(`/admin/products/${product.id}`, { variants: [{ id: open.id, status: "NOT_FOR_SALE" }] }), 200);
  refused(await user.post("/payments", { orderId, method: "BALANCE" }), 400, "PRODUCT_NOT_FOR_SALE");
});

test("a cart hides the price of an item that is no longer for sale and leaves it out of the total", async () => {
  const [kept, withdrawn] = [await shop.product({ price: 700 }), await shop.product({ price: 900, stock: 4 })];
  const user = await shop.user();
  for (const { id } of [kept, withdrawn]) good(await user.post(`/users/${user.id}/cart/items`, { productId: id, quantity: 2 }), 201);
  good(await shop.operator.patch(`/admin/products/${withdrawn.id}`, { status: "NOT_FOR_SALE", price: 12_345 }), 200);
  const { cartItems, totalAmount } = good(await user.get(`/users/${user.id}/cart`), 200);
  assert.equal(totalAmount, 1400);
  const item = cartItems.find(({ productId }: Json) => productId === withdrawn.id);
  assert.deepEqual([item.unitPrice, item.stock, item.status], [null, 0, "NOT_FOR_SALE"]);
  const changed = good(await user.patch(`/users/${user.id}/cart/items/${item.id}`, { quantity: 3 }), 200);
  assert.deepEqual([changed.unitPrice, changed.stock, changed.status], [null, 0, "NOT_FOR_SALE"]);
});

test("a search does not match variants that are not for sale", async () => {
  const product = await shop.product({
    name: "공개된 이름",
    variants: [
      { options: { 색: "공개색" }, price: 1, stock: 1 },
      { options: { 색: "비밀색" }, sku: "HIDDEN-SKU", price: 1, stock: 1, status: "NOT_FOR_SALE" },
    ],
  });
  const found = async (q: string) => (await listed(`&q=${encodeURIComponent(q)}`)).map(({ id }) => id);
  assert.deepEqual(await found("공개색"), [product.id]);
  assert.deepEqual([...(await found("비밀색")), ...(await found("HIDDEN-SKU"))], []);
  const all = good(await shop.operator.get("/admin/products?q=hidden-sku%20비밀"), 200).products;
  assert.deepEqual(
    all.map(({ id }: Json) => id),
    [product.id],
  );
});
