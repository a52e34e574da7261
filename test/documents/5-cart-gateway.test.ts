// Document 5: the cart, locks per user and per product, payment through an external gateway. Suites and tests follow its diagrams
// and branches. Its 500s are refusals with document 3's codes (reconciliations 6 and 7): 404 for missing resources, 409 for
// duplicates, 400 for invalid requests and insufficient stock or balance.
// The gateway is the shop's simulator; ../api/payments.test.ts tests other behavior of gateways.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { type Answer, Client, good, type Json, openTestShop, race, refused, type TestShop } from "../support/shop.ts";
import { unchanged } from "../support/unchanged.ts";
import { deferred, itemsOf, MISSING_ID, runJob, refusedWith } from "./helpers.ts";

let shop: TestShop;
/** A second instance on the same database, because locks must work across instances. */
let other: TestShop;
before(async () => {
  const env = { BALANCE_MAX: "20000000", PAYMENT_GATEWAY_TIMEOUT_MS: "1000" };
  shop = await openTestShop({ env });
  other = await openTestShop({ beside: shop, env: { ...env, DATA_DIR: shop.shop.config.dataDir } });
});
after(async () => {
  await other.close();
  await shop.close();
});
const missingUser = (): Client => new Client(shop.url, MISSING_ID, "shopper");
/** The client at one instance or the other, alternating by `i`. */
const alternating = (client: Client, i: number): Client => client.at(i % 2 ? other : shop);

/** Of an item without a picture, whose product is in no drop. */
const PLAIN = { imageUrl: null, dropId: null, limitPerCustomer: null };

describe("5-cart-gateway · 잔액 조회", () => {
  test("alt 잔액 조회 요청 → answered for the user's own balance, and for an operator; another's is 403, without a token 401", async () => {
    const [user, neighbour] = [await shop.user({ balance: 10 }), await shop.user()];
    good(await user.get(`/users/${user.id}/balance`), 200);
    good(await shop.operator.get(`/users/${user.id}/balance`), 200);
    refusedWith(await neighbour.get(`/users/${user.id}/balance`), 403, "FORBIDDEN", "권한이 없습니다");
    refusedWith(await shop.anyone("GET", `/users/${user.id}/balance`), 401, "UNAUTHENTICATED", "인증이 필요합니다");
  });

  test("else 파라미터 유효성 → 400", async () => {
    const user = await shop.user();
    refusedWith(await user.get("/users/abc/balance"), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("alt 유저 정보 존재 → 200", async () => {
    const user = await shop.user({ balance: 10 });
    assert.equal(good(await user.get(`/users/${user.id}/balance`), 200).userId, user.id);
  });

  test("else 유저 정보 미존재 → 404, not 500", async () => {
    refusedWith(await missingUser().get(`/users/${MISSING_ID}/balance`), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("alt 잔액 정보 조회 존재 → the balance", async () => {
    const user = await shop.user({ balance: 77 });
    assert.equal(good(await user.get(`/users/${user.id}/balance`), 200).balance, 77);
  });

  test("else 잔액 정보 미존재 → 0, not 500", async () => {
    const user = await shop.user();
    assert.equal(good(await user.get(`/users/${user.id}/balance`), 200).balance, 0);
  });

  test("flow → the balance, at either instance", async () => {
    const user = await shop.user({ balance: 123 });
    for (const instance of [shop, other]) assert.equal(good(await user.at(instance).get(`/users/${user.id}/balance`), 200).balance, 123);
  });
});

describe("5-cart-gateway · 잔액 충전", () => {
  test("opt 유효성 검사 → 400: a malformed user, no amount, text", async () => {
    const user = await shop.user();
    refused(await user.post("/users/abc/balance/charge", { amount: 100 }), 400, "INVALID_USER_ID");
    for (const body of [{}, { amount: "100" }, { amount: true }]) {
      const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, body));
      refused(answer, 400, "INVALID_AMOUNT");
    }
  });

  test("alt 유저 정보 존재 → 200", async () => {
    const user = await shop.user();
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 100 }), 200).userId, user.id);
  });

  test("else 유저 정보 미존재 → 404, not 500", async () => {
    const answer = await unchanged(shop, { users: [missingUser()] }, () =>
      missingUser().post(`/users/${MISSING_ID}/balance/charge`, { amount: 100 }),
    );
    refusedWith(answer, 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  // "사용자 ID 기반 Lock". Fails only without both the row lock on `users` and the ledger's key (user_id, version).
  test("opt 충전 로직 → charges of one user take turns, at both instances, and each counts", async () => {
    const user = await shop.user();
    assert.deepEqual(await race(40, (i) => alternating(user, i).post(`/users/${user.id}/balance/charge`, { amount: 5 })), { 200: 40 });
    assert.equal(await shop.balanceOf(user), 200);
  });

  // The limit is checked under the user's lock, so concurrent charges cannot exceed it together.
  test("alt 충전 유효성 검사 실패 → 400, not 500: no balance exceeds the limit, however many charges run at once", async () => {
    const user = await shop.user({ balance: 10_000_001 });
    const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, { amount: 10_000_000 }));
    refusedWith(answer, 400, "BALANCE_LIMIT_EXCEEDED", "보유 한도를 초과합니다");
    assert.deepEqual(await race(4, (i) => alternating(user, i).post(`/users/${user.id}/balance/charge`, { amount: 4_000_000 })), { 200: 2, 400: 2 });
    assert.equal(await shop.balanceOf(user), 18_000_001);
  });

  test("flow → the new balance", async () => {
    const user = await shop.user({ balance: 1 });
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 99 }), 200).newBalance, 100);
  });
});

describe("5-cart-gateway · 상품 조회", () => {
  test("opt 유효성 검사 → 400", async () => {
    refusedWith(await shop.anyone("GET", "/products/abc"), 400, "INVALID_PRODUCT_ID", "유효하지 않은 상품 ID입니다");
  });

  test("alt 상품 정보 조회 → 200", async () => {
    const product = await shop.product({ name: "옹기" });
    assert.equal(good(await shop.anyone("GET", `/products/${product.id}`), 200).name, "옹기");
  });

  test("else 상품 정보 미존재 → 404, not 500", async () => {
    refusedWith(await shop.anyone("GET", `/products/${MISSING_ID}`), 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다");
  });

  test("flow → the product, also one that is not for sale, which says so, and its price to operators only", async () => {
    const product = await shop.product({ name: "항아리", price: 5000, stock: 2, status: "NOT_FOR_SALE" });
    const shown = good(await shop.anyone("GET", `/products/${product.id}`), 200);
    assert.deepEqual([shown.name, shown.price, shown.stock, shown.status], ["항아리", null, 0, "NOT_FOR_SALE"]);
    const { name, price, stock, status } = good(await shop.operator.get(`/products/${product.id}`), 200);
    assert.deepEqual({ name, price, stock, status }, { name: "항아리", price: 5000, stock: 2, status: "NOT_FOR_SALE" });
  });
});

/** Puts a product into the user's cart and returns the item. */
async function put(user: Client, product: { id: string }, quantity = 1): Promise<Json> {
  return good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity }), 201);
}
const cartOf = async (user: Client): Promise<{ cartItems: { id: string; quantity: number }[]; totalAmount: number }> =>
  good(await user.get(`/users/${user.id}/cart`), 200);

describe("5-cart-gateway · 장바구니 목록 정보 조회", () => {
  test("flow → the cart's items with current price and stock; an empty cart is an empty list", async () => {
    const user = await shop.user();
    assert.deepEqual(await cartOf(user), { cartItems: [], totalAmount: 0 });
    const [rice, beans] = [await shop.product({ name: "쌀", price: 3000, stock: 5 }), await shop.product({ name: "콩", price: 500, stock: 0 })];
    const [first, second] = [await put(user, rice, 2), await put(user, beans)];
    good(await shop.operator.patch(`/admin/products/${rice.id}`, { price: 3500 }), 200);
    assert.deepEqual(await cartOf(user), {
      cartItems: [
        {
          ...PLAIN,
          id: first.id,
          productId: rice.id,
          variantId: rice.variants[0]?.id,
          name: "쌀",
          unitPrice: 3500,
          quantity: 2,
          stock: 5,
          status: "ON_SALE",
        },
        {
          ...PLAIN,
          id: second.id,
          productId: beans.id,
          variantId: beans.variants[0]?.id,
          name: "콩",
          unitPrice: 500,
          quantity: 1,
          stock: 0,
          status: "SOLD_OUT",
        },
      ],
      totalAmount: 7500,
    });
  });
});

describe("5-cart-gateway · 장바구니 추가", () => {
  test("opt 유효성 검사 → 400 for a bad quantity or id and for a product that is not for sale, 404 for an unknown product, 403 for another user's cart", async () => {
    const [user, neighbour] = (await shop.users(2)) as [Client, Client];
    const [product, hidden] = [await shop.product(), await shop.product({ status: "NOT_FOR_SALE" })];
    const add = (body: unknown, owner = user) =>
      unchanged(shop, { users: [user, neighbour], products: [product] }, () => user.post(`/users/${owner.id}/cart/items`, body));
    for (const quantity of [0, -1, 1.5, 1_000_001, "1"]) refused(await add({ productId: product.id, quantity }), 400, "INVALID_REQUEST");
    refused(await add({ productId: "abc", quantity: 1 }), 400, "INVALID_REQUEST");
    refused(await add({ productId: product.id, quantity: 1, price: 1 }), 400, "INVALID_REQUEST");
    refusedWith(await add({ productId: hidden.id, quantity: 1 }), 400, "PRODUCT_NOT_FOR_SALE", "현재 구매할 수 없는 상품입니다");
    refusedWith(await add({ productId: MISSING_ID, quantity: 1 }), 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다");
    refusedWith(await add({ productId: product.id, quantity: 1 }, neighbour), 403, "FORBIDDEN", "권한이 없습니다");
  });

  // Also fails if the cart is not protected by its user's lock.
  test("opt 장바구니 중복 Error → 409, not 500; of ten who add the same at once one gets through", async () => {
    const [user, product] = [await shop.user(), await shop.product()];
    await put(user, product, 2);
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 3 }),
    );
    refusedWith(answer, 409, "CART_ITEM_DUPLICATE", "이미 장바구니에 담긴 상품입니다");
    const next = await shop.product();
    assert.deepEqual(await race(10, (i) => alternating(user, i).post(`/users/${user.id}/cart/items`, { productId: next.id, quantity: 1 })), {
      201: 1,
      409: 9,
    });
    assert.equal((await cartOf(user)).cartItems.length, 2);
  });

  test("flow → 201 with the item; nothing is reserved, and how many can be changed", async () => {
    const [user, product] = [await shop.user(), await shop.product({ name: "팥", price: 900, stock: 4 })];
    const item = await put(user, product, 9);
    assert.deepEqual(item, {
      ...PLAIN,
      id: item.id,
      productId: product.id,
      variantId: product.variants[0]?.id,
      name: "팥",
      unitPrice: 900,
      quantity: 9,
      stock: 4,
      status: "ON_SALE",
    });
    assert.equal(await shop.stockOf(product), 4);
    assert.equal(good(await user.patch(`/users/${user.id}/cart/items/${item.id}`, { quantity: 3 }), 200).quantity, 3);
    assert.equal((await cartOf(user)).totalAmount, 2700);
  });
});

describe("5-cart-gateway · 장바구니 삭제", () => {
  test("opt 유효성 검사 → 400 for a malformed id, and the cart as it was", async () => {
    const [user, product] = [await shop.user(), await shop.product()];
    await put(user, product);
    const answer = await unchanged(shop, { users: [user] }, () => user.delete(`/users/${user.id}/cart/items/abc`));
    refusedWith(answer, 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
  });

  test("opt 장바구니 미존재 Error → 404, not 500: for an item that never existed, is removed already, or is another user's", async () => {
    const [user, neighbour] = (await shop.users(2)) as [Client, Client];
    const product = await shop.product();
    const [gone, theirs] = [await put(user, product), await put(neighbour, product)];
    good(await user.delete(`/users/${user.id}/cart/items/${gone.id}`), 204);
    for (const id of [MISSING_ID, gone.id, theirs.id]) {
      const answer = await unchanged(shop, { users: [user, neighbour] }, () => user.delete(`/users/${user.id}/cart/items/${id}`));
      refusedWith(answer, 404, "CART_ITEM_NOT_FOUND", "장바구니 상품이 존재하지 않습니다");
    }
  });

  test("flow → 204, and the rest of the cart stays; it can be put in again", async () => {
    const [user, product, rest] = [await shop.user(), await shop.product(), await shop.product()];
    const [item, kept] = [await put(user, product), await put(user, rest)];
    good(await user.delete(`/users/${user.id}/cart/items/${item.id}`), 204);
    assert.deepEqual(
      (await cartOf(user)).cartItems.map(({ id }) => id),
      [kept.id],
    );
    await put(user, product);
    assert.equal((await cartOf(user)).cartItems.length, 2);
  });
});

describe("5-cart-gateway · 주문", () => {
  test("opt 유효성 검사 → 400 for an invalid order, such as an empty cart, and the cart stays as it was", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product()];
    const order = (body: unknown) => unchanged(shop, { users: [user], products: [product] }, () => user.post("/orders", body));
    const orderItems = itemsOf(product);
    for (const body of [
      {},
      { fromCart: true },
      { orderItems: [] },
      { orderItems: itemsOf([product, 0]) },
      { orderItems: itemsOf([product, 1_000_001]) },
      { orderItems: itemsOf([product, 600_000], [product, 600_000]) },
      { orderItems: Array.from({ length: 2001 }, () => orderItems[0]) },
      { fromCart: false },
      { fromCart: true, orderItems },
      { orderItems, payment: { method: "GOLD" } },
      { orderItems, discount: 1 },
    ]) {
      refused(await order(body), 400, "INVALID_REQUEST");
    }
  });

  test("alt 사용자 정보 존재 → the order is the user's, also if an operator places it; no other user sees it", async () => {
    const [user, neighbour] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    const product = await shop.product();
    const own = good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
    const placed = good(await shop.operator.post("/orders", { userId: user.id, orderItems: itemsOf(product) }), 201);
    assert.deepEqual([own.userId, placed.userId], [user.id, user.id]);
    refusedWith(await neighbour.get(`/orders/${own.orderId}`), 404, "ORDER_NOT_FOUND", "주문이 존재하지 않습니다");
    const foreign = await unchanged(shop, { users: [user, neighbour], products: [product] }, () =>
      neighbour.post("/orders", { userId: user.id, orderItems: itemsOf(product) }),
    );
    refusedWith(foreign, 403, "FORBIDDEN", "권한이 없습니다");
  });

  test("else 사용자 정보 없음 → 404, not 500", async () => {
    const product = await shop.product();
    const order = (client: Client, body: object) =>
      unchanged(shop, { users: [missingUser()], products: [product] }, () => client.post("/orders", body));
    refusedWith(await order(missingUser(), { orderItems: itemsOf(product) }), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
    refusedWith(
      await order(missingUser(), { orderItems: itemsOf(product), payment: { method: "DEFERRED" } }),
      404,
      "USER_NOT_FOUND",
      "사용자 정보가 존재하지 않습니다",
    );
    refusedWith(await order(shop.operator, { userId: MISSING_ID, fromCart: true }), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  // "상품 ID 기반 Lock". Fails if the table `variants` is read without FOR NO KEY UPDATE.
  test("alt 상품 재고 정보 존재 → buyers of one product take turns at both instances, and the stock falls by each", async () => {
    const product = await shop.product({ price: 10, stock: 30 });
    const users = await shop.users(20, { balance: 10 });
    assert.deepEqual(await race(20, (i) => alternating(users[i] as Client, i).post("/orders", { orderItems: itemsOf(product) })), { 201: 20 });
    assert.equal(await shop.stockOf(product), 10);
  });

  test("else 상품 재고 정보 미존재 → 404, not 500, and the other lines are not bought", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product()];
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/orders", { orderItems: itemsOf(product, { id: MISSING_ID }) }),
    );
    assert.equal(refusedWith(answer, 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다")["productId"], MISSING_ID);
  });

  test("alt 상품 재고 차감 가능 → 201, and the stock is less", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ stock: 5 })];
    good(await user.post("/orders", { orderItems: itemsOf([product, 5]) }), 201);
    assert.equal(await shop.stockOf(product), 0);
  });

  // For the cart, fails if it is emptied although the order is refused.
  test("else 상품 재고 차감 불가 → 400, not 500, and the cart stays as it was", async () => {
    const [user, plenty, scarce] = [await shop.user({ balance: 10_000 }), await shop.product(), await shop.product({ stock: 1 })];
    await put(user, plenty);
    await put(user, scarce, 2);
    const answer = await unchanged(shop, { users: [user], products: [plenty, scarce] }, () => user.post("/orders", { fromCart: true }));
    refusedWith(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
  });

  // "사용자 ID 기반의 잔액 정보 Lock". Fails without `balance < 0` in moveMoney, and without both the row lock and the ledger's key.
  test("alt 잔액 정보 존재 → a balance that is enough once pays once, however many orders of the user's come at once", async () => {
    const [user, product] = [await shop.user({ balance: 1999 }), await shop.product({ price: 1000 })];
    assert.deepEqual(await race(10, (i) => alternating(user, i).post("/orders", { orderItems: itemsOf(product) })), { 201: 1, 400: 9 });
    assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [999, 99]);
  });

  test("else 잔액 정보 미존재 → 400, not 500: a user who was never credited has 0, which pays only for orders of 0", async () => {
    const [user, product, free] = [await shop.user(), await shop.product(), await shop.product({ price: 0 })];
    await put(user, product);
    const answer = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/orders", { fromCart: true }));
    assert.equal(refusedWith(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다")["available"], 0);
    assert.equal(good(await user.post("/orders", { orderItems: itemsOf(free) }), 201).paidAmount, 0);
    assert.deepEqual(good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions, []);
  });

  test("flow → the whole cart is ordered, paid and emptied in one; a second time there is nothing to order", async () => {
    const [user, rice, beans] = [
      await shop.user({ balance: 10_000 }),
      await shop.product({ name: "쌀", price: 3000 }),
      await shop.product({ name: "콩", price: 500 }),
    ];
    await put(user, rice, 2);
    await put(user, beans, 3);
    const answers = await Promise.all([0, 1].map((i) => alternating(user, i).post("/orders", { fromCart: true })));
    const order = (answers.find(({ status }) => status === 201) as Answer).body;
    refused(answers.find(({ status }) => status !== 201) as Answer, 400, "INVALID_REQUEST");
    assert.deepEqual(
      order.orderItems.map(({ name, quantity }: Record<string, unknown>) => [name, quantity]),
      [
        ["쌀", 2],
        ["콩", 3],
      ],
    );
    assert.deepEqual([order.status, order.paidAmount, await shop.balanceOf(user)], ["COMPLETED", 7500, 2500]);
    assert.deepEqual(await cartOf(user), { cartItems: [], totalAmount: 0 });
  });
});

describe("5-cart-gateway · 결제", () => {
  test("opt 유효성 검사 → 400 for an invalid payment, 404 for an unknown order or another user's, and nothing is paid", async () => {
    const [user, neighbour] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    const product = await shop.product();
    const orderId = await deferred(user, itemsOf(product));
    const pay = (client: Client, body: unknown) =>
      unchanged(shop, { users: [user, neighbour], products: [product] }, () => client.post("/payments", body));
    for (const body of [
      {},
      { orderId },
      { method: "BALANCE" },
      { orderId: "abc", method: "BALANCE" },
      { orderId, method: "GOLD" },
      { orderId, method: "BALANCE", amount: 1 },
    ]) {
      refused(await pay(user, body), 400, "INVALID_REQUEST");
    }
    refusedWith(await pay(user, { orderId: MISSING_ID, method: "BALANCE" }), 404, "ORDER_NOT_FOUND", "주문이 존재하지 않습니다");
    refusedWith(await pay(neighbour, { orderId, method: "BALANCE" }), 404, "ORDER_NOT_FOUND", "주문이 존재하지 않습니다");
    refusedWith(await pay(neighbour, { orderId, userId: user.id, method: "BALANCE" }), 403, "FORBIDDEN", "권한이 없습니다");
  });

  // Fails if the outcome of the gateway's call is not stored, or if the balance pays in addition to the card.
  test("alt 외부 PG 결제 성공 → 201, COMPLETED by the card, with every step in the history", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user);
    const orderId = await deferred(user, itemsOf([product, 3]), { userCouponId });
    const payment = good(await user.post("/payments", { orderId, method: "CARD", paymentKey: `card-${orderId}` }), 201);
    assert.deepEqual([payment.method, payment.status, payment.amount], ["CARD", "COMPLETED", 2900]);
    assert.deepEqual(await stepsOf(user, payment.paymentId), ["PENDING", "COMPLETED"]);
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "COMPLETED");
    assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [10_000, 97]);
    assert.equal(good(await user.get(`/users/${user.id}/coupons?status=USED`), 200).userCoupons[0].id, userCouponId);
  });

  // Fails if settlePayment does not restore the stock of a declined payment, and if it restores that of an unknown outcome.
  test("else 외부 PG 요청 실패 → 402 for a declined card: all is restored, and the order can be paid; 202 without an answer: all is held until the outcome is known", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user);
    const orderId = await deferred(user, itemsOf([product, 3]), { userCouponId });
    const pay = (paymentKey: string) => user.post("/payments", { orderId, method: "CARD", paymentKey: `${paymentKey}-${orderId}` });
    const { paymentId } = refusedWith(await pay("decline"), 402, "PAYMENT_DECLINED", "결제가 거절되었습니다");
    assert.deepEqual(await stepsOf(user, String(paymentId)), ["PENDING", "FAILED"]);
    assert.deepEqual([await shop.stockOf(product), await shop.balanceOf(user)], [100, 10_000]);
    assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons[0].id, userCouponId);
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "PENDING");

    const unanswered = keyFor({ confirm: ["timeout"], webhook: "never" }, orderId);
    const unknown = good(await user.post("/payments", { orderId, method: "CARD", paymentKey: unanswered }), 202);
    assert.deepEqual([unknown.status, await shop.stockOf(product)], ["UNKNOWN", 97]);
    const meanwhile = await unchanged(shop, { users: [user], products: [product] }, () => pay("card"));
    refusedWith(meanwhile, 409, "PAYMENT_IN_PROGRESS", "결제가 진행 중입니다");
    await runJob(shop, "settle-payments");
    assert.deepEqual(await stepsOf(user, unknown.paymentId), ["PENDING", "UNKNOWN", "COMPLETED"]);
    assert.deepEqual([good(await user.get(`/orders/${orderId}`), 200).status, await shop.stockOf(product)], ["COMPLETED", 97]);
  });

  test("flow → the order is looked up, the payment and its history are written: from the balance as by card", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 1000 })];
    const orderId = await deferred(user, itemsOf([product, 3]));
    const { paymentId } = good(await user.post("/payments", { orderId, method: "BALANCE" }), 201);
    const payment = good(await user.get(`/payments/${paymentId}`), 200);
    assert.deepEqual([payment.orderId, payment.status, payment.amount], [orderId, "COMPLETED", 3000]);
    assert.deepEqual(await stepsOf(user, paymentId), ["COMPLETED"]);
    good(await user.post(`/orders/${orderId}/cancel`), 200);
    assert.deepEqual(await stepsOf(user, paymentId), ["COMPLETED", "REFUNDED"]);
    assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [10_000, 100]);
  });

  async function stepsOf(user: Client, paymentId: string): Promise<string[]> {
    return good(await user.get(`/payments/${paymentId}`), 200).history.map(({ status }: { status: string }) => status);
  }
});
