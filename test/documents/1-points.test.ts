// Document 1: points, orders and payments as two calls, concurrency, the midnight batch. Suites and tests follow its diagrams and
// branches. 포인트 is the balance. Orders of this document are placed with DEFERRED payment and paid by POST /payments.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { clockAtNoon, day } from "../support/clock.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { type Answer, Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";
import { unchanged } from "../support/unchanged.ts";
import { firstRunsDone, counted, deferred, invalidationsReceived, itemsOf, MISSING_ID, runJob, refusedWith, sentEvents } from "./helpers.ts";

const HOUR_MS = 3_600_000;

const clock = clockAtNoon();
let shop: TestShop;
/** A second instance on the same database and data directory. */
let other: TestShop;
/** The second instance's connection to the database, which can hold back a response. */
let proxy: FaultProxy;
let database: pg.Client;
before(async () => {
  shop = await openTestShop();
  proxy = await FaultProxy.open(shop.shop.config.databaseUrl as string);
  other = await openTestShop({ beside: shop, env: { DATABASE_URL: proxy.url, DATA_DIR: shop.shop.config.dataDir } });
  database = new pg.Client({ connectionString: shop.shop.config.databaseUrl });
  await database.connect();
  await firstRunsDone(shop);
});
after(async () => {
  await database.end();
  await other.close();
  await proxy.close();
  await shop.close();
});
/** The client at one instance or the other, alternating by `i`. */
const alternating = (client: Client, i: number): Client => client.at(i % 2 ? other : shop);
const missingUser = (): Client => new Client(shop.url, MISSING_ID, "shopper");

describe("1-points · 잔액 충전", () => {
  test("opt 유효하지 않은 식별자 → 400, and the amount is not even looked at", async () => {
    const user = await shop.user();
    refusedWith(await user.post("/users/42/balance/charge", { amount: 1000 }), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("opt 사용자 미존재 → 404", async () => {
    const answer = await unchanged(shop, { users: [missingUser()] }, () =>
      missingUser().post(`/users/${MISSING_ID}/balance/charge`, { amount: 1000 }),
    );
    refusedWith(answer, 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("opt 유효하지 않은 금액 → 400 for 0, less, fractions, text, nothing, and more than one may charge at once", async () => {
    const user = await shop.user({ balance: 500 });
    for (const amount of [0, -1, 0.5, "1000", null, 10_000_001, 2 ** 53]) {
      const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, { amount }));
      refusedWith(answer, 400, "INVALID_AMOUNT", "유효하지 않은 충전 금액입니다");
    }
  });

  test("flow → the balance grows by the amount, and the ledger says so", async () => {
    const user = await shop.user({ balance: 500 });
    const charged = good(await user.post(`/users/${user.id}/balance/charge`, { amount: 1000 }), 200);
    assert.equal(charged.newBalance, 1500);
    const { transactions } = good(await user.get(`/users/${user.id}/balance/transactions`), 200);
    assert.deepEqual(
      transactions.map(({ type, amount, balanceAfter }: Record<string, unknown>) => [type, amount, balanceAfter]),
      [
        ["CHARGE", 1000, 1500],
        ["GRANT", 500, 500],
      ],
    );
  });
});

describe("1-points · 잔액 조회", () => {
  test("opt 유효하지 않은 식별자 → 400", async () => {
    const user = await shop.user();
    refusedWith(await user.get("/users/not-an-id/balance"), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("opt 사용자 미존재 → 404", async () => {
    refusedWith(await missingUser().get(`/users/${MISSING_ID}/balance`), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("flow → the balance", async () => {
    const user = await shop.user({ balance: 700 });
    const { userId, balance } = good(await user.get(`/users/${user.id}/balance`), 200);
    assert.deepEqual({ userId, balance }, { userId: user.id, balance: 700 });
  });
});

describe("1-points · 잔액 충전 및 조회 동시성 처리 확인", () => {
  // Two instances, one wallet. Fails only without both the row lock on `users` and the ledger's key (user_id, version).
  test("par 충전 요청 → twenty charges among twenty reads are all taken, each once", async () => {
    const user = await shop.user();
    const statuses = await race(40, (i) =>
      i % 2 ? user.get(`/users/${user.id}/balance`) : alternating(user, i / 2).post(`/users/${user.id}/balance/charge`, { amount: 100 }),
    );
    assert.deepEqual(statuses, { 200: 40 });
    assert.equal(await shop.balanceOf(user), 2000);
  });

  test("and 조회 요청 → a read among charges sees money and version of one moment", async () => {
    const user = await shop.user();
    const [reads] = await Promise.all([
      Promise.all(Array.from({ length: 30 }, (_, i) => alternating(user, i).get(`/users/${user.id}/balance`))),
      race(20, (i) => alternating(user, i).post(`/users/${user.id}/balance/charge`, { amount: 100 })),
    ]);
    for (const read of reads) {
      const { balance, version } = good(read, 200);
      assert.equal(balance, version * 100);
    }
  });

  test("par 충전 사용자 검증 → of concurrent charges only the one without a user is refused", async () => {
    const users = await shop.users(9);
    const crowd = [...users, missingUser()];
    const statuses = await race(10, (i) => (crowd[i] as Client).post(`/users/${(crowd[i] as Client).id}/balance/charge`, { amount: 100 }));
    assert.deepEqual(statuses, { 200: 9, 404: 1 });
    for (const user of users) assert.equal(await shop.balanceOf(user), 100);
  });

  test("and 조회 사용자 검증 → of concurrent reads only the one without a user is refused, and each caller reads the own balance", async () => {
    const users = await Promise.all([10, 20, 30].map((balance) => shop.user({ balance })));
    const answers = await Promise.all([...users, missingUser()].map((user) => user.get(`/users/${user.id}/balance`)));
    assert.deepEqual(
      answers.map(({ status, body }) => body.balance ?? status),
      [10, 20, 30, 404],
    );
  });

  // Fails if all decisions of a round start from the loaded balance.
  test("par 충전 결과 반환 → every charge is answered with the balance that it made", async () => {
    const user = await shop.user();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => alternating(user, i).post(`/users/${user.id}/balance/charge`, { amount: 100 })),
    );
    const made = answers.map((answer) => good(answer, 200).newBalance as number).sort((a, b) => a - b);
    assert.deepEqual(
      made,
      Array.from({ length: 20 }, (_, i) => (i + 1) * 100),
    );
  });

  // "최신 잔액 반환 (충전 금액 반영됨)". Fails if BatchedRead gives the result of a running read to a later caller.
  test("and 조회 결과 반환 → a read after an answered charge sees it, at either instance", async () => {
    const user = await shop.user();
    const look = (instance: TestShop) => user.at(instance).get(`/users/${user.id}/balance`);
    const { held, release } = proxy.holdResponse("select wallets");
    const started = look(other);
    await held; // The response to the first read, from before the charge, is held back.
    good(await user.at(other).post(`/users/${user.id}/balance/charge`, { amount: 100 }), 200);
    const asked = [look(other), look(other)];
    good(await user.at(other).post(`/users/${user.id}/balance/charge`, { amount: 10 }), 200);
    const elsewhere = good(await look(shop), 200).balance;
    release();
    assert.equal(good(await started, 200).balance, 0);
    for (const answer of await Promise.all(asked)) assert.ok(good(answer, 200).balance >= 100);
    assert.deepEqual([elsewhere, good(await look(other), 200).balance], [110, 110]);
  });

  test("flow → a charge and a read at once are both answered", async () => {
    const user = await shop.user({ balance: 100 });
    const [charge, read] = await Promise.all([
      user.post(`/users/${user.id}/balance/charge`, { amount: 50 }),
      user.at(other).get(`/users/${user.id}/balance`),
    ]);
    assert.equal(good(charge, 200).newBalance, 150);
    assert.ok([100, 150].includes(good(read, 200).balance));
  });
});

describe("1-points · 상품 전체 목록 조회", () => {
  // The document throws "상품이 존재하지 않습니다". An empty list is no error (reconciliation 11); its message is document 2's. No product
  // exists at this point.
  test("opt 상품 데이터 없음 → 200 with an empty list and a message", async () => {
    const body = good(await shop.anyone("GET", "/products"), 200);
    assert.deepEqual(body, { products: [], nextCursor: null, message: "등록된 상품이 없습니다" });
  });

  test("flow → every product for sale, newest first", async () => {
    const [first, second] = [await shop.product({ name: "사과", price: 1000, stock: 3 }), await shop.product({ name: "배", price: 2500, stock: 0 })];
    await shop.product({ name: "비매품", status: "NOT_FOR_SALE" });
    const { products } = good(await shop.anyone("GET", "/products"), 200);
    assert.equal(products.length, 2);
    assert.partialDeepStrictEqual(products, [
      { id: second.id, name: "배", price: 2500, stock: 0, status: "SOLD_OUT" },
      { id: first.id, name: "사과", price: 1000, stock: 3, status: "ON_SALE" },
    ]);
  });
});

describe("1-points · 상품 상세 조회", () => {
  test("opt 유효하지 않은 상품 ID → 400", async () => {
    refusedWith(await shop.anyone("GET", "/products/42"), 400, "INVALID_PRODUCT_ID", "유효하지 않은 상품 ID입니다");
  });

  test("opt 상품 미존재 → 404", async () => {
    refusedWith(await shop.anyone("GET", `/products/${MISSING_ID}`), 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다");
  });

  test("opt 품절 상태 → shown, as sold out", async () => {
    const product = await shop.product({ stock: 0 });
    const { status, stock } = good(await shop.anyone("GET", `/products/${product.id}`), 200);
    assert.deepEqual({ status, stock }, { status: "SOLD_OUT", stock: 0 });
  });

  test("flow → name, description, price, stock and the variant", async () => {
    const product = await shop.product({ name: "감", description: "곶감용", price: 700, stock: 9 });
    const shown = good(await shop.anyone("GET", `/products/${product.id}`), 200);
    assert.equal(shown.variants.length, 1);
    assert.partialDeepStrictEqual(shown, {
      id: product.id,
      name: "감",
      description: "곶감용",
      price: 700,
      stock: 9,
      status: "ON_SALE",
      variants: [{ id: product.variants[0]?.id, sku: null, name: "감", options: {}, price: 700, stock: 9, status: "ON_SALE" }],
    });
  });
});

describe("1-points · 상품 조회와 결제 요청이 동시에 진행될 때, 결제 완료 후 감소된 재고 조회 (동시성 조회)", () => {
  test("par 상품 조회 요청 → reads among purchases see committed stock: never below zero, never above the initial stock", async () => {
    const product = await shop.product({ stock: 20, price: 1 });
    const users = await shop.users(20, { balance: 2 });
    const [reads] = await Promise.all([
      Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? shop : other).anyone("GET", `/products/${product.id}`))),
      race(20, (i) => alternating(users[i] as Client, i).post("/orders", { orderItems: itemsOf(product) })),
    ]);
    for (const read of reads) assert.ok(good(read, 200).stock >= 0 && read.body.stock <= 20);
    assert.equal(await shop.stockOf(product), 0);
  });

  // Fails if the cached list expires by age only, if BatchedRead gives the result of a running read to a later caller, or if a list
  // that was read before the purchase is cached after it.
  test("and 상품 구매 요청 → a read after an answered purchase sees the smaller stock: in the list, and in the detail at either instance", async () => {
    const product = await shop.product({ name: "한정판", stock: 100 });
    const user = await shop.user({ balance: 100_000 });
    const look = (instance: TestShop) => instance.anyone("GET", `/products/${product.id}`);
    const list = (instance: TestShop) => instance.anyone("GET", "/products?q=한정판");
    const buy = async () => good(await user.at(other).post("/orders", { orderItems: itemsOf(product) }), 201);
    await buy();
    assert.deepEqual([(await look(shop)).body.stock, (await look(other)).body.stock, (await list(other)).body.products[0].stock], [99, 99, 99]);

    // A response from before the purchase is held back. Reads after the purchase must not return it, neither then nor later.
    for (const [words, read, stockIn] of [
      ["select products", look, ({ body }: Answer) => body.stock],
      ["select product page", list, ({ body }: Answer) => body.products[0].stock],
    ] as const) {
      const before = await shop.stockOf(product);
      await invalidationsReceived(other, database);
      await buy(); // Drops the list from the cache.
      const { held, release } = proxy.holdResponse(words);
      const started = read(other);
      await held;
      await buy();
      const asked = read(other);
      await buy();
      release();
      assert.equal(stockIn(await started), before - 1);
      assert.ok(stockIn(await asked) <= before - 2);
      assert.equal(stockIn(await read(other)), before - 3);
    }
  });

  test("opt 품절 상태 → the last piece sold, the next reader is told that it is sold out", async () => {
    const product = await shop.product({ name: "마지막 하나", stock: 1 });
    good(await shop.anyone("GET", "/products?q=마지막"), 200);
    const user = await shop.user({ balance: 1000 });
    good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
    assert.equal(good(await other.anyone("GET", `/products/${product.id}`), 200).status, "SOLD_OUT");
    assert.equal(good(await shop.anyone("GET", "/products?q=마지막"), 200).products[0].status, "SOLD_OUT");
  });

  test("flow → UserC buys by POST /payments while UserA looks; then UserA sees the rest of the stock", async () => {
    const product = await shop.product({ stock: 5 });
    const userC = await shop.user({ balance: 2000 });
    const orderId = await deferred(userC, itemsOf([product, 2]));
    const [look, pay] = await Promise.all([other.anyone("GET", `/products/${product.id}`), userC.post("/payments", { orderId, method: "BALANCE" })]);
    good(pay, 201);
    assert.ok([5, 3].includes(good(look, 200).stock));
    assert.equal(good(await other.anyone("GET", `/products/${product.id}`), 200).stock, 3);
  });
});

describe("1-points · 쿠폰 발급", () => {
  test("opt 유효하지 않은 식별자 → 400 that names the field", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () =>
      user.post(`/coupons/${campaign.id}/issue`, { userId: "42" }),
    );
    const { errors } = refusedWith(answer, 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
    assert.equal((errors as { path: string }[])[0]?.path, "/userId");
  });

  test("opt 이미 발급된 경우 → 409, and nothing is taken from the campaign", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 5 })];
    good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.at(other).post(`/coupons/${campaign.id}/issue`));
    refusedWith(answer, 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
  });

  test("opt 재고 부족 → 409, and nothing remains of the attempt", async () => {
    const [first, second] = await shop.users(2);
    const campaign = await shop.campaign({ totalQuantity: 1 });
    good(await (first as Client).post(`/coupons/${campaign.id}/issue`), 201);
    const answer = await unchanged(shop, { users: [second as Client], campaigns: [campaign] }, () =>
      (second as Client).post(`/coupons/${campaign.id}/issue`),
    );
    refusedWith(answer, 409, "COUPON_SOLD_OUT", "쿠폰 재고가 없습니다");
  });

  test("flow → 201, one coupon fewer in the campaign and one more in the user's hands", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 5, validDays: 7 })];
    const issued = good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    assert.equal(issued.couponId, campaign.id);
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 4);
    const { userCoupons } = good(await user.get(`/users/${user.id}/coupons`), 200);
    assert.deepEqual(
      userCoupons.map(({ id, expiresAt }: Record<string, unknown>) => [id, expiresAt]),
      [[issued.userCouponId, issued.expiresAt]],
    );
  });
});

describe("1-points · 쿠폰 발급 동시성 확인", () => {
  /** Two users request the last coupon at once, at two instances. */
  async function lastCoupon() {
    const campaign = await shop.campaign({ totalQuantity: 1 });
    const users = (await shop.users(2)) as [Client, Client];
    const answers = await Promise.all(users.map((user, i) => alternating(user, i).post(`/coupons/${campaign.id}/issue`)));
    const winner = answers.findIndex(({ status }) => status === 201);
    return { campaign, users, answers, winner, loser: 1 - winner };
  }

  // Also fails if the campaign has neither the distributed lock nor the row lock.
  test("par UserA 쿠폰 발급 요청 → the one whose turn comes first gets it, and there is none left", async () => {
    for (let i = 0; i < 10; i++) {
      const { campaign, users, answers, winner } = await lastCoupon();
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
      const { userCoupons } = good(await (users[winner] as Client).get(`/users/${users[winner]?.id}/coupons`), 200);
      assert.equal(userCoupons[0].couponId, campaign.id);
      const { remainingQuantity, status } = good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200);
      assert.deepEqual({ remainingQuantity, status }, { remainingQuantity: 0, status: "SOLD_OUT" });
    }
  });

  test("and UserB 쿠폰 발급 요청 → the other is told that none is left, and holds nothing", async () => {
    const { users, answers, loser } = await lastCoupon();
    refusedWith(answers[loser] as never, 409, "COUPON_SOLD_OUT", "쿠폰 재고가 없습니다");
    assert.deepEqual(good(await (users[loser] as Client).get(`/users/${users[loser]?.id}/coupons?status=ALL`), 200).userCoupons, []);
  });

  test("flow → of forty users at two instances, five get the five coupons", async () => {
    const campaign = await shop.campaign({ totalQuantity: 5 });
    const users = await shop.users(40);
    const statuses = await race(40, (i) => alternating(users[i] as Client, i).post(`/coupons/${campaign.id}/issue`));
    assert.deepEqual(statuses, { 201: 5, 409: 35 });
  });
});

describe("1-points · 쿠폰 발급 이력 조회", () => {
  test("opt 유효하지 않은 식별자 → 400", async () => {
    const user = await shop.user();
    refusedWith(await user.get("/users/not-an-id/coupons"), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  // "발급 이력이 없습니다" here, "보유한 쿠폰이 없습니다" in document 2.
  test("opt 발급 이력 없음 → 200 with an empty list and a message", async () => {
    const user = await shop.user();
    assert.deepEqual(good(await user.get(`/users/${user.id}/coupons`), 200), {
      userCoupons: [],
      nextCursor: null,
      message: "보유한 쿠폰이 없습니다",
    });
  });

  test("flow → the coupons that the user holds, newest first", async () => {
    const user = await shop.user();
    const [first, second] = [await shop.coupon(user, { name: "첫째" }), await shop.coupon(user, { name: "둘째" })];
    const { userCoupons } = good(await user.get(`/users/${user.id}/coupons`), 200);
    assert.deepEqual(
      userCoupons.map(({ id, name }: Record<string, unknown>) => [id, name]),
      [
        [second, "둘째"],
        [first, "첫째"],
      ],
    );
  });
});

describe("1-points · 주문", () => {
  test("opt 유효하지 않은 상품 → 400 for a malformed id, 404 for one that is no product's, and no order", async () => {
    const [user, product] = [await shop.user(), await shop.product()];
    const state = { users: [user], products: [product] };
    const place = (orderItems: unknown[]) => unchanged(shop, state, () => user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }));
    const { errors } = refused(await place([{ productId: "42", quantity: 1 }]), 400, "INVALID_REQUEST");
    assert.equal((errors as { path: string }[])[0]?.path, "/orderItems/0/productId");
    refusedWith(await place(itemsOf(product, { id: MISSING_ID })), 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다");
  });

  test("opt 판매 불가 상품 → 400, and no order", async () => {
    const [user, product] = [await shop.user(), await shop.product({ status: "NOT_FOR_SALE" })];
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/orders", { orderItems: itemsOf(product), payment: { method: "DEFERRED" } }),
    );
    refusedWith(answer, 400, "PRODUCT_NOT_FOR_SALE", "현재 구매할 수 없는 상품입니다");
  });

  test("opt 쿠폰 사용하는 경우 → the order has its discount; the coupon is taken when it is paid", async () => {
    const [user, product] = [await shop.user(), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user, { discount: { type: "FIXED", amount: 300 } });
    const order = good(await user.post("/orders", { orderItems: itemsOf([product, 2]), userCouponId, payment: { method: "DEFERRED" } }), 201);
    const { totalAmount, discountAmount, paidAmount } = order;
    assert.deepEqual(
      { totalAmount, discountAmount, paidAmount, userCouponId: order.userCouponId },
      { totalAmount: 2000, discountAmount: 300, paidAmount: 0, userCouponId },
    );
    assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons[0].status, "AVAILABLE");
  });

  test("opt 쿠폰 검증 실패 → 400 for a coupon that is used, expired or below its least order, 404 for another's; and no order", async () => {
    const [user, stranger] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    const product = await shop.product({ price: 1000 });
    const [used, expired, least, foreign] = [
      await shop.coupon(user),
      await shop.coupon(user, { expiresAt: new Date(Date.now() + HOUR_MS).toISOString() }),
      await shop.coupon(user, { discount: { type: "FIXED", amount: 100, minOrderAmount: 1001 } }),
      await shop.coupon(stranger),
    ];
    good(await user.post("/orders", { orderItems: itemsOf(product), userCouponId: used }), 201);
    clock.forward(HOUR_MS);
    const place = (userCouponId: string | undefined) =>
      unchanged(shop, { users: [user, stranger], products: [product] }, () =>
        user.post("/orders", { orderItems: itemsOf(product), userCouponId, payment: { method: "DEFERRED" } }),
      );
    for (const [coupon, reason] of [
      [used, "USED"],
      [expired, "EXPIRED"],
      [least, "MIN_ORDER_AMOUNT"],
    ]) {
      assert.equal(refusedWith(await place(coupon), 400, "COUPON_UNUSABLE", "사용 불가능한 쿠폰입니다")["reason"], reason);
    }
    refusedWith(await place(foreign), 404, "COUPON_NOT_FOUND", "존재하지 않는 쿠폰입니다");
  });

  test("flow → 201, waiting for its payment: neither stock nor balance has moved", async () => {
    const [user, product] = [await shop.user({ balance: 5000 }), await shop.product({ name: "귤", price: 1000, stock: 9 })];
    const order = good(await user.post("/orders", { orderItems: itemsOf([product, 3]), payment: { method: "DEFERRED" } }), 201);
    const variantId = product.variants[0]?.id;
    const createdAt = Date.parse(order.createdAt);
    assert.ok(Math.abs(createdAt - Date.now()) < HOUR_MS / 60);
    assert.partialDeepStrictEqual(order, {
      orderId: order.orderId,
      userId: user.id,
      status: "PENDING",
      orderItems: [{ productId: product.id, variantId, name: "귤", unitPrice: 1000, quantity: 3, refundedQuantity: 0 }],
      userCouponId: null,
      totalAmount: 3000,
      discountAmount: 0,
      paidAmount: 0,
      refundedAmount: 0,
      amountDue: 3000,
      payment: null,
      createdAt: order.createdAt,
      expiresAt: new Date(createdAt + HOUR_MS / 2).toISOString(),
      completedAt: null,
    });
    assert.deepEqual([await shop.stockOf(product), await shop.balanceOf(user)], [9, 5000]);
    assert.deepEqual(good(await user.get(`/orders/${order.orderId}`), 200), order);
  });
});

describe("1-points · 결제", () => {
  test("opt 재고 부족 → 400, rolled back: the order still waits, and can be paid once there is stock", async () => {
    const [user, plenty, scarce] = [await shop.user({ balance: 10_000 }), await shop.product({ stock: 10 }), await shop.product({ stock: 1 })];
    const orderId = await deferred(user, itemsOf(plenty, [scarce, 2]));
    const answer = await unchanged(shop, { users: [user], products: [plenty, scarce] }, () => user.post("/payments", { orderId, method: "BALANCE" }));
    const { productId, requested, available } = refusedWith(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
    assert.deepEqual({ productId, requested, available }, { productId: scarce.id, requested: 2, available: 1 });

    good(await shop.operator.post(`/admin/variants/${scarce.variants[0]?.id}/stock`, { delta: 1, reason: "delivery" }), 200);
    good(await user.post("/payments", { orderId, method: "BALANCE" }), 201);
  });

  // For the stock, fails if the till keeps the changes of a refused command.
  test("opt 잔액 부족 → 400, rolled back: the stock that was taken is there again", async () => {
    const [user, product] = [await shop.user({ balance: 999 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user, { discount: { type: "FIXED", amount: 500 } });
    const orderId = await deferred(user, itemsOf([product, 2]), { userCouponId });
    const answer = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/payments", { orderId, method: "BALANCE" }));
    const { requested, available } = refusedWith(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다");
    assert.deepEqual({ requested, available }, { requested: 1500, available: 999 });
  });

  // Fails without takeCoupon, and without `usableCoupon` in payFromBalance.
  test("opt 주문에 쿠폰이 사용된 경우 → the coupon goes with the payment, and a second order that names it can't be paid", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user, { discount: { type: "PERCENTAGE", rate: 15 } });
    const [first, second] = [await deferred(user, itemsOf(product), { userCouponId }), await deferred(user, itemsOf(product), { userCouponId })];
    const { amount, paidAt } = good(await user.post("/payments", { orderId: first, method: "BALANCE" }), 201);
    assert.deepEqual([amount, await shop.balanceOf(user)], [850, 9150]);
    const [coupon] = good(await user.get(`/users/${user.id}/coupons?status=USED`), 200).userCoupons;
    assert.deepEqual([coupon.id, coupon.usedAt], [userCouponId, paidAt]);

    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/payments", { orderId: second, method: "BALANCE" }),
    );
    assert.equal(refusedWith(answer, 400, "COUPON_UNUSABLE", "사용 불가능한 쿠폰입니다")["reason"], "USED");
  });

  test("par 주문 상태 변경 → the order is COMPLETED, and not a second time", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product()];
    const orderId = await deferred(user, itemsOf(product));
    const { paymentId, paidAt } = good(await user.post("/payments", { orderId, method: "BALANCE" }), 201);
    const { status, completedAt, paidAmount, payment } = good(await user.get(`/orders/${orderId}`), 200);
    assert.deepEqual(
      { status, completedAt, paidAmount, payment },
      { status: "COMPLETED", completedAt: paidAt, paidAmount: 1000, payment: { paymentId, method: "BALANCE", status: "COMPLETED" } },
    );
    // Fails without `isPayable` in payOrder.
    const again = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/payments", { orderId, method: "BALANCE" }));
    refusedWith(again, 409, "ORDER_NOT_PAYABLE", "결제할 수 없는 주문입니다");
  });

  test("and 결제 상태 변경 → the payment is COMPLETED, with the paid amount", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product()];
    const orderId = await deferred(user, itemsOf([product, 3]));
    const payment = good(await user.post("/payments", { orderId, userId: user.id, method: "BALANCE" }), 201);
    assert.deepEqual(payment, {
      paymentId: payment.paymentId,
      orderId,
      method: "BALANCE",
      status: "COMPLETED",
      amount: 3000,
      paidAt: payment.paidAt,
    });
    assert.deepEqual(good(await user.get(`/payments/${payment.paymentId}`), 200), {
      ...payment,
      history: [{ status: "COMPLETED", at: payment.paidAt, reason: null }],
    });
  });

  test("flow → stock, points and coupon are taken, and order, payment and discount go to the data platform", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ name: "밤", price: 1000, stock: 9 })];
    const userCouponId = await shop.coupon(user, { discount: { type: "FIXED", amount: 300 } });
    const orderId = await deferred(user, itemsOf([product, 2]), { userCouponId });
    const { paymentId } = good(await user.post("/payments", { orderId, method: "BALANCE" }), 201);
    assert.deepEqual([await shop.stockOf(product), await shop.balanceOf(user)], [7, 8300]);

    const [placed, completed] = await sentEvents(shop, orderId, 2);
    assert.deepEqual([placed.type, completed.type], ["jangnal.order.placed", "jangnal.order.completed"]);
    const { orderItems, payment, discount } = completed.data;
    assert.equal(orderItems.length, 1);
    assert.partialDeepStrictEqual(orderItems, [
      { productId: product.id, variantId: product.variants[0]?.id, name: "밤", unitPrice: 1000, quantity: 2, refundedQuantity: 0 },
    ]);
    assert.deepEqual([payment.paymentId, payment.status, payment.amount], [paymentId, "COMPLETED", 1700]);
    assert.deepEqual([discount.userCouponId, discount.amount], [userCouponId, 300]);
  });
});

describe("1-points · 결제 동시성 처리 확인", () => {
  /** Users A and B pay at once, at two instances, for orders of the same last unit. A's balance is too small, B's is sufficient. */
  async function shortAndSufficient() {
    const product = await shop.product({ price: 1000, stock: 1 });
    const [a, b] = [await shop.user({ balance: 899 }), await shop.user({ balance: 900 })];
    const [couponA, couponB] = [
      await shop.coupon(a, { discount: { type: "FIXED", amount: 100 } }),
      await shop.coupon(b, { discount: { type: "FIXED", amount: 100 } }),
    ];
    const [orderA, orderB] = [
      await deferred(a, itemsOf(product), { userCouponId: couponA }),
      await deferred(b, itemsOf(product), { userCouponId: couponB }),
    ];
    const [paidA, paidB] = await Promise.all([
      a.post("/payments", { orderId: orderA, method: "BALANCE" }),
      b.at(other).post("/payments", { orderId: orderB, method: "BALANCE" }),
    ]);
    return { product, a, b, couponA, couponB, orderA, orderB, paidA, paidB };
  }

  // Fails if the till keeps the changes of a refused command: A's unit would be taken, and B refused.
  test("par UserA 결제 요청 → A is refused, and keeps balance and coupon", async () => {
    for (let i = 0; i < 5; i++) {
      const { a, couponA, paidA, paidB } = await shortAndSufficient();
      good(paidB, 201);
      // A is refused for the balance, or for the stock if B was first.
      assert.equal(paidA.status, 400);
      assert.ok(["BALANCE_INSUFFICIENT", "STOCK_INSUFFICIENT"].includes(paidA.body.code));
      assert.equal(await shop.balanceOf(a), 899);
      assert.equal(good(await a.get(`/users/${a.id}/coupons`), 200).userCoupons[0].id, couponA);
    }
  });

  test("and UserB 결제 요청 → B gets the piece that A could not pay", async () => {
    const { b, product, paidB } = await shortAndSufficient();
    good(paidB, 201);
    assert.deepEqual([await shop.stockOf(product), await shop.balanceOf(b)], [0, 0]);
  });

  test("opt 쿠폰 사용하는 경우 → B's coupon is used, with B's order only", async () => {
    const { b, couponB, paidB } = await shortAndSufficient();
    assert.equal(good(paidB, 201).amount, 900);
    const { userCoupons } = good(await b.get(`/users/${b.id}/coupons?status=USED`), 200);
    assert.deepEqual(
      userCoupons.map(({ id }: { id: string }) => id),
      [couponB],
    );
  });

  test("par 주문 상태 변경 → B's order is COMPLETED, A's still waits", async () => {
    const { a, b, orderA, orderB } = await shortAndSufficient();
    assert.equal(good(await a.get(`/orders/${orderA}`), 200).status, "PENDING");
    assert.equal(good(await b.get(`/orders/${orderB}`), 200).status, "COMPLETED");
  });

  test("and 결제 상태 변경 → B has a payment, A has none", async () => {
    const { a, b, orderA, orderB, paidB } = await shortAndSufficient();
    assert.equal(good(await a.get(`/orders/${orderA}`), 200).payment, null);
    assert.equal(good(await b.get(`/orders/${orderB}`), 200).payment.paymentId, paidB.body.paymentId);
    assert.equal(good(await b.get(`/payments/${paidB.body.paymentId}`), 200).status, "COMPLETED");
  });

  test("flow → once A has charged the missing amount, and stock has come, A's order is paid too", async () => {
    const { a, product, orderA } = await shortAndSufficient();
    good(await a.post(`/users/${a.id}/balance/charge`, { amount: 1 }), 200);
    good(await shop.operator.post(`/admin/variants/${product.variants[0]?.id}/stock`, { delta: 1, reason: "delivery" }), 200);
    assert.equal(good(await a.post("/payments", { orderId: orderA, method: "BALANCE" }), 201).amount, 900);
    assert.equal(await shop.balanceOf(a), 0);
  });
});

/** Six products and their units sold on days 0 (today), -1, …, -4: far more than the other tests of this file sell. */
const SOLD: Record<string, number[]> = {
  가: [0, 100, 200, 300, 0],
  나: [0, 0, 500, 0, 5000],
  다: [9000, 400, 0, 0, 0],
  라: [0, 0, 0, 300, 0],
  마: [150, 100, 50, 50, 0],
  바: [0, 50, 50, 0, 9000],
};
const named = new Map<string, string>();

describe("1-points · 최근 3일 판매 상위 5개 데이터 저장", () => {
  test("flow → at midnight the top five of the last three full days are stored, and snapshots older than three days are deleted", async () => {
    const buyer = await shop.user({ balance: 10_000_000 });
    for (const [name, units] of Object.entries(SOLD)) {
      const product = await shop.product({ name, price: 1, stock: 100_000 });
      named.set(product.id, name);
      for (const [ago, quantity] of units.entries()) {
        if (quantity === 0) continue;
        good(
          await shop.operator.post("/orders", {
            userId: buyer.id,
            orderItems: itemsOf([product, quantity]),
            orderedAt: `${day(-ago)}T00:00:00+09:00`,
          }),
          201,
        );
      }
      await counted(
        shop,
        product,
        units.reduce((sum, sold) => sum + sold, 0),
      );
    }
    await database.query("INSERT INTO popular_snapshots (day, rank, product_id, total_sales) VALUES ($1, 1, $3, 1), ($2, 1, $3, 1)", [
      day(-4),
      day(-3),
      MISSING_ID,
    ]);
    assert.deepEqual(await runJob(shop, "snapshot-popular"), { day: day(), from: day(-3), to: day(-1), products: 5, deleted: 1 });
    const { rows } = await database.query("SELECT rank, product_id, total_sales::int FROM popular_snapshots WHERE day = $1 ORDER BY rank", [day()]);
    // Today's 9000 of 다 and the 5000 and 9000 of four days ago do not count.
    assert.deepEqual(
      rows.map(({ rank, product_id, total_sales }) => [rank, named.get(product_id), total_sales]),
      [
        [1, "가", 600],
        [2, "나", 500],
        [3, "다", 400],
        [4, "라", 300],
        [5, "마", 200],
      ],
    );
    const { rows: days } = await database.query("SELECT DISTINCT day::text FROM popular_snapshots ORDER BY day");
    assert.deepEqual(
      days.map((row) => row.day),
      [day(-3), day()],
    );
  });
});

describe("1-points · 최근 3일 판매 상위 5개 데이터 조회", () => {
  // The document throws. An empty list is no error; its format and message are document 2's (reconciliation 11).
  test("opt 배치 데이터 없음 → 200 with an empty list and a message", async () => {
    const empty = await openTestShop();
    try {
      const { popularProducts, message } = good(await empty.anyone("GET", "/products/popular"), 200);
      assert.deepEqual({ popularProducts, message }, { popularProducts: [], message: "통계 데이터가 없습니다" });
    } finally {
      await empty.close();
    }
  });

  // The list covers today and the two days before (reconciliation 9). Products with equal sales are ordered by id.
  test("flow → the top five by units, with name and price, at either instance", async () => {
    const [third, fourth] = [...named]
      .filter(([, name]) => name === "가" || name === "마")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, name]) => name);
    for (const instance of [shop, other]) {
      const { popularProducts, from, to } = good(await instance.anyone("GET", "/products/popular"), 200);
      assert.deepEqual({ from, to }, { from: day(-2), to: day() });
      assert.deepEqual(
        popularProducts.map(({ rank, name, price, totalSales }: Record<string, unknown>) => [rank, name, price, totalSales]),
        [
          [1, "다", 1, 9400],
          [2, "나", 1, 500],
          [3, third, 1, 300],
          [4, fourth, 1, 300],
          [5, "바", 1, 100],
        ],
      );
    }
  });
});
