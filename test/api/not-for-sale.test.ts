// The price, description, stock, images, tags and metadata of a product that is not for sale are
// visible to operators only.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

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

const PICTURES = { images: [{ url: "https://cdn.example/secret.jpg", alt: "비밀" }], tags: ["비밀-신상"], metadata: { season: "비밀-2027" } };
/** Everything that shoppers can read about a product, as text. */
async function readable(id: string, user: Client): Promise<string> {
  const paths = [
    `/products/${id}`,
    "/products?limit=100",
    `/products?limit=100&tag=${encodeURIComponent("비밀-신상")}`,
    "/products/popular",
    "/drops?limit=100",
    `/users/${user.id}/cart`,
    `/users/${user.id}/orders`,
  ];
  const answers = await Promise.all(paths.map(async (path) => good(await user.get(path), 200)));
  const page = await fetch(`${shop.url}/products/${id}`, { headers: { accept: "text/html" } });
  return JSON.stringify(answers) + (await page.text());
}

// shopperView and hideUnlessForSale in product-view.ts.
test("no page of a shopper shows image, tag or metadata of a product that is not for sale, before its launch and after it is withdrawn", async () => {
  const sold = { sku: "V-SECRET", price: 1000, stock: 5, imageUrl: "https://cdn.example/variant-secret.jpg" };
  const product = await shop.product({ name: "출시 전", status: "NOT_FOR_SALE", variants: [sold], ...PICTURES });
  const user = await shop.user({ balance: 100_000 });
  const secret = /secret\.jpg|비밀/;
  assert.doesNotMatch(await readable(product.id, user), secret);
  assert.match(JSON.stringify(good(await shop.operator.get(`/products/${product.id}`), 200)), secret);

  // On sale, it is in a cart, an order and the caches of all lists.
  const etagOf = async (): Promise<string> => String((await shop.anyone("GET", "/products?limit=100")).headers["etag"]);
  const before = await etagOf();
  good(await shop.operator.patch(`/admin/products/${product.id}`, { status: "ON_SALE" }), 200);
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  assert.match(await readable(product.id, user), secret);
  good(await shop.operator.post("/admin/drops", { name: "다음 드롭", productId: product.id, opensAt: "2100-01-01T00:00:00Z" }), 201);
  const onSale = await etagOf();

  good(await shop.operator.patch(`/admin/products/${product.id}`, { status: "NOT_FOR_SALE" }), 200);
  assert.doesNotMatch(await readable(product.id, user), secret);
  const again = await shop.anyone("GET", "/products?limit=100", undefined, { "if-none-match": onSale });
  assert.deepEqual([again.status, await etagOf()], [200, before]);
});

test("a variant that is not for sale shows its image in no page and no cart", async () => {
  const image = (name: string) => ({ imageUrl: `https://cdn.example/${name}.jpg`, price: 1000, stock: 5 });
  const product = await shop.product({
    variants: [
      { options: { 색: "적" }, ...image("secret") },
      { options: { 색: "청" }, ...image("open") },
    ],
  });
  const [red] = product.variants as [{ id: string }];
  const user = await shop.user();
  good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, variantId: red.id, quantity: 1 }), 201);
  good(await shop.operator.patch(`/admin/variants/${red.id}`, { status: "NOT_FOR_SALE" }), 200);
  const text = await readable(product.id, user);
  assert.doesNotMatch(text, /secret/);
  assert.match(text, /open\.jpg/);
  const [item] = good(await user.get(`/users/${user.id}/cart`), 200).cartItems;
  assert.equal(good(await user.patch(`/users/${user.id}/cart/items/${item.id}`, { quantity: 2 }), 200).imageUrl, null);
});
