// Drops as operators create them and as visitors see them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => void (shop = await openTestShop()));
after(() => shop.close());

const HOUR_MS = 3_600_000;
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
const create = (fields: Record<string, unknown>): Promise<Answer> =>
  shop.operator.post("/admin/drops", { name: "한정판", opensAt: at(HOUR_MS), ...fields });
const invalidField = (answer: Answer): string => (refused(answer, 400, "INVALID_REQUEST")["errors"] as { path: string }[])[0]?.path ?? "";

describe("creating a drop", () => {
  test("a drop takes its product, and visitors see both", async () => {
    const { id: productId } = await shop.product({ stock: 7 });
    const closesAt = at(2 * HOUR_MS);
    const drop = good(await create({ productId, closesAt, limitPerCustomer: 2, metadata: { line: "봄" } }), 201);
    assert.deepEqual(
      { ...drop, id: "", opensAt: "", serverTime: "" },
      {
        id: "",
        name: "한정판",
        productId,
        mode: "DIRECT",
        opensAt: "",
        closesAt,
        limitPerCustomer: 2,
        holdFor: null,
        waitlist: false,
        status: "UPCOMING",
        remaining: 7,
        entries: 0,
        called: 0,
        serverTime: "",
        metadata: { line: "봄" },
        version: 1,
      },
    );
    const shown = good(await shop.anyone("GET", `/drops/${drop.id}`), 200);
    assert.deepEqual({ ...shown, serverTime: "" }, { ...drop, serverTime: "" });
    assert.ok(good(await shop.anyone("GET", "/drops?status=UPCOMING"), 200).drops.some(({ id }: { id: string }) => id === drop.id));
    assert.equal(good(await shop.anyone("GET", `/products/${productId}`), 200).dropId, drop.id);
    refused(await shop.anyone("GET", `/drops/${productId}`), 404, "DROP_NOT_FOUND");
  });

  test("a product has one drop that is not over, also when two are created at once", async () => {
    const { id: productId } = await shop.product();
    const answers = await Promise.all([1, 2, 3].map(() => create({ productId })));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409]);
    const created = answers.find(({ status }) => status === 201);
    assert.equal(refused(await create({ productId }), 409, "DROP_EXISTS")["dropId"], created?.body.id);
  });

  test("a surprise is prepared hidden and without stock, and no unit is sold outside of its drop", async () => {
    const product = await shop.product({ status: "NOT_FOR_SALE", stock: 0 });
    const [buyer] = await shop.users(1, { balance: 1_000_000 });
    const order = (quantity = 1) => (buyer as Client).post("/orders", { orderItems: [{ productId: product.id, quantity }] });
    refused(await order(), 400, "PRODUCT_NOT_FOR_SALE");
    good(await shop.operator.patch(`/admin/products/${product.id}`, { status: "ON_SALE" }), 200);
    refused(await order(), 400, "STOCK_INSUFFICIENT");
    good(await create({ productId: product.id, limitPerCustomer: 1, opensAt: at(-1000) }), 201);
    good(await shop.operator.post(`/admin/variants/${product.variants[0]?.id}/stock`, { delta: 5, reason: "the drop" }), 200);
    refused(await order(2), 409, "DROP_LIMIT_EXCEEDED");
    good(await order(), 201);
  });

  test("each wrong field of a new drop is named", async () => {
    const { id: productId } = await shop.product();
    const bad: [string, Record<string, unknown>][] = [
      ["/opensAt", { opensAt: at(-HOUR_MS) }],
      ["/closesAt", { closesAt: at(HOUR_MS / 2) }],
      ["/closesAt", { mode: "DRAW" }],
      ["/limitPerCustomer", { limitPerCustomer: 0 }],
      ["/holdFor", { mode: "FIRST_COME", closesAt: at(2 * HOUR_MS), holdFor: "PT2H" }],
      ["/holdFor", { mode: "FIRST_COME", holdFor: "five minutes" }],
      ["/publicValueSource", { publicValueSource: "a lottery" }],
      ["/mode", { mode: "LOTTERY" }],
      ["/productId", { productId: "apple" }],
    ];
    for (const [path, fields] of bad) assert.equal(invalidField(await create({ productId, ...fields })), path);
    const unknown = "00000000-0000-4000-8000-000000000000";
    assert.equal(refused(await create({ productId: unknown }), 404, "PRODUCT_NOT_FOUND")["productId"], unknown);
    const { id: withdrawn } = await shop.product({ status: "NOT_FOR_SALE" });
    assert.equal(refused(await create({ productId: withdrawn }), 400, "PRODUCT_NOT_FOR_SALE")["productId"], withdrawn);
  });
});
