// Edits of the catalog: versions, ambiguous edits, and values that belong to one variant only.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { good, type Json, refused } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other } = await twoInstances();

const create = async (body: object): Promise<Json> => good(await shop.operator.post("/admin/products", body), 201);
const edit = (id: string, body: object) => shop.operator.patch(`/admin/products/${id}`, body);
const read = async (id: string): Promise<Json> => good(await shop.operator.get(`/products/${id}`), 200);
const shirt = (...sizes: string[]) => ({ name: "셔츠", variants: sizes.map((size) => ({ options: { size }, price: 100, stock: 5 })) });

/** The paths of the invalid fields. */
function invalidFields(answer: Json): string[] {
  return (refused(answer, 400, "INVALID_REQUEST") as Json).errors.map(({ path }: Json) => path);
}

describe("versions", () => {
  test("versions are visible to operators only", async () => {
    const { id, version, variants } = await create(shirt("S", "M"));
    assert.deepEqual([version, variants[0].version], [0, 0]);
    const user = await shop.user();
    for (const answer of [await shop.anyone("GET", `/products/${id}`), await user.get(`/products/${id}`)]) {
      assert.equal("version" in good(answer, 200), false);
      assert.equal("version" in answer.body.variants[0], false);
    }
  });

  // edit-product.ts raises both versions.
  test("an edit raises the product's version, and a variant's version only if it changes that variant", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    const versions = ({ version, variants: [small, medium] }: Json) => [version, small.version, medium.version];
    assert.deepEqual(versions(good(await edit(id, { name: "새 셔츠" }), 200)), [1, 0, 0]);
    assert.deepEqual(versions(good(await edit(id, { variants: [{ id: variants[1].id, price: 120 }] }), 200)), [2, 0, 1]);
    assert.deepEqual(versions(await read(id)), [2, 0, 1]);
  });

  test("an edit without a change, a sale and a stock adjustment raise no version", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    const [{ id: variantId, options }] = variants;
    good(await edit(id, { name: "셔츠", variants: [{ id: variantId, options, price: 100, sku: null }] }), 200);
    const user = await shop.user({ balance: 1000 });
    good(await user.post("/orders", { orderItems: [{ productId: id, variantId, quantity: 2 }] }), 201);
    good(await shop.operator.post(`/admin/variants/${variantId}/stock`, { delta: 3, reason: "입고" }), 200);
    const { version, variants: now } = await read(id);
    assert.deepEqual([version, now[0].version, now[0].stock], [0, 0, 6]);
  });

  test("an edit of an old product version is refused whole, with the current product", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    good(await edit(id, { name: "먼저", version: 0 }), 200);
    const problem = refused(await edit(id, { name: "나중", version: 0, variants: [{ id: variants[0].id, price: 7 }] }), 409, "VERSION_CONFLICT");
    assert.equal(problem["detail"], "다른 사람이 먼저 수정했습니다");
    assert.deepEqual(problem["current"], await read(id));
    assert.deepEqual([problem["current"].name, problem["current"].price], ["먼저", 100]);
    good(await edit(id, { name: "나중", version: 1 }), 200);
  });

  test("an edit of an old variant version is refused whole", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    good(await edit(id, { variants: [{ id: variants[0].id, price: 90, version: 0 }] }), 200);
    const stale = { id: variants[0].id, price: 80, version: 0 };
    refused(await edit(id, { name: "나중", variants: [{ id: variants[1].id, price: 70, version: 0 }, stale] }), 409, "VERSION_CONFLICT");
    const now = await read(id);
    assert.deepEqual([now.name, now.variants[0].price, now.variants[1].price], ["셔츠", 90, 100]);
  });

  test("of concurrent edits of one version at two instances exactly one succeeds", async () => {
    const { id } = await create(shirt("S"));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => shop.operator.at(i % 2 ? shop : other).patch(`/admin/products/${id}`, { name: `셔츠 ${i}`, version: 0 })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array<number>(19).fill(409)]);
    assert.equal((await read(id)).version, 1);
  });

  test("a version conflict is stored and replayed under its idempotency key", async () => {
    const { id } = await create(shirt("S"));
    good(await edit(id, { name: "먼저" }), 200);
    const again = () => shop.operator.patch(`/admin/products/${id}`, { name: "나중", version: 0 }, { "idempotency-key": `stale-${id}` });
    refused(await again(), 409, "VERSION_CONFLICT");
    assert.equal((await again()).headers["idempotent-replayed"], "true");
  });
});

describe("an edit that contradicts itself", () => {
  test("an edit that names a variant twice is refused", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    const [small, medium] = variants;
    const twice = [{ id: small.id, price: 1 }, { id: medium.id }, { id: small.id.toUpperCase(), name: "작은" }];
    assert.deepEqual(invalidFields(await edit(id, { variants: twice })), ["/variants/2/id"]);
    assert.equal((await read(id)).variants[0].price, 100);
  });

  test("an edit that gives the only variant two prices is refused", async () => {
    const { id, variants } = await create(shirt("S"));
    assert.deepEqual(invalidFields(await edit(id, { price: 10, variants: [{ id: variants[0].id, price: 20 }] })), ["/price"]);
    const { price } = good(await edit(id, { price: 10, variants: [{ id: variants[0].id, price: 10, name: "작은" }] }), 200);
    assert.equal(price, 10);
  });
});

describe("two variants of a product with equal options", () => {
  test("variants with equal options are refused when a product is created", async () => {
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", shirt("S", "M", "S"))), ["/variants/2/options"]);
    const bulk = { products: [shirt("S"), shirt("M", "M"), shirt("L", "L")] };
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", bulk)), [
      "/products/1/variants/1/options",
      "/products/2/variants/1/options",
    ]);
  });

  test("an edit cannot make two variants equal, but can exchange their options", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    const [small, medium] = variants;
    assert.deepEqual(invalidFields(await edit(id, { variants: [{ id: medium.id, options: { size: "S" } }] })), ["/variants/0/options"]);
    const exchanged = [
      { id: medium.id, options: { size: "S" } },
      { id: small.id, options: { size: "M" } },
    ];
    assert.deepEqual(
      good(await edit(id, { variants: exchanged }), 200).variants.map(({ name }: Json) => name),
      ["M", "S"],
    );
  });
});

describe("a SKU", () => {
  const cupWith = (sku: string | undefined) => ({ name: "컵", variants: [{ ...(sku === undefined ? {} : { sku }), price: 1, stock: 1 }] });

  test("a SKU belongs to one variant of the shop", async () => {
    const [sku, free] = [`S-${randomUUID()}`, `F-${randomUUID()}`];
    await create(cupWith(sku));
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", cupWith(sku))), ["/variants/0/sku"]);
    const bulk = { products: [cupWith(free), cupWith(undefined), { name: "잔", variants: [cupWith(sku).variants[0], cupWith(free).variants[0]] }] };
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", bulk)), ["/products/2/variants/0/sku", "/products/2/variants/1/sku"]);
    const { id, variants } = await create(cupWith(free));
    assert.deepEqual(invalidFields(await edit(id, { variants: [{ id: variants[0].id, sku }] })), ["/variants/0/sku"]);
    assert.equal((await read(id)).variants[0].sku, free);
  });

  test("two SKUs that differ in one byte are different", async () => {
    const sku = `é-${randomUUID()}`;
    for (const one of [sku, ` ${sku}`, sku.toUpperCase(), sku.normalize("NFD")]) assert.equal((await create(cupWith(one))).variants[0].sku, one);
  });

  test("a cleared SKU is free again, even for a concurrent new variant", async () => {
    const sku = `S-${randomUUID()}`;
    const { id, variants } = await create(cupWith(sku));
    const [cleared, made] = await Promise.all([
      edit(id, { variants: [{ id: variants[0].id, sku: null }] }),
      shop.operator.post("/admin/products", cupWith(sku)),
    ]);
    assert.equal(good(cleared, 200).variants[0].sku, null);
    if (made.status === 400) await create(cupWith(sku));
    assert.deepEqual(invalidFields(await edit(id, { variants: [{ id: variants[0].id, sku }] })), ["/variants/0/sku"]);
  });

  // Without DEFERRABLE in the migration PostgreSQL would check after each row.
  test("two variants can exchange their SKUs", async () => {
    const [first, second] = [`A-${randomUUID()}`, `B-${randomUUID()}`];
    const { id, variants } = await create({ name: "컵", variants: [first, second].map((sku) => ({ sku, price: 1, stock: 1 })) });
    const exchanged = [second, first].map((sku, i) => ({ id: variants[i].id, sku }));
    const edited = good(await edit(id, { variants: exchanged }), 200);
    assert.deepEqual(
      edited.variants.map(({ sku, name }: Json) => [sku, name]),
      [
        [second, second],
        [first, first],
      ],
    );
    assert.deepEqual(await read(id), edited);
  });

  test("of concurrent products with one SKU at two instances exactly one is created", async () => {
    for (let round = 0; round < 5; round++) {
      const sku = `R-${randomUUID()}`;
      const answers = await Promise.all([shop, other, shop, other].map((at) => shop.operator.at(at).post("/admin/products", cupWith(sku))));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 400, 400, 400]);
    }
  });
});

describe("a variant's name", () => {
  test("a variant's name that was made of its options follows them", async () => {
    const { id, variants } = await create({
      name: "셔츠",
      variants: ["M", "L"].map((size) => ({ options: { color: "빨강", size }, price: 1, stock: 1 })),
    });
    const edited = good(await edit(id, { variants: [{ id: variants[0].id, options: { size: "S", color: "빨강" } }] }), 200);
    assert.equal(edited.variants[0].name, "빨강 / S");
    assert.equal((await read(id)).variants[0].name, "빨강 / S");
  });

  test("a variant's name that is set to null is made of its options again, or is the product's name", async () => {
    const { id, variants } = await create(shirt("S", "M"));
    const name = async (value: string | null) => good(await edit(id, { variants: [{ id: variants[0].id, name: value }] }), 200).variants[0].name;
    assert.equal(await name("여름 한정"), "여름 한정");
    assert.equal(await name(null), "S");
    const cup = await create({ name: "컵", variants: [{ name: "큰 컵", price: 1, stock: 1 }] });
    assert.equal(good(await edit(cup.id, { variants: [{ id: cup.variants[0].id, name: null }] }), 200).variants[0].name, "컵");
  });
});
