// Entity tags, 304 and the headers for caches.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Answer, good, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let product: { id: string };
let campaign: { id: string };
before(async () => {
  shop = await openTestShop();
  product = await shop.product({ name: "배", stock: 10 });
  campaign = await shop.campaign();
  const opensAt = new Date(Date.now() + 3_600_000).toISOString();
  good(await shop.operator.post("/admin/drops", { name: "한정판", productId: (await shop.product()).id, opensAt }), 201);
});
after(() => shop.close());

const paths = (): string[] => ["/products", "/products?limit=1&sort=name", "/products/popular", "/coupons", "/drops", `/coupons/${campaign.id}`];
const read = (path: string, headers: Record<string, string> = {}): Promise<Answer> => shop.anyone("GET", path, undefined, headers);
const cachingOf = ({ headers }: Answer): unknown => [headers["cache-control"], headers["vary"]];

describe("lists and campaigns", () => {
  test("a list or campaign has an entity tag, may be kept, and has to be revalidated", async () => {
    for (const path of paths()) {
      const answer = await read(path);
      assert.match(String(answer.headers["etag"]), /^(?:W\/)?"[\w-]+"$/, path);
      assert.deepEqual(cachingOf(answer), ["no-cache", "Authorization, Accept-Language"], path);
    }
  });

  test("with a token only the client's own cache may keep it", async () => {
    const user = await shop.user();
    for (const path of paths()) assert.deepEqual(cachingOf(await user.get(path)), ["private, no-cache", "Authorization, Accept-Language"], path);
  });

  test("a client that has the answer gets 304 without a body", async () => {
    for (const path of paths()) {
      const { headers } = await read(path);
      const tag = String(headers["etag"]);
      for (const known of [tag, `W/${tag.replace(/^W\//, "")}`, `"other", ${tag}`, "*"]) {
        const answer = await read(path, { "if-none-match": known });
        assert.deepEqual([answer.status, answer.text, answer.headers["etag"]], [304, "", tag], `${path} ${known}`);
        assert.deepEqual(cachingOf(answer), ["no-cache", "Authorization, Accept-Language"]);
        assert.equal(answer.headers["content-length"], undefined);
      }
      assert.equal((await read(path, { "if-none-match": '"other"' })).status, 200);
    }
  });

  test("a change of the list changes its tag", async () => {
    const before = (await read("/products")).headers["etag"];
    good(await shop.operator.patch(`/admin/products/${product.id}`, { name: "사과배" }), 200);
    const after = await read("/products", { "if-none-match": String(before) });
    assert.equal(after.status, 200);
    assert.notEqual(after.headers["etag"], before);
  });

  test("answers in two languages have different tags", async () => {
    const empty = "/products?q=nothing-has-this-name";
    const [ko, en] = await Promise.all(["ko", "en"].map((language) => read(empty, { "accept-language": language })));
    assert.notEqual(ko?.headers["etag"], en?.headers["etag"]);
  });

  test("a refusal has no tag", async () => {
    const answer = await read("/coupons/01a1f677-aa80-7000-8000-000000000011");
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["etag"], undefined);
  });
});

describe("answers under a user's authority", () => {
  test("an answer under a user's authority is kept by no cache, whether it grants or refuses", async () => {
    const user = await shop.user();
    const answers = [
      await user.get(`/users/${user.id}/balance`),
      await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }),
      await shop.operator.get("/admin/orders"),
      await read(`/users/${user.id}/balance`),
      await shop.operator.get(`/products/${product.id}`),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 400, 200, 401, 200],
    );
    for (const { headers } of answers) assert.equal(headers["cache-control"], "no-store");
  });
});
