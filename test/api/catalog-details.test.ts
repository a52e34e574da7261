// Parts of the catalog that shops bring along: external ids, images, tags, metadata, and variants that are added later.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { type Answer, good, type Json, race, refused } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other } = await twoInstances();

const create = async (body: object): Promise<Json> => good(await shop.operator.post("/admin/products", body), 201);
const edit = (id: string, body: object): Promise<Answer> => shop.operator.patch(`/admin/products/${id}`, body);
const editVariant = (id: string, body: object): Promise<Answer> => shop.operator.patch(`/admin/variants/${id}`, body);
const addVariant = (id: string, body: object): Promise<Answer> => shop.operator.post(`/admin/products/${id}/variants`, body);
const read = async (id: string): Promise<Json> => good(await shop.operator.get(`/products/${id}`), 200);
const faults = (answer: Answer): string[] => (refused(answer, 400, "INVALID_REQUEST") as Json).errors.map(({ path }: Json) => path);
const sold = { price: 100, stock: 5 };

const DETAILS = {
  externalId: "ERP/1",
  images: [{ url: "https://cdn.example/1.jpg", alt: "앞" }, { url: "/images/2.jpg" }],
  tags: ["신상품", "선물"],
  metadata: { supplier: "한산" },
};

test("a product keeps its images, tags and metadata, and shows its keys and its variants' metadata to operators only", async () => {
  const variant = { sku: randomUUID(), options: { size: "M" }, ...sold, imageUrl: "/m.jpg", metadata: { shelf: "B" } };
  const made = await create({ name: "셔츠", ...DETAILS, variants: [variant] });
  const { externalId, images, tags, metadata, variants } = await read(made.id);
  assert.deepEqual({ externalId, images, tags, metadata }, DETAILS);
  assert.deepEqual([variants[0].imageUrl, variants[0].metadata], ["/m.jpg", { shelf: "B" }]);
  assert.deepEqual(await read(made.id), made);

  const shown = good(await shop.anyone("GET", `/products/${made.id}`), 200);
  assert.deepEqual([shown.images, shown.tags, shown.metadata, shown.variants[0].imageUrl], [images, tags, metadata, "/m.jpg"]);
  assert.equal("externalId" in shown || "metadata" in shown.variants[0], false);
});

test("an edit replaces images and tags as a whole, merges metadata by key, and raises the version", async () => {
  const { id } = await create({ name: "셔츠", ...sold, ...DETAILS, externalId: "ERP/2", metadata: { a: "1", b: "2" } });
  const edited = good(await edit(id, { externalId: null, images: [], tags: ["세일", "세일"], metadata: { a: null, c: "3" } }), 200);
  assert.deepEqual([edited.externalId, edited.images, edited.tags, edited.metadata], [null, [], ["세일"], { b: "2", c: "3" }]);
  assert.equal(edited.version, 1);
  assert.equal(good(await edit(id, { tags: ["세일"], metadata: { b: "2" } }), 200).version, 1);
});

test("an external id belongs to one product, and is free again once it is cleared", async () => {
  const { id } = await create({ name: "a", ...sold, externalId: "key" });
  assert.deepEqual(faults(await shop.operator.post("/admin/products", { name: "b", ...sold, externalId: "key" })), ["/externalId"]);
  const twice = { products: ["twice", "twice"].map((externalId) => ({ name: "b", ...sold, externalId })) };
  assert.deepEqual(faults(await shop.operator.post("/admin/products", twice)), ["/products/1/externalId"]);
  const another = await create({ name: "c", ...sold });
  assert.deepEqual(faults(await edit(another.id, { externalId: "key" })), ["/externalId"]);
  good(await edit(id, { externalId: null }), 200);
  assert.equal(good(await edit(another.id, { externalId: "key" }), 200).externalId, "key");
  // Compared byte by byte.
  assert.equal((await create({ name: "d", ...sold, externalId: "KEY" })).externalId, "KEY");
});

test("of concurrent products with one external id at two instances exactly one is created", async () => {
  for (let round = 0; round < 5; round++) {
    const body = { name: "하나", ...sold, externalId: `race-${round}` };
    const statuses = await race(6, (i) => shop.operator.at(i % 2 === 0 ? shop : other).post("/admin/products", body));
    assert.deepEqual(statuses, { 201: 1, 400: 5 });
  }
});

test("image URLs are http, https or a path of the shop, and no other form is accepted", async () => {
  const images = (url: string): Promise<Answer> => shop.operator.post("/admin/products", { name: "사진", ...sold, images: [{ url }] });
  for (const url of ["https://a/b", "HTTP://a", "/", "/a/b.jpg?v=1"]) good(await images(url), 201);
  for (const url of ["", "a.jpg", "//evil.example/a", "/\\evil.example", "javascript:alert(1)", "data:image/png,x", "ftp://a", "https://a b", " /a"])
    assert.deepEqual([...new Set(faults(await images(url)))], ["/images/0/url"], url);
});

test("more images, tags or keys than allowed are refused by their place", async () => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
  const keys = (count: number, key = "k"): object => Object.fromEntries(many(count).map((i) => [key + i, "v"]));
  const send = (fields: object): Promise<Answer> => shop.operator.post("/admin/products", { name: "많음", ...sold, ...fields });
  good(await send({ images: many(20).map((url) => ({ url: `/${url}` })), tags: many(20), metadata: keys(50) }), 201);
  for (const fields of [{ images: many(21).map((url) => ({ url: `/${url}` })) }, { tags: many(21) }, { metadata: keys(51) }])
    assert.deepEqual(faults(await send(fields)), [`/${Object.keys(fields)[0]}`]);
  assert.ok(faults(await send({ metadata: { k: "v".repeat(501) } })).includes("/metadata/k"));
  assert.equal((await send({ metadata: { ["k".repeat(41)]: "v" } })).status, 400);
  const { id } = await create({ name: "많음", ...sold, metadata: keys(50) });
  assert.deepEqual(faults(await edit(id, { metadata: { more: "v" } })), ["/metadata"]);
});

test("the list of products shows the first image and the tags, and can be limited to a tag", async () => {
  const tag = randomUUID();
  const one = await create({ name: "달린 것", ...sold, tags: ["x", tag], images: [{ url: "/1.jpg" }, { url: "/2.jpg" }] });
  await create({ name: "안 달린 것", ...sold, tags: ["x"] });
  const { products } = good(await shop.anyone("GET", `/products?tag=${tag}`), 200);
  assert.deepEqual(
    products.map(({ id, imageUrl, tags }: Json) => ({ id, imageUrl, tags })),
    [{ id: one.id, imageUrl: "/1.jpg", tags: ["x", tag] }],
  );
  good(await edit(one.id, { tags: [] }), 200);
  assert.deepEqual(good(await shop.anyone("GET", `/products?tag=${tag}`), 200).products, []);
});

test("operators find a product by its external id and a variant by its SKU, not for sale too", async () => {
  const [externalId, sku] = [randomUUID(), randomUUID()];
  const made = await create({ name: "셔츠", externalId, status: "NOT_FOR_SALE", variants: [{ sku, options: { size: "M" }, ...sold }] });
  const { products } = good(await shop.operator.get(`/admin/products?externalId=${externalId}`), 200);
  assert.deepEqual(
    products.map((one: Json) => [one.id, one.externalId]),
    [[made.id, externalId]],
  );
  const { variants } = good(await shop.operator.get(`/admin/variants?sku=${sku}`), 200);
  assert.deepEqual(
    variants.map((one: Json) => [one.id, one.productId, one.name, one.status]),
    [[made.variants[0].id, made.id, "셔츠", "NOT_FOR_SALE"]],
  );
  assert.deepEqual(good(await shop.operator.get("/admin/variants?sku=none"), 200).variants, []);
  assert.deepEqual(faults(await shop.operator.get("/admin/variants")), ["/sku"]);
});

test("a cart shows the variant's image, or else the product's first", async () => {
  const user = await shop.user();
  const { id, variants } = await create({
    name: "셔츠",
    images: [{ url: "/first.jpg" }],
    variants: [
      { options: { size: "S" }, ...sold, imageUrl: "/s.jpg" },
      { options: { size: "M" }, ...sold },
    ],
  });
  const added = [];
  for (const variant of variants)
    added.push(good(await user.post(`/users/${user.id}/cart/items`, { productId: id, variantId: variant.id, quantity: 1 }), 201));
  const { cartItems } = good(await user.get(`/users/${user.id}/cart`), 200);
  for (const items of [added, cartItems])
    assert.deepEqual(
      items.map(({ imageUrl }: Json) => imageUrl),
      ["/s.jpg", "/first.jpg"],
    );
});

describe("variants that are added and edited", () => {
  // sole-variant.ts looks at the product's row.
  test("once a product has a second variant, an order, a cart and an entry have to name the variant, at an instance that knew one, too", async () => {
    const product = await create({ name: "셔츠", price: 100, stock: 50 });
    const user = await shop.user({ balance: 10_000 });
    const there = user.at(other);
    const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
    good(await there.post("/orders", order), 201);
    good(await addVariant(product.id, { options: { size: "L" }, price: 90, stock: 5 }), 201);
    assert.deepEqual(faults(await there.post("/orders", order)), ["/orderItems/0/variantId"]);
    assert.deepEqual(faults(await there.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 })), ["/variantId"]);
    const variantId = (await read(product.id)).variants[1].id;
    good(await there.post("/orders", { orderItems: [{ productId: product.id, variantId, quantity: 1 }] }), 201);
    const terms = { name: "드롭", productId: product.id, mode: "FIRST_COME", opensAt: new Date().toISOString() };
    const drop = good(await shop.operator.post("/admin/drops", terms), 201);
    assert.deepEqual(faults(await there.post(`/drops/${drop.id}/entries`)), ["/variantId"]);
  });

  test("an added variant changes the product's price and version, and names the variants by their options", async () => {
    const product = await create({ name: "셔츠", variants: [{ options: { size: "S" }, price: 100, stock: 5 }] });
    const after = good(await addVariant(product.id, { options: { size: "M" }, price: 80, stock: 2, metadata: { shelf: "C" } }), 201);
    assert.deepEqual([after.price, after.stock, after.version], [80, 7, 1]);
    assert.deepEqual(
      after.variants.map(({ name, metadata }: Json) => [name, metadata]),
      [
        ["S", {}],
        ["M", { shelf: "C" }],
      ],
    );
    assert.deepEqual(await read(product.id), after);
    assert.equal(good(await shop.operator.get(`/admin/variants/${after.variants[1].id}/stock`), 200).adjustments[0].delta, 2);
  });

  test("a variant with equal options or a SKU in use is refused by the field", async () => {
    const sku = randomUUID();
    const { id } = await create({ name: "셔츠", variants: [{ sku, options: { size: "S" }, ...sold }] });
    assert.deepEqual(faults(await addVariant(id, { options: { size: "S" }, ...sold })), ["/options"]);
    assert.deepEqual(faults(await addVariant(id, { sku, options: { size: "M" }, ...sold })), ["/sku"]);
    const { variants } = good(await addVariant(id, { options: { size: "M" }, ...sold }), 201);
    assert.deepEqual(faults(await editVariant(variants[1].id, { options: { size: "S" } })), ["/options"]);
    assert.deepEqual(faults(await editVariant(variants[1].id, { sku })), ["/sku"]);
    refused(await addVariant(randomUUID(), sold), 404, "PRODUCT_NOT_FOUND");
    refused(await editVariant(randomUUID(), { price: 1 }), 404, "PRODUCT_NOT_FOUND");
  });

  test("a product takes at most 200 variants", async () => {
    const variants = Array.from({ length: 199 }, (_, i) => ({ options: { size: `${i}` }, ...sold }));
    const { id } = await create({ name: "많은 셔츠", variants });
    const add = (size: string): Promise<Answer> => addVariant(id, { options: { size }, ...sold });
    assert.deepEqual(await race(4, (i) => add(`more ${i}`)), { 201: 1, 400: 3 });
  });

  test("an edit of one variant changes its fields, merges its metadata, and answers the product", async () => {
    const { variants } = await create({
      name: "셔츠",
      variants: [{ options: { size: "S" }, ...sold, metadata: { a: "1", b: "2" }, imageUrl: "/s.jpg" }],
    });
    const { id } = variants[0];
    const product = good(await editVariant(id, { price: 70, status: "NOT_FOR_SALE", imageUrl: null, metadata: { a: null, c: "3" } }), 200);
    const [variant] = product.variants;
    assert.deepEqual([variant.price, variant.imageUrl, variant.metadata, variant.version], [70, null, { b: "2", c: "3" }, 1]);
    assert.deepEqual([product.status, product.version], ["NOT_FOR_SALE", 1]);
    const { current } = refused(await editVariant(id, { price: 1, version: 0 }), 409, "VERSION_CONFLICT") as Json;
    assert.deepEqual(current, product);
  });

  test("an edit and an added variant at two instances are both done", async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await create({ name: "셔츠", variants: [{ options: { size: "S" }, ...sold }] });
      const answers = await Promise.all([
        addVariant(id, { options: { size: "M" }, ...sold }),
        shop.operator.at(other).patch(`/admin/products/${id}`, { status: "NOT_FOR_SALE" }),
        shop.operator.at(other).post(`/admin/products/${id}/variants`, { options: { size: "L" }, ...sold }),
      ]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [201, 200, 201],
      );
      const { version, status, variants } = await read(id);
      assert.deepEqual([version, status, variants.length], [3, "NOT_FOR_SALE", 3]);
    }
  });

  test("an edit and an added variant do not miss a variant that was added after they read the product", async (t) => {
    const { database } = other.shop;
    const rows = database.rows.bind(database);
    const there = shop.operator.at(other);
    for (const change of [
      (id: string) => there.patch(`/admin/products/${id}`, { tags: ["선물"] }),
      (id: string) => there.post(`/admin/products/${id}/variants`, { options: { size: "L" }, ...sold }),
    ]) {
      const { id } = await create({ name: "셔츠", variants: [{ options: { size: "S" }, ...sold }] });
      let reads = 0;
      const reading = t.mock.method(database, "rows", async (statement: Parameters<typeof rows>[0]) => {
        const read = await rows(statement);
        if (statement.name === "select variant ids" && ++reads === 1)
          good(await addVariant(id, { options: { size: "M" }, price: 50, stock: 5 }), 201);
        return read;
      });
      const { price, variants } = (await change(id)).body;
      reading.mock.restore();
      assert.deepEqual([price, variants.map(({ options }: Json) => options.size).slice(0, 2)], [50, ["S", "M"]]);
      assert.deepEqual((await read(id)).variants, variants);
    }
  });
});
