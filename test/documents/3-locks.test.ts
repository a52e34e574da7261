// Document 3: paths and status codes, and which lock stands where: a row lock decides about stock and coupons, a version about
// balances read earlier, a distributed lock before a first-come coupon. Side by side with it, diagram by diagram, branch by branch.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { endOfDayAfter } from "../../src/day.ts";
import { clockAtNoon } from "../support/clock.ts";
import { whileHeld } from "../support/hold.ts";
import { Client, good, openTestShop, race, type TestShop } from "../support/shop.ts";
import { unchanged } from "../support/unchanged.ts";
import { caughtUp, counted, heardEverything, lines, NOBODY, says, sentEvents, until } from "./helpers.ts";

const MINUTE_MS = 60_000;

const clock = clockAtNoon();
let shop: TestShop;
/** A second instance, which waits no longer than 100 ms for a lock. */
let hasty: TestShop;
before(async () => {
  shop = await openTestShop();
  hasty = await openTestShop({ beside: shop, env: { DATA_DIR: shop.shop.config.dataDir, LOCK_WAIT_MS: "100" } });
  await caughtUp(shop);
});
after(async () => {
  await hasty.close();
  await shop.close();
});

describe("3-locks · 1. 주문 및 결제 프로세스 (핵심 플로우)", () => {
  // Goes red without `variant.stock < quantity` in takeStock.
  test("alt 재고 부족 → 400 that says what there is, and nothing is taken", async () => {
    const [user, product] = [await shop.user({ balance: 100_000 }), await shop.product({ stock: 2 })];
    const answer = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/orders", { orderItems: lines([product, 3]) }));
    const { productId, requested, available } = says(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
    assert.deepEqual({ productId, requested, available }, { productId: product.id, requested: 3, available: 2 });
  });

  // Goes red where the stock must exceed the quantity.
  test("else 재고 충분 → down to the last piece", async () => {
    const [user, product] = [await shop.user({ balance: 100_000 }), await shop.product({ stock: 2 })];
    good(await user.post("/orders", { orderItems: lines([product, 2]) }), 201);
    assert.equal(await shop.stockOf(product), 0);
  });

  test("opt 쿠폰 사용 → with a coupon the order is cheaper by it, without one it is not", async () => {
    const [user, product] = [await shop.user({ balance: 100_000 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user, { discount: { type: "FIXED", amount: 150 } });
    assert.equal(good(await user.post("/orders", { orderItems: lines(product) }), 201).paidAmount, 1000);
    assert.equal(good(await user.post("/orders", { orderItems: lines(product), userCouponId }), 201).paidAmount, 850);
    assert.equal(await shop.balanceOf(user), 98_150);
  });

  // Goes red without each `refuse` of usableCoupon. A coupon that is not there, or another's, is missing: 404 (contract).
  test("alt 쿠폰 무효 → 400 for used, expired and below its least order; 404 for another's and nobody's; and nothing is taken", async () => {
    const [user, holder] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    const product = await shop.product({ price: 1000 });
    const used = await shop.coupon(user);
    const expired = await shop.coupon(user, { expiresAt: new Date(Date.now() + MINUTE_MS).toISOString() });
    const least = await shop.coupon(user, { discount: { type: "PERCENTAGE", rate: 50, minOrderAmount: 1001 } });
    const foreign = await shop.coupon(holder);
    good(await user.post("/orders", { orderItems: lines(product), userCouponId: used }), 201);
    clock.forward(MINUTE_MS);
    const order = (userCouponId: string) =>
      unchanged(shop, { users: [user, holder], products: [product] }, () => user.post("/orders", { orderItems: lines(product), userCouponId }));
    for (const [coupon, reason] of [
      [used, "USED"],
      [expired, "EXPIRED"],
      [least, "MIN_ORDER_AMOUNT"],
    ] as const) {
      assert.equal(says(await order(coupon), 400, "COUPON_UNUSABLE", "사용 불가능한 쿠폰입니다")["reason"], reason);
    }
    for (const coupon of [foreign, NOBODY]) says(await order(coupon), 404, "COUPON_NOT_FOUND", "존재하지 않는 쿠폰입니다");
  });

  // Goes red where discountFor rounds up, forgets `maxAmount`, or gives back more than the order is worth.
  test("else 쿠폰 유효 → an amount, or a rate rounded down, up to its most, and never more than the order", async () => {
    const user = await shop.user({ balance: 100_000 });
    const product = await shop.product({ price: 999 });
    for (const [discount, discountAmount] of [
      [{ type: "FIXED", amount: 100 }, 100],
      [{ type: "FIXED", amount: 5000 }, 999],
      [{ type: "PERCENTAGE", rate: 10 }, 99],
      [{ type: "PERCENTAGE", rate: 50, maxAmount: 300 }, 300],
      [{ type: "PERCENTAGE", rate: 100 }, 999],
      [{ type: "FIXED", amount: 1, minOrderAmount: 999 }, 1],
    ] as const) {
      const userCouponId = await shop.coupon(user, { discount });
      const order = good(await user.post("/orders", { orderItems: lines(product), userCouponId }), 201);
      assert.deepEqual([order.discountAmount, order.paidAmount], [discountAmount, 999 - discountAmount]);
    }
  });

  // Goes red without `balance < 0` in moveMoney; for stock and coupon, without `shop.drop()` in the till.
  test("alt 잔액 부족 → 400, rolled back: no order, and stock and coupon as they were", async () => {
    const [user, product] = [await shop.user({ balance: 1499 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user, { discount: { type: "FIXED", amount: 500 } });
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/orders", { orderItems: lines([product, 2]), userCouponId }),
    );
    const { requested, available } = says(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다");
    assert.deepEqual({ requested, available }, { requested: 1500, available: 1499 });
  });

  test("else 잔액 충분 → down to the last won, with a transaction in the ledger", async () => {
    const [user, product] = [await shop.user({ balance: 2000 }), await shop.product({ price: 1000 })];
    const { orderId } = good(await user.post("/orders", { orderItems: lines([product, 2]) }), 201);
    const [{ type, amount, balanceAfter, orderId: ordered }] = good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions;
    assert.deepEqual({ type, amount, balanceAfter, ordered }, { type: "PAYMENT", amount: -2000, balanceAfter: 0, ordered: orderId });
  });

  // Goes red without takeCoupon in payFromBalance.
  test("opt 쿠폰 사용된 경우 → the coupon is USED with the payment", async () => {
    const [user, product] = [await shop.user({ balance: 2000 }), await shop.product({ price: 1000 })];
    const userCouponId = await shop.coupon(user);
    const { completedAt } = good(await user.post("/orders", { orderItems: lines(product), userCouponId }), 201);
    const [{ id, status, usedAt }] = good(await user.get(`/users/${user.id}/coupons?status=ALL`), 200).userCoupons;
    assert.deepEqual({ id, status, usedAt }, { id: userCouponId, status: "USED", usedAt: completedAt });
  });

  // "7. 외부 데이터 전송": after the commit, and from the outbox.
  test("flow → 201 Created, and the data platform gets the order", async () => {
    const [user, product] = [await shop.user({ balance: 2000 }), await shop.product({ price: 1000, stock: 3 })];
    const { orderId, status } = good(await user.post("/orders", { orderItems: lines([product, 2]) }), 201);
    assert.equal(status, "COMPLETED");
    assert.deepEqual([await shop.stockOf(product), await shop.balanceOf(user)], [1, 0]);
    const [event] = await sentEvents(shop, orderId);
    assert.deepEqual([event.type, event.data.paidAmount], ["jangnal.order.completed", 2000]);
  });
});

describe("3-locks · 2. 선착순 쿠폰 발급 프로세스", () => {
  // Here the campaign's row is held, in document 2's test its distributed lock: either is a 503. Goes red without lock_timeout in the store, or LockTimeout in the till.
  test("alt 락 획득 실패 → 503 with Retry-After, and nothing is issued", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    await whileHeld(shop.shop.config.databaseUrl as string, "SELECT FROM campaigns WHERE id = $1 FOR UPDATE", [campaign.id], async () => {
      const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.at(hasty).post(`/coupons/${campaign.id}/issue`));
      const { retryAfter } = says(answer, 503, "BUSY", "잠시 후 다시 시도해주세요");
      assert.equal(answer.headers["retry-after"], String(retryAfter));
      assert.ok(Number(retryAfter) >= 1);
    });
    good(await user.at(hasty).post(`/coupons/${campaign.id}/issue`), 201);
  });

  test("else 락 획득 성공 → a crowd at two instances takes turns: everyone gets an answer, and nobody a 503", async () => {
    const campaign = await shop.campaign({ totalQuantity: 50 });
    const users = await shop.users(50);
    const second = await openTestShop({ beside: shop });
    try {
      assert.deepEqual(await race(50, (i) => (users[i] as Client).at(i % 2 ? second : shop).post(`/coupons/${campaign.id}/issue`)), { 201: 50 });
    } finally {
      await second.close();
    }
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 0);
  });

  // Goes red without `campaign.issuedQuantity >= campaign.totalQuantity` in issueCoupon.
  test("alt 발급 수량 초과 → 409: sold out", async () => {
    const [first, second] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign({ totalQuantity: 1 });
    good(await first.post(`/coupons/${campaign.id}/issue`), 201);
    const answer = await unchanged(shop, { users: [second], campaigns: [campaign] }, () => second.post(`/coupons/${campaign.id}/issue`));
    says(answer, 409, "COUPON_SOLD_OUT", "쿠폰 재고가 없습니다");
  });

  test("else 발급 가능 → as long as there is one left", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 1 })];
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).status, "OPEN");
    good(await user.post(`/coupons/${campaign.id}/issue`), 201);
  });

  // The document asks for the quantity first, documents 1 and 2 for the coupon that is held: of a campaign sold out, its holders are told that they have one.
  // Goes red without `shop.find(claims, …)` in issueCoupon.
  test("alt 이미 보유 중 → 409: one per user, while there are more and when there are none", async () => {
    const [user, other] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign({ totalQuantity: 2 });
    const again = () => unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${campaign.id}/issue`));
    good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    says(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
    good(await other.post(`/coupons/${campaign.id}/issue`), 201);
    says(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
  });

  test("else 발급 가능 → the quantity and the user's coupon move together", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 2 })];
    const { userCouponId } = good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 1);
    assert.deepEqual(
      good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons.map(({ id }: { id: string }) => id),
      [userCouponId],
    );
  });

  test("flow → 201 Created", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ validDays: 1 })];
    const { userCouponId, couponId, issuedAt, expiresAt } = good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    assert.deepEqual([couponId, Date.parse(expiresAt)], [campaign.id, endOfDayAfter(1, Date.parse(issuedAt), "Asia/Seoul")]);
    assert.match(userCouponId, /^[0-9a-f-]{36}$/);
  });
});

describe("3-locks · 3. 잔액 충전 프로세스", () => {
  test("alt 유효하지 않은 금액 → 400", async () => {
    const user = await shop.user({ balance: 10 });
    for (const amount of [0, -100, 1.5, 10_000_001]) {
      const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, { amount }));
      says(answer, 400, "INVALID_AMOUNT", "유효하지 않은 충전 금액입니다");
    }
  });

  test("else 유효한 금액 → a user who never had a balance has one", async () => {
    const user = await shop.user();
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 100 }), 200).newBalance, 100);
  });

  // Goes red without `version !== wallet.version` in chargeBalance.
  test("alt 동시성 충돌 (낙관적 락 실패) → 409 with the version of now; of ten who saw the same version one gets through", async () => {
    const [user, product] = [await shop.user({ balance: 5000 }), await shop.product({ price: 100 })];
    const { version } = good(await user.get(`/users/${user.id}/balance`), 200);
    good(await user.post("/orders", { orderItems: lines(product) }), 201);
    const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, { amount: 100, version }));
    const conflict = says(answer, 409, "BALANCE_CONFLICT", "잔액이 변경되었습니다. 다시 시도해주세요");
    assert.equal(conflict["version"], version + 1);

    const tally = await race(10, () => user.post(`/users/${user.id}/balance/charge`, { amount: 100, version: version + 1 }));
    assert.deepEqual(tally, { 200: 1, 409: 9 });
    assert.equal(await shop.balanceOf(user), 5000);
  });

  test("else 충전 성공 → 200 with the next version, which is good for the next charge", async () => {
    const user = await shop.user();
    const { version } = good(await user.get(`/users/${user.id}/balance`), 200);
    const first = good(await user.post(`/users/${user.id}/balance/charge`, { amount: 100, version }), 200);
    const second = good(await user.post(`/users/${user.id}/balance/charge`, { amount: 100, version: first.version }), 200);
    assert.deepEqual([second.newBalance, second.version], [200, version + 2]);
  });

  test("flow → the balance and its history move together", async () => {
    const user = await shop.user();
    const { newBalance, transactionId } = good(await user.post(`/users/${user.id}/balance/charge`, { amount: 700 }), 200);
    const { transactions } = good(await user.get(`/users/${user.id}/balance/transactions`), 200);
    assert.deepEqual(
      transactions.map((one: Record<string, unknown>) => [one["transactionId"], one["balanceAfter"]]),
      [[transactionId, newBalance]],
    );
    assert.equal(await shop.balanceOf(user), 700);
  });
});

describe("3-locks · 4. 인기 상품 조회 프로세스", () => {
  const popular = async (instance: TestShop) =>
    good(await instance.anyone("GET", "/products/popular"), 200).popularProducts as { productId: string; totalSales: number }[];

  // Goes red where the list is read for every request.
  test("alt 캐시 히트 → 200 from the cache: what nobody has announced is not seen yet", async () => {
    const product = await bestSeller(1000);
    const database = new pg.Client({ connectionString: shop.shop.config.databaseUrl });
    await database.connect();
    try {
      await heardEverything(shop, database);
      assert.equal((await popular(shop))[0]?.productId, product.id);
      await database.query("UPDATE product_sales SET units = 0 WHERE product_id = $1", [product.id]);
      assert.equal((await popular(shop))[0]?.totalSales, 1000);
      clock.forward(60 * MINUTE_MS);
      assert.notEqual((await popular(shop))[0]?.productId, product.id);
    } finally {
      await database.end();
    }
  });

  // Goes red without `tell` in the app: the other instance would keep its list for an hour.
  test("else 캐시 미스 → the three days' top five, and a new aggregation is seen at every instance", async () => {
    await popular(shop);
    await popular(hasty);
    const product = await bestSeller(2000);
    assert.deepEqual((await popular(shop))[0], { rank: 1, productId: product.id, name: "찹쌀", price: 1, status: "ON_SALE", totalSales: 2000 });
    await until(async () => (await popular(hasty))[0]?.productId === product.id);
  });

  test("flow → 200, five at most, most units first", async () => {
    for (const units of [10, 20, 30, 40, 50, 60]) await bestSeller(units);
    const units = (await popular(shop)).map(({ totalSales }) => totalSales);
    assert.deepEqual(units, [2000, 60, 50, 40, 30]);
  });

  async function bestSeller(units: number): Promise<{ id: string }> {
    const [user, product] = [await shop.user({ balance: units }), await shop.product({ name: "찹쌀", price: 1, stock: units + 1 })];
    good(await user.post("/orders", { orderItems: lines([product, units]) }), 201);
    await counted(shop, product, units);
    return product;
  }
});
