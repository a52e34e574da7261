// With an Idempotency-Key the effect happens once per caller and key, and whoever repeats the request gets the first answer, byte for byte.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { whileHeld } from "../support/hold.ts";
import { type Answer, call, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

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

/** Status, type and body of the first answer, and no word of a replay. */
function first(answer: Answer): { status: number; text: string; type: unknown } {
  assert.equal(answer.headers["idempotent-replayed"], undefined);
  return { status: answer.status, text: answer.text, type: answer.headers["content-type"] };
}

function replayed(answer: Answer): { status: number; text: string; type: unknown } {
  assert.equal(answer.headers["idempotent-replayed"], "true", `${answer.status} ${answer.text}`);
  return { status: answer.status, text: answer.text, type: answer.headers["content-type"] };
}

/** Sends the same thing three times under one key, to both instances, and answers the first. */
async function thrice(client: Client, method: string, path: string, body?: unknown): Promise<Answer> {
  const key = randomUUID();
  const answer = await client.send(method, path, body, keyed(key));
  const kept = first(answer);
  for (const instance of [shop, second])
    assert.deepEqual(replayed(await client.at(instance).send(method, path, body, keyed(key, { "accept-language": "en" }))), kept);
  return answer;
}

describe("a repeat gets the first answer", () => {
  test("200, 201 and 204, and the effect happens once", async () => {
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

  test("refusals by the shop's own rules, of every status", async () => {
    const me = await shop.user({ balance: 1000 });
    const [empty, closed] = [await shop.product({ stock: 0 }), await shop.product({ status: "NOT_FOR_SALE" })];
    const nothing = randomUUID();
    refused(await thrice(me, "POST", "/orders", { orderItems: [{ productId: empty.id, quantity: 1 }] }), 400, "STOCK_INSUFFICIENT");
    refused(await thrice(me, "POST", "/orders", { orderItems: [{ productId: closed.id, quantity: 1 }] }), 400, "PRODUCT_NOT_FOR_SALE");
    refused(await thrice(me, "POST", "/orders", orderOf(100_000)), 400, "BALANCE_INSUFFICIENT");
    refused(await thrice(me, "POST", "/orders", { orderItems: [{ productId: nothing, quantity: 1 }] }), 404, "PRODUCT_NOT_FOUND");
    refused(await thrice(me, "POST", "/orders", { ...orderOf(), userCouponId: nothing }), 404, "COUPON_NOT_FOUND");
    refused(await thrice(me, "POST", `/orders/${nothing}/cancel`), 404, "ORDER_NOT_FOUND");
    refused(await thrice(me, "DELETE", `/users/${me.id}/cart/items/${nothing}`), 404, "CART_ITEM_NOT_FOUND");
    refused(await thrice(me, "POST", `/users/${me.id}/balance/charge`, { amount: 1, version: 77 }), 409, "BALANCE_CONFLICT");
    const { orderId } = good(await me.post("/orders", { ...orderOf(), payment: { method: "DEFERRED" } }), 201);
    refused(await thrice(me, "POST", "/payments", { orderId, method: "CARD", paymentKey: "decline-me" }), 402, "PAYMENT_DECLINED");
    good(await thrice(me, "POST", `/orders/${orderId}/cancel`), 200);
    refused(await thrice(me, "POST", `/orders/${orderId}/cancel`), 409, "ORDER_NOT_CANCELLABLE");
    refused(await thrice(shop.operator, "POST", "/admin/jobs/no-such-job/run"), 404, "NOT_FOUND");
    refused(await thrice(shop.operator, "POST", `/admin/events/${nothing}/replay`), 404, "NOT_FOUND");
    assert.equal(await shop.balanceOf(me), 1000);
  });

  test("though the reason for it is gone by now", async () => {
    const scarce = await shop.product({ stock: 0, price: 1 });
    const body = { orderItems: [{ productId: scarce.id, quantity: 1 }] };
    const kept = first(await user.post("/orders", body, keyed("too-early")));
    good(await shop.operator.post(`/admin/variants/${scarce.variants[0]?.id}/stock`, { delta: 10, reason: "입고" }), 200);
    assert.deepEqual(replayed(await user.post("/orders", body, keyed("too-early"))), kept);
    assert.equal(await shop.stockOf(scarce), 10);
    good(await user.post("/orders", body, keyed("in-time")), 201);
  });

  // Goes red without `keyed ? undefined` in front of soldOut.refusal.
  test("a sold-out coupon's too, though without a key it is refused from memory", async () => {
    const { id } = await shop.campaign({ totalQuantity: 1 });
    good(await (await shop.user()).post(`/coupons/${id}/issue`), 201);
    const late = await shop.user();
    for (let i = 0; i < 3; i++) refused(await late.post(`/coupons/${id}/issue`), 409, "COUPON_SOLD_OUT");
    const kept = first(await late.post(`/coupons/${id}/issue`, undefined, keyed("late")));
    assert.equal(kept.status, 409);
    good(await shop.operator.patch(`/admin/coupons/${id}`, { totalQuantity: 2 }), 200);
    assert.deepEqual(replayed(await late.post(`/coupons/${id}/issue`, undefined, keyed("late"))), kept);
    good(await late.post(`/coupons/${id}/issue`), 201);
  });

  test("operators' bulk calls", async () => {
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

  test("in the words of the first, whatever language is asked for later", async () => {
    const kept = first(await user.post("/orders", orderOf(500_000), keyed("english", { "accept-language": "en" })));
    assert.match(kept.text, /Insufficient balance/);
    assert.deepEqual(replayed(await user.post("/orders", orderOf(500_000), keyed("english", { "accept-language": "ko" }))), kept);
  });

  test("after a restart too", async (t) => {
    const before = await openTestShop({ beside: shop });
    t.after(() => before.close());
    const kept = first(await user.at(before).post("/orders", orderOf(), keyed("restart")));
    await before.close();
    const after = await openTestShop({ beside: shop });
    t.after(() => after.close());
    assert.deepEqual(replayed(await user.at(after).post("/orders", orderOf(), keyed("restart"))), kept);
  });
});

describe("what never reached the rules is not kept", () => {
  /** Refused first, then the right thing under the same key. */
  async function again(key: string, status: number, wrong: () => Promise<Answer>): Promise<void> {
    const answer = await wrong();
    assert.equal(answer.status, status, answer.text);
    first(answer);
    assert.equal(first(await user.post(charge(), { amount: 1 }, keyed(key))).status, 200);
  }
  const charge = (): string => `/users/${user.id}/balance/charge`;

  test("a shape that is wrong", () => again("shape", 400, () => user.post(charge(), { amount: 0 }, keyed("shape"))));
  test("no JSON", () => again("no-json", 400, () => user.post(charge(), "{", keyed("no-json"))));
  test("no token", () => again("no-token", 401, () => shop.anyone("POST", charge(), { amount: 1 }, keyed("no-token"))));
  test("not one's own", () => again("not-own", 403, () => user.post("/orders", { ...orderOf(), userId: randomUUID() }, keyed("not-own"))));
  test("too much", () => again("much", 413, () => user.post(charge(), `{"amount":1${" ".repeat(1_100_000)}}`, keyed("much"))));
  test("another type", () => again("type", 415, () => user.post(charge(), "<amount/>", keyed("type", { "content-type": "application/xml" }))));
  test("what only the shop could tell to be of a wrong shape", async () => {
    const several = await shop.product({
      variants: [
        { price: 1, stock: 1 },
        { price: 2, stock: 2 },
      ],
    });
    await again("which", 400, async () => {
      const answer = await user.post("/orders", { orderItems: [{ productId: several.id, quantity: 1 }] }, keyed("which"));
      refused(answer, 400, "INVALID_REQUEST");
      return answer;
    });
  });

  test("a shop that is busy", () =>
    again("busy", 503, () =>
      whileHeld(shop.shop.config.databaseUrl as string, "SELECT FROM users WHERE id = $1 FOR UPDATE", [user.id], () =>
        user.post(charge(), { amount: 1 }, keyed("busy")),
      ),
    ));

  test("too many requests", async (t) => {
    const limited = await openTestShop({ env: { RATE_LIMIT: "1" }, beside: shop });
    t.after(() => limited.close());
    const me = user.at(limited);
    await again("many", 429, async () => {
      const answers = await Promise.all(
        Array.from({ length: 5 }, (_, i) => me.post(charge(), { amount: 1 }, keyed(i === 0 ? "let through" : "many"))),
      );
      return answers.at(-1) as Answer;
    });
  });
});

describe("one key is one request", () => {
  test("another body or path under it is refused, and nothing happens", async () => {
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

  test("after a refusal too", async () => {
    refused(await user.post("/orders", orderOf(500_000), keyed("refused")), 400, "BALANCE_INSUFFICIENT");
    refused(await user.post("/orders", orderOf(1), keyed("refused")), 422, "IDEMPOTENCY_KEY_REUSED");
  });

  test("the same JSON in another order, with other spaces, ids in other case and a query is the same request", async () => {
    const me = await shop.user({ balance: 1000 });
    const item = product.variants[0]?.id as string;
    const kept = first(
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
      assert.deepEqual(replayed(await me.post("/orders", body, keyed("order"))), kept);
    const charged = first(await me.post(`/users/${me.id}/balance/charge`, { amount: 1 }, keyed("charge")));
    assert.deepEqual(replayed(await me.post(`/users/${me.id.toUpperCase()}/balance/charge?again=yes`, { amount: 1 }, keyed("charge"))), charged);
    const { id } = await shop.campaign();
    const issued = first(await me.post(`/coupons/${id}/issue`, {}, keyed("issue")));
    assert.deepEqual(replayed(await me.post(`/coupons/${id}/issue`, undefined, keyed("issue"))), issued);
  });

  test("lists in another order are another request", async () => {
    const other = await shop.product({ price: 1 });
    const items = [
      { productId: product.id, quantity: 1 },
      { productId: other.id, quantity: 1 },
    ];
    good(await user.post("/orders", { orderItems: items }, keyed("list")), 201);
    refused(await user.post("/orders", { orderItems: items.toReversed() }, keyed("list")), 422, "IDEMPOTENCY_KEY_REUSED");
  });

  test("another caller's is another key", async () => {
    const [a, b] = (await shop.users(2, { balance: 1000 })) as [Client, Client];
    const one = good(await a.post("/orders", orderOf(), keyed("shared")), 201);
    const two = good(await b.post("/orders", orderOf(), keyed("shared")), 201);
    assert.notEqual(one.orderId, two.orderId);
    assert.equal(await shop.balanceOf(b), 900);
  });

  test("a key is 1 to 255 visible ASCII characters", async () => {
    for (const key of ["", " ", "two words", "a\tb", "k".repeat(256), "kéy"]) {
      const { errors } = refused(await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }, keyed(key)), 400, "INVALID_REQUEST") as {
        errors: { path: string }[];
      };
      assert.equal(errors[0]?.path, "/headers/idempotency-key", JSON.stringify(key));
    }
    for (const key of ["k".repeat(255), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a"]) good(await thriceWith(key), 200);
    // Reading takes no key, so it minds none.
    assert.equal((await user.get(`/users/${user.id}/balance`, keyed("two words"))).status, 200);

    async function thriceWith(key: string): Promise<Answer> {
      const answer = await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }, keyed(key));
      assert.deepEqual(replayed(await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }, keyed(key))), first(answer));
      return answer;
    }
  });
});

describe("a crowd under one key", () => {
  const crowd = (count: number, ask: (client: Client, i: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, (_, i) => ask(user.at(i % 2 ? second : shop), i)));

  // Goes red without the primary key on idempotency_keys.
  test("a hundred at once, at two instances, are one effect and one answer", async () => {
    const me = await shop.user({ balance: 1000 });
    const answers = await crowd(100, (_, i) => me.at(i % 2 ? second : shop).post("/orders", orderOf(), keyed("crowd")));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    assert.equal(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined).length, 1);
    assert.equal(await shop.balanceOf(me), 900);
    assert.equal(good(await me.get(`/users/${me.id}/orders`), 200).orders.length, 1);
  });

  test("what creates a thing from nothing is done once too", async () => {
    const answers = await crowd(50, (_, i) => shop.operator.at(i % 2 ? second : shop).post("/admin/users", { name: "하나뿐" }, keyed("only-one")));
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    assert.equal(answers[0]?.status, 201);
  });

  test("a hundred refusals are one", async () => {
    const answers = await crowd(100, (client) => client.post("/orders", orderOf(500_000), keyed("poor-crowd")));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [400]);
    assert.equal(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined).length, 1);
  });

  test("of many bodies under one key one is served, and the rest are refused", async () => {
    const me = await shop.user({ balance: 100_000 });
    const answers = await crowd(40, (_, i) => me.at(i % 2 ? second : shop).post("/orders", orderOf(i + 1), keyed("bodies")));
    const served = answers.filter(({ status }) => status === 201);
    assert.equal(served.length, 1);
    for (const answer of answers) if (answer.status !== 201) refused(answer, 422, "IDEMPOTENCY_KEY_REUSED");
    assert.equal(await shop.balanceOf(me), 100_000 - served[0]?.body.paidAmount);
  });

  test("a caller who has left and comes again finds what was done for them, or has it done now", async () => {
    const me = await shop.user();
    const gone = AbortSignal.timeout(2);
    await fetch(`${shop.url}/users/${me.id}/balance/charge`, {
      method: "POST",
      signal: gone,
      headers: { authorization: `Bearer ${me.token}`, "content-type": "application/json", "idempotency-key": "gone" },
      body: '{"amount":5}',
    }).catch(() => {});
    good(await call(shop.url, "POST", `/users/${me.id}/balance/charge`, { amount: 5 }, keyed("gone", { authorization: `Bearer ${me.token}` })), 200);
    assert.equal(await shop.balanceOf(me), 5);
  });
});
