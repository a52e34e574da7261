// With an Idempotency-Key a request has its effect once per caller and key, and each repeat gets
// the first response byte for byte.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { whileHeld } from "../support/hold.ts";
import { type Answer, call, type Client, good, openTestShop, refused, type TestShop, withoutRequestId } from "../support/shop.ts";

let shop: TestShop;
let second: TestShop;
let user: Client;
let product: { id: string; variants: { id: string }[] };
before(async () => {
  shop = await openTestShop({ env: { LOCK_WAIT_MS: "500" } });
  second = await openTestShop({ beside: shop });
  user = await shop.user({ balance: 1_000_000 });
  product = await shop.product({ price: 100, stock: 1_000_000 });
});
after(async () => {
  await second.close();
  await shop.close();
});

const keyed = (key: string, headers: Record<string, string> = {}): Record<string, string> => ({ "idempotency-key": key, ...headers });
const orderOf = (quantity = 1): { orderItems: { productId: string; quantity: number }[] } => ({ orderItems: [{ productId: product.id, quantity }] });

/** Status, content type and body of a first response, which must not be marked as a replay. */
function first(answer: Answer): { status: number; text: string; type: unknown } {
  assert.equal(answer.headers["idempotent-replayed"], undefined);
  return { status: answer.status, text: withoutRequestId(answer.text), type: answer.headers["content-type"] };
}

function replayed(answer: Answer): { status: number; text: string; type: unknown } {
  assert.equal(answer.headers["idempotent-replayed"], "true", `${answer.status} ${answer.text}`);
  return { status: answer.status, text: withoutRequestId(answer.text), type: answer.headers["content-type"] };
}

/**
 * Sends the same request three times under one key, to both instances, and returns the first
 * response.
 */
async function thrice(client: Client, method: string, path: string, body?: unknown): Promise<Answer> {
  const key = randomUUID();
  const answer = await client.send(method, path, body, keyed(key));
  const stored = first(answer);
  for (const instance of [shop, second])
    assert.deepEqual(replayed(await client.at(instance).send(method, path, body, keyed(key, { "accept-language": "en" }))), stored);
  return answer;
}

describe("a repeat gets the first answer", () => {
  test("repeats of 200, 201 and 204 responses are replayed, and the effect happens once", async () => {
    const me = await shop.user({ balance: 1000 });
    good(await thrice(me, "POST", `/users/${me.id}/balance/charge`, { amount: 500 }), 200);
    assert.equal(await shop.balanceOf(me), 1500);

    const { orderId } = good(await thrice(me, "POST", "/orders", orderOf(2)), 201);
    assert.equal(await shop.balanceOf(me), 1300);
    assert.equal(good(await me.get(`/users/${me.id}/orders`), 200).orders.length, 1);

    const { id } = good(await thrice(me, "POST", `/users/${me.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
    good(await thrice(me, "PATCH", `/users/${me.id}/cart/items/${id}`, { quantity: 3 }), 200);
    good(await thrice(me, "DELETE", `/users/${me.id}/cart/items/${id}`), 204);

    good(await thrice(me, "POST", `/coupons/${(await shop.campaign()).id}/issue`), 201);
    good(await thrice(me, "POST", `/orders/${orderId}/cancel`), 200);
    assert.equal(await shop.balanceOf(me), 1500);
  });

  test("repeats of refusals by business rules are replayed, for each status", async () => {
    const me = await shop.user({ balance: 1000 });
    const [empty, closed] = [await shop.product({ stock: 0 }), await shop.product({ status: "NOT_FOR_SALE" })];
    const unknownId = randomUUID();
    refused(await thrice(me, "POST", "/orders", { orderItems: [{ productId: empty.id, quantity: 1 }] }), 400, "STOCK_INSUFFICIENT");
    refused(await thrice(me, "POST", "/orders", { orderItems: [{ productId: closed.id, quantity: 1 }] }), 400, "PRODUCT_NOT_FOR_SALE");
    refused(await thrice(me, "POST", "/orders", orderOf(100_000)), 400, "BALANCE_INSUFFICIENT");
    refused(await thrice(me, "POST", "/orders", { orderItems: [{ productId: unknownId, quantity: 1 }] }), 404, "PRODUCT_NOT_FOUND");
    refused(await thrice(me, "POST", "/orders", { ...orderOf(), userCouponId: unknownId }), 404, "COUPON_NOT_FOUND");
    refused(await thrice(me, "POST", `/orders/${unknownId}/cancel`), 404, "ORDER_NOT_FOUND");
    refused(await thrice(me, "DELETE", `/users/${me.id}/cart/items/${unknownId}`), 404, "CART_ITEM_NOT_FOUND");
    refused(await thrice(me, "POST", `/users/${me.id}/balance/charge`, { amount: 1, version: 77 }), 409, "BALANCE_CONFLICT");
    const { orderId } = good(await me.post("/orders", { ...orderOf(), payment: { method: "DEFERRED" } }), 201);
    refused(await thrice(me, "POST", "/payments", { orderId, method: "CARD", paymentKey: "decline-me" }), 402, "PAYMENT_DECLINED");
    good(await thrice(me, "POST", `/orders/${orderId}/cancel`), 200);
    refused(await thrice(me, "POST", `/orders/${orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE");
    refused(await thrice(shop.operator, "POST", "/admin/jobs/no-such-job/run"), 404, "NOT_FOUND");
    refused(await thrice(shop.operator, "POST", `/admin/events/${unknownId}/replay`), 404, "NOT_FOUND");
    assert.equal(await shop.balanceOf(me), 1000);
  });

  test("a stored refusal is replayed even if its reason no longer holds", async () => {
    const scarce = await shop.product({ stock: 0, price: 1 });
    const body = { orderItems: [{ productId: scarce.id, quantity: 1 }] };
    const stored = first(await user.post("/orders", body, keyed("too-early")));
    good(await shop.operator.post(`/admin/variants/${scarce.variants[0]?.id}/stock`, { delta: 10, reason: "입고" }), 200);
    assert.deepEqual(replayed(await user.post("/orders", body, keyed("too-early"))), stored);
    assert.equal(await shop.stockOf(scarce), 10);
    good(await user.post("/orders", body, keyed("in-time")), 201);
  });

  // Without a key, this refusal would come from memory (soldOut.refusal).
  test("a sold-out refusal is stored and replayed, though without a key it comes from memory", async () => {
    const { id } = await shop.campaign({ totalQuantity: 1 });
    good(await (await shop.user()).post(`/coupons/${id}/issue`), 201);
    const late = await shop.user();
    for (let i = 0; i < 3; i++) refused(await late.post(`/coupons/${id}/issue`), 409, "COUPON_SOLD_OUT");
    const stored = first(await late.post(`/coupons/${id}/issue`, undefined, keyed("late")));
    assert.equal(stored.status, 409);
    good(await shop.operator.patch(`/admin/coupons/${id}`, { totalQuantity: 2 }), 200);
    assert.deepEqual(replayed(await late.post(`/coupons/${id}/issue`, undefined, keyed("late"))), stored);
    good(await late.post(`/coupons/${id}/issue`), 201);
  });

  test("repeats of operators' bulk requests are replayed", async () => {
    const users = good(await thrice(shop.operator, "POST", "/admin/users", { users: [{ name: "김" }, { name: "이" }, { name: "박" }] }), 201)
      .users as { id: string }[];
    good(
      await thrice(shop.operator, "POST", "/admin/balances/grant", { grants: users.map(({ id }) => ({ userId: id, amount: 7, reason: "환영" })) }),
      200,
    );
    for (const { id } of users) assert.equal(good(await shop.operator.get(`/users/${id}/balance`), 200).balance, 7);
    const many = good(
      await thrice(shop.operator, "POST", "/admin/products", {
        products: [
          { name: "배", price: 1, stock: 1 },
          { name: "감", price: 2, stock: 2 },
        ],
      }),
      201,
    ).products;
    good(await thrice(shop.operator, "POST", `/admin/variants/${many[0].variants[0].id}/stock`, { delta: 5, reason: "입고" }), 200);
    assert.equal(await shop.stockOf(many[0]), 6);
    good(await thrice(shop.operator, "PATCH", `/admin/products/${many[1].id}`, { price: 3 }), 200);
    const { id } = good(
      await thrice(shop.operator, "POST", "/admin/coupons", { name: "쿠폰", totalQuantity: 1, discount: { type: "FIXED", amount: 1 } }),
      201,
    );
    good(await thrice(shop.operator, "PATCH", `/admin/coupons/${id}`, { name: "새 쿠폰" }), 200);
    const order = good(await user.post("/orders", orderOf(5)), 201);
    good(
      await thrice(shop.operator, "POST", `/admin/orders/${order.orderId}/refunds`, {
        items: [{ variantId: product.variants[0]?.id, quantity: 2 }],
        reason: "단순 변심",
      }),
      200,
    );
    assert.equal(good(await user.get(`/orders/${order.orderId}`), 200).refundedAmount, 200);
    good(await thrice(shop.operator, "POST", "/admin/jobs/expire-orders/run"), 200);
  });

  test("a replay keeps the language of the first response", async () => {
    const stored = first(await user.post("/orders", orderOf(500_000), keyed("english", { "accept-language": "en" })));
    assert.match(stored.text, /Insufficient balance/);
    assert.deepEqual(replayed(await user.post("/orders", orderOf(500_000), keyed("english", { "accept-language": "ko" }))), stored);
  });

  test("a stored response is replayed after a restart", async (t) => {
    const before = await openTestShop({ beside: shop });
    t.after(() => before.close());
    const stored = first(await user.at(before).post("/orders", orderOf(), keyed("restart")));
    await before.close();
    const after = await openTestShop({ beside: shop });
    t.after(() => after.close());
    assert.deepEqual(replayed(await user.at(after).post("/orders", orderOf(), keyed("restart"))), stored);
  });
});

describe("refusals before the business rules", () => {
  /** The request is refused first, and then a valid request succeeds under the same key. */
  async function thenSucceeds(key: string, status: number, wrong: () => Promise<Answer>): Promise<void> {
    const answer = await wrong();
    assert.equal(answer.status, status, answer.text);
    first(answer);
    assert.equal(first(await user.post(charge(), { amount: 1 }, keyed(key))).status, 200);
  }
  const charge = (): string => `/users/${user.id}/balance/charge`;

  test("an invalid amount is not stored", () => thenSucceeds("shape", 400, () => user.post(charge(), { amount: 0 }, keyed("shape"))));
  test("a body that is not JSON is not stored", () => thenSucceeds("no-json", 400, () => user.post(charge(), "{", keyed("no-json"))));
  test("a missing token is not stored", () => thenSucceeds("no-token", 401, () => shop.anyone("POST", charge(), { amount: 1 }, keyed("no-token"))));
  test("a forbidden user is not stored", () =>
    thenSucceeds("not-own", 403, () => user.post("/orders", { ...orderOf(), userId: randomUUID() }, keyed("not-own"))));
  test("a body that is too large is not stored", () =>
    thenSucceeds("much", 413, () => user.post(charge(), `{"amount":1${" ".repeat(1_100_000)}}`, keyed("much"))));
  test("an unsupported content type is not stored", () =>
    thenSucceeds("type", 415, () => user.post(charge(), "<amount/>", keyed("type", { "content-type": "application/xml" }))));
  test("an INVALID_REQUEST that needs the database is not stored", async () => {
    const several = await shop.product({
      variants: [
        { price: 1, stock: 1 },
        { price: 2, stock: 2 },
      ],
    });
    await thenSucceeds("which", 400, async () => {
      const answer = await user.post("/orders", { orderItems: [{ productId: several.id, quantity: 1 }] }, keyed("which"));
      refused(answer, 400, "INVALID_REQUEST");
      return answer;
    });
  });

  test("a lock timeout is not stored", () =>
    thenSucceeds("busy", 503, () =>
      whileHeld(shop.shop.config.databaseUrl as string, "SELECT FROM users WHERE id = $1 FOR UPDATE", [user.id], () =>
        user.post(charge(), { amount: 1 }, keyed("busy")),
      ),
    ));

  test("a rate limit refusal is not stored", async (t) => {
    const limited = await openTestShop({ env: { RATE_LIMIT: "1" }, beside: shop });
    t.after(() => limited.close());
    const me = user.at(limited);
    await thenSucceeds("many", 429, async () => {
      const answers = await Promise.all(
        // Each worker counts for itself, so as many are let through as there are workers.
        Array.from({ length: 12 }, (_, i) => me.post(charge(), { amount: 1 }, keyed(i < 4 ? `let through ${i}` : "many"))),
      );
      return answers.at(-1) as Answer;
    });
  });
});

describe("one key identifies one request", () => {
  test("a key with another body or path is refused without effect", async () => {
    const me = await shop.user({ balance: 1000 });
    good(await me.post("/orders", orderOf(1), keyed("one")), 201);
    refused(await me.post("/orders", orderOf(2), keyed("one")), 422, "IDEMPOTENCY_KEY_REUSED");
    refused(await me.post("/orders", { ...orderOf(1), userId: me.id }, keyed("one")), 422, "IDEMPOTENCY_KEY_REUSED");
    refused(await me.post(`/users/${me.id}/balance/charge`, { amount: 1 }, keyed("one")), 422, "IDEMPOTENCY_KEY_REUSED");
    refused(await me.post("/payments", { orderId: randomUUID(), method: "CARD", paymentKey: "key" }, keyed("one")), 422, "IDEMPOTENCY_KEY_REUSED");
    const [a, b] = [await shop.campaign(), await shop.campaign()];
    good(await me.post(`/coupons/${a.id}/issue`, undefined, keyed("two")), 201);
    refused(await me.post(`/coupons/${b.id}/issue`, undefined, keyed("two")), 422, "IDEMPOTENCY_KEY_REUSED");
    assert.equal(await shop.balanceOf(me), 900);
  });

  test("a key with another body is refused after a stored refusal too", async () => {
    refused(await user.post("/orders", orderOf(500_000), keyed("refused")), 400, "BALANCE_INSUFFICIENT");
    refused(await user.post("/orders", orderOf(1), keyed("refused")), 422, "IDEMPOTENCY_KEY_REUSED");
  });

  test("the same JSON in another key order, with other spaces, letter case of ids or query is the same request", async () => {
    const me = await shop.user({ balance: 1000 });
    const item = product.variants[0]?.id as string;
    const stored = first(
      await me.post(
        "/orders",
        `{"userId":"${me.id}","orderItems":[{"productId":"${product.id}","variantId":"${item}","quantity":1}]}`,
        keyed("order"),
      ),
    );
    for (const body of [
      `{"orderItems":[{"quantity":1,"variantId":"${item}","productId":"${product.id}"}],"userId":"${me.id}"}`,
      `{ "orderItems" : [ { "quantity" : 1.0, "productId" : "${product.id}", "variantId": "${item}" } ],\n"user\\u0049d" : "${me.id}" }`,
    ])
      assert.deepEqual(replayed(await me.post("/orders", body, keyed("order"))), stored);
    const charged = first(await me.post(`/users/${me.id}/balance/charge`, { amount: 1 }, keyed("charge")));
    assert.deepEqual(replayed(await me.post(`/users/${me.id.toUpperCase()}/balance/charge?again=yes`, { amount: 1 }, keyed("charge"))), charged);
    const { id } = await shop.campaign();
    const issued = first(await me.post(`/coupons/${id}/issue`, {}, keyed("issue")));
    assert.deepEqual(replayed(await me.post(`/coupons/${id}/issue`, undefined, keyed("issue"))), issued);
  });

  test("a list in another order is another request", async () => {
    const other = await shop.product({ price: 1 });
    const items = [
      { productId: product.id, quantity: 1 },
      { productId: other.id, quantity: 1 },
    ];
    good(await user.post("/orders", { orderItems: items }, keyed("list")), 201);
    refused(await user.post("/orders", { orderItems: items.toReversed() }, keyed("list")), 422, "IDEMPOTENCY_KEY_REUSED");
  });

  test("callers do not share keys", async () => {
    const [a, b] = (await shop.users(2, { balance: 1000 })) as [Client, Client];
    const one = good(await a.post("/orders", orderOf(), keyed("shared")), 201);
    const two = good(await b.post("/orders", orderOf(), keyed("shared")), 201);
    assert.notEqual(one.orderId, two.orderId);
    assert.equal(await shop.balanceOf(b), 900);
  });

  test("an idempotency key has 1 to 255 visible ASCII characters", async () => {
    for (const key of ["", " ", "two words", "a\tb", "k".repeat(256), "kéy"]) {
      const { errors } = refused(await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }, keyed(key)), 400, "INVALID_REQUEST") as {
        errors: { path: string }[];
      };
      assert.equal(errors[0]?.path, "/headers/idempotency-key", JSON.stringify(key));
    }
    for (const key of ["k".repeat(255), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a"]) good(await twiceWith(key), 200);
    // A read takes no key, so it ignores the header.
    assert.equal((await user.get(`/users/${user.id}/balance`, keyed("two words"))).status, 200);

    async function twiceWith(key: string): Promise<Answer> {
      const answer = await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }, keyed(key));
      assert.deepEqual(replayed(await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }, keyed(key))), first(answer));
      return answer;
    }
  });
});

describe("concurrent requests under one key", () => {
  const concurrently = (count: number, send: (client: Client, i: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, (_, i) => send(user.at(i % 2 ? second : shop), i)));

  // The primary key of idempotency_keys decides.
  test("a hundred concurrent requests with one key at two instances have one effect and one response", async () => {
    const me = await shop.user({ balance: 1000 });
    const answers = await concurrently(100, (_, i) => me.at(i % 2 ? second : shop).post("/orders", orderOf(), keyed("crowd")));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    assert.equal(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined).length, 1);
    assert.equal(await shop.balanceOf(me), 900);
    assert.equal(good(await me.get(`/users/${me.id}/orders`), 200).orders.length, 1);
  });

  test("a concurrent create under one key creates one row", async () => {
    const answers = await concurrently(50, (_, i) =>
      shop.operator.at(i % 2 ? second : shop).post("/admin/users", { name: "하나뿐" }, keyed("only-one")),
    );
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    assert.equal(answers[0]?.status, 201);
  });

  test("a hundred concurrent refusals under one key are one refusal", async () => {
    const answers = await concurrently(100, (client) => client.post("/orders", orderOf(500_000), keyed("poor-crowd")));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [400]);
    assert.equal(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined).length, 1);
  });

  test("of concurrent requests with different bodies under one key one is served and the others are refused", async () => {
    const me = await shop.user({ balance: 100_000 });
    const answers = await concurrently(40, (_, i) => me.at(i % 2 ? second : shop).post("/orders", orderOf(i + 1), keyed("bodies")));
    const served = answers.filter(({ status }) => status === 201);
    assert.equal(served.length, 1);
    for (const answer of answers) if (answer.status !== 201) refused(answer, 422, "IDEMPOTENCY_KEY_REUSED");
    assert.equal(await shop.balanceOf(me), 100_000 - served[0]?.body.paidAmount);
  });

  test("a caller who disconnects and repeats the request gets the first result, or the effect happens then", async () => {
    const me = await shop.user();
    const abort = AbortSignal.timeout(2);
    await fetch(`${shop.url}/users/${me.id}/balance/charge`, {
      method: "POST",
      signal: abort,
      headers: { authorization: `Bearer ${me.token}`, "content-type": "application/json", "idempotency-key": "gone" },
      body: '{"amount":5}',
    }).catch(() => {});
    good(await call(shop.url, "POST", `/users/${me.id}/balance/charge`, { amount: 5 }, keyed("gone", { authorization: `Bearer ${me.token}` })), 200);
    assert.equal(await shop.balanceOf(me), 5);
  });
});
