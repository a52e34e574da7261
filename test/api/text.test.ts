// Text for people is stored in one form, however it was typed. Keys of other systems are stored
// byte for byte.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { migrate } from "../../src/database/migrate.ts";
import { freshDatabase } from "../support/database.ts";
import { good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

const decomposed = (text: string): string => text.normalize("NFD");
/** As if typed on another system and pasted with blanks around it. */
const pasted = (text: string): string => `\u3000\n ${decomposed(text)}\t\u00a0`;

/** The paths of the invalid fields. */
function invalidFields(answer: Json): string[] {
  return [...new Set<string>((refused(answer, 400, "INVALID_REQUEST") as Json).errors.map(({ path }: Json) => path))];
}

describe("text that people read", () => {
  // The schema keywords for text do it (addTextKeywords).
  test("text of products, variants and options is stored in NFC and trimmed", async () => {
    const variant = { name: pasted("큰 항아리"), options: { [pasted("색상")]: pasted("쪽빛") }, price: 1, stock: 1 };
    const product: Json = await shop.product({ name: pasted("백자 항아리"), description: pasted("가마에서\n갓 나온"), variants: [variant] });
    assert.deepEqual([product.name, product.description], ["백자 항아리", "가마에서\n갓 나온"]);
    assert.deepEqual([product.variants[0].name, product.variants[0].options], ["큰 항아리", { 색상: "쪽빛" }]);
    const edit = {
      name: pasted("청자"),
      description: pasted(""),
      variants: [{ id: product.variants[0].id, name: pasted("작은"), options: { [pasted("크기")]: "소" } }],
    };
    const edited = good(await shop.operator.patch(`/admin/products/${product.id}`, edit), 200);
    assert.deepEqual([edited.name, edited.description, edited.variants[0].name, edited.variants[0].options], ["청자", "", "작은", { 크기: "소" }]);
  });

  test("text of users, campaigns and reasons is stored in NFC and trimmed", async () => {
    assert.equal(good(await shop.operator.post("/admin/users", { name: pasted("홍길동") }), 201).name, "홍길동");
    assert.equal(good(await shop.operator.post("/admin/users", { users: [{ name: pasted("임꺽정") }] }), 201).users[0].name, "임꺽정");
    const campaign: Json = await shop.campaign({ name: pasted("첫 장날") });
    assert.equal(campaign.name, "첫 장날");
    assert.equal(good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { name: pasted("둘째 장날") }), 200).name, "둘째 장날");
    const product: Json = await shop.product();
    const path = `/admin/variants/${product.variants[0].id}/stock`;
    good(await shop.operator.post(path, { delta: 1, reason: pasted("입고") }), 200);
    assert.equal(good(await shop.operator.get(path), 200).adjustments[0].reason, "입고");
  });

  test("the length of text is counted in code points after normalization", async () => {
    const name = "각".repeat(300);
    assert.equal(((await shop.product({ name: ` ${decomposed(name)} ` })) as Json).name, name);
    assert.equal(((await shop.product({ name: "🍎".repeat(300) })) as Json).name, "🍎".repeat(300));
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", { name: `${name}각`, price: 1, stock: 1 })), ["/name"]);
    const options = { ["각".repeat(101)]: "값" };
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", { name, variants: [{ options, price: 1, stock: 1 }] })), [
      `/variants/0/options/${"각".repeat(101)}`,
    ]);
  });

  test("text that is blank after trimming counts as missing", async () => {
    const blank = pasted("");
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/users", { name: blank })), ["/name"]);
    const variant = { options: { [blank]: blank }, price: 1, stock: 1 };
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", { name: blank, variants: [variant] })).sort(), [
      "/name",
      "/variants/0/options/",
    ]);
  });

  test("an option key that repeats another one in a different Unicode form is refused, because one value would be lost", async () => {
    const options = { 색상: "빨강", [decomposed("색상")]: "파랑" };
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", { name: "컵", variants: [{ options, price: 1, stock: 1 }] })), [
      "/variants/0/options",
    ]);
  });

  test("two variants whose options differ only in Unicode form are refused as duplicates", async () => {
    const variants = ["쪽빛", pasted("쪽빛")].map((색상) => ({ options: { 색상 }, price: 1, stock: 1 }));
    assert.deepEqual(invalidFields(await shop.operator.post("/admin/products", { name: "컵", variants })), ["/variants/1/options"]);
  });

  test("the same text in two Unicode forms is one request under one idempotency key", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const { id } = good(await shop.operator.post("/admin/users", { name: "홍길동" }, headers), 201);
    assert.equal(good(await shop.operator.post("/admin/users", { name: pasted("홍길동") }, headers), 201).id, id);
  });
});

test("a list sorted by name continues after a name of 300 emoji", async () => {
  const names = ["🍏", "🍐"].map((one) => one.repeat(300));
  for (const name of names) await shop.product({ name });
  const found: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Json = good(await shop.anyone("GET", `/products?sort=name&limit=1${cursor && `&cursor=${cursor}`}`), 200);
    found.push(page.products[0]?.name);
    cursor = page.nextCursor;
  }
  assert.deepEqual(
    found.filter((name) => names.includes(name)),
    names,
  );
});

test("an externalId and a SKU are stored byte for byte", async () => {
  const key = ` ${decomposed("고객")}-${randomUUID()}\t`;
  assert.equal(good(await shop.operator.post("/admin/users", { name: "홍길동", externalId: key }), 201).externalId, key);
  assert.equal(good(await shop.operator.post("/admin/users", { name: "홍길동", externalId: key.trim() }), 201).externalId, key.trim());
  const product: Json = await shop.product({ variants: [{ sku: key, price: 1, stock: 1 }] });
  assert.equal(product.variants[0].sku, key);
});

describe("a product search", () => {
  let id: string;
  before(async () => {
    const variants = [
      { sku: decomposed("모시-W1"), options: { 색상: "백색", Size: "Large" }, price: 1, stock: 1 },
      { sku: "MOSI-I", options: { 색상: "쪽빛", Size: "Small" }, price: 1, stock: 0 },
    ];
    ({ id } = await shop.product({ name: "한산 모시 Été 100% a_b\\c", variants }));
    await shop.product({ name: "안동 모시 1000" });
  });
  const ids = (answer: Json): string[] => good(answer, 200).products.map((one: Json) => one.id);
  const lists = ["/products?limit=100", "/admin/products?limit=100"];
  const search = (list: string, q: string) => shop.operator.get(`${list}&q=${encodeURIComponent(q)}`);

  const FOUND: [description: string, q: string][] = [
    ["in another Unicode form", decomposed("한산 모시")],
    ["with blanks around it", pasted("한산")],
    ["in another case", "éTÉ"],
    ["with several words in any order", "été  한산"],
    ["with words from the name, an option and a SKU", "한산 쪽빛 mosi-i"],
    ["with words from the options of two variants", "백색 small"],
    ["for a SKU that is stored in another form", "모시-w1"],
    ["for characters that LIKE treats specially", "100% a_b\\c"],
  ];
  for (const list of lists) {
    for (const [description, q] of FOUND)
      test(`a search ${description} finds the product at ${list}`, async () => assert.deepEqual(ids(await search(list, q)), [id]));
    test(`a search at ${list} needs each of its words to occur, and takes the wildcards of LIKE literally`, async () => {
      for (const q of ["한산 안동", "한산 없는말", "한산 100%%", "_한산", "한산 Size"]) assert.deepEqual(ids(await search(list, q)), [], q);
    });
    test(`a search for blanks at ${list} returns every product`, async () => assert.ok(ids(await search(list, " \u3000 ")).length >= 2));
  }

  test("a search for users matches names and external ids, word by word", async () => {
    const externalId = `${decomposed("회원")}-${randomUUID()}_%`;
    const user = good(await shop.operator.post("/admin/users", { name: "김 Été 검색", externalId }), 201);
    const found = async (q: string): Promise<string[]> =>
      good(await shop.operator.get(`/admin/users?q=${encodeURIComponent(q)}`), 200).users.map((one: Json) => one.id);
    for (const q of [decomposed("검색"), "  김   검색 ", "éTÉ 김", `검색 ${externalId}`, "_% 검색"]) assert.deepEqual(await found(q), [user.id], q);
    for (const q of ["김 없는말", "김%검색"]) assert.deepEqual(await found(q), [], q);
  });
});

describe("text stored before normalization was introduced", () => {
  const IDS = Array.from({ length: 6 }, () => randomUUID()).sort();
  let database: { url: string; drop(): Promise<void> };
  let client: pg.Client;
  const rows = async (text: string): Promise<Json[]> => (await client.query(text)).rows;

  before(async () => {
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    // Undo the migrations that introduced the normalized form.
    await client.query("DELETE FROM migrations WHERE name >= '0007' AND name < '0013'");
    await client.query("ALTER TABLE variants DROP CONSTRAINT variants_sku_unique, DROP COLUMN version, DROP COLUMN status");
    await client.query("ALTER TABLE products DROP COLUMN version");
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  test("the migration normalizes stored text and reports each suffix that it adds to a duplicate SKU", async () => {
    const [product] = IDS;
    await client.query("INSERT INTO products (id, name, description, status, price, created_at) VALUES ($1, $2, $3, 'ON_SALE', 1, now())", [
      product,
      pasted("백자"),
      pasted("가마에서\n갓"),
    ]);
    const variants: [sku: string | null, name: string | null, options: object][] = [
      ["A", pasted("큰"), { [decomposed("색상")]: pasted("쪽빛"), size: "M" }],
      ["A", null, { 색상: "빨강", [decomposed("색상")]: "파랑" }],
      ["A-2", null, {}],
      ["A", "그대로", {}],
      ["L".repeat(100), null, {}],
      ["L".repeat(100), null, {}],
    ];
    for (const [i, [sku, name, options]] of variants.entries())
      await client.query("INSERT INTO variants (id, product_id, position, sku, name, options, price, stock) VALUES ($1, $2, $3, $4, $5, $6, 1, 1)", [
        IDS[i],
        product,
        i,
        sku,
        name,
        options,
      ]);
    await client.query("INSERT INTO users (id, name, external_id, created_at) VALUES ($1, $2, $3, now())", [
      product,
      pasted("홍길동"),
      pasted("회원"),
    ]);
    await client.query(
      "INSERT INTO campaigns (id, name, discount_type, discount_value, total_quantity, opens_at, created_at) VALUES ($1, $2, 'FIXED', 1, 1, now(), now())",
      [product, pasted("첫 장날")],
    );

    const messages: string[] = [];
    await migrate(database.url, (message) => messages.push(message));

    assert.deepEqual(await rows("SELECT name, description, version FROM products"), [{ name: "백자", description: "가마에서\n갓", version: 0 }]);
    assert.deepEqual(await rows("SELECT name, external_id FROM users"), [{ name: "홍길동", external_id: pasted("회원") }]);
    assert.deepEqual(await rows("SELECT name FROM campaigns"), [{ name: "첫 장날" }]);
    const now = await rows("SELECT sku, name, options, status FROM variants ORDER BY id");
    assert.deepEqual(
      now.map(({ sku }) => sku),
      ["A", "A-3", "A-2", "A-4", "L".repeat(100), `${"L".repeat(98)}-2`],
    );
    assert.deepEqual([now[0].name, now[0].options, now[0].status], ["큰", { 색상: "쪽빛", size: "M" }, "ON_SALE"]);
    assert.equal(Object.keys(now[1].options).length, 2);
    assert.equal(now[3].name, "그대로");
    assert.deepEqual(messages.length, 3);
    assert.ok(messages.every((message) => /SKU .* was in use twice/.test(message)));
    await assert.rejects(client.query("UPDATE variants SET sku = 'A'"), /variants_sku_unique/);
  });
});
