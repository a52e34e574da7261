// Document 4: wallets created when first needed, variants, discount policies, coupons that expire, the hourly aggregation from a
// checkpoint. Suites and tests follow its diagrams and branches. UNUSED is AVAILABLE (reconciliation 5).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clockAtNoon, day } from "../support/clock.ts";
import { Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";
import { unchanged } from "../support/unchanged.ts";
import { firstRunsDone, counted, itemsOf, MISSING_ID, runJob, refusedWith, sentEvents, until } from "./helpers.ts";

const MINUTE_MS = 60_000;

const clock = clockAtNoon();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
  await firstRunsDone(shop);
});
after(() => shop.close());
const missingUser = (): Client => new Client(shop.url, MISSING_ID, "shopper");

describe("4-variants-batch · 1. 잔액 충전", () => {
  test("opt 존재하지 않는 유저 → 404, and no wallet comes of it", async () => {
    const answer = await unchanged(shop, { users: [missingUser()] }, () =>
      missingUser().post(`/users/${MISSING_ID}/balance/charge`, { amount: 100 }),
    );
    refusedWith(answer, 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  // The diagram says "< 0", its text (6) "0 이하": 0 is refused too.
  test("opt amount < 0 → 400, for 0 as well", async () => {
    const user = await shop.user({ balance: 100 });
    for (const amount of [-1, -100, 0]) {
      const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, { amount }));
      refusedWith(answer, 400, "INVALID_AMOUNT", "유효하지 않은 충전 금액입니다");
    }
  });

  test("flow → the balance grows by the amount", async () => {
    const user = await shop.user({ balance: 100 });
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 250 }), 200).newBalance, 350);
    assert.equal(await shop.balanceOf(user), 350);
  });
});

describe("4-variants-batch · 2. 잔액 조회", () => {
  test("alt 잔액 정보 없음 → a user who never had any money has a balance of 0, which reading does not move", async () => {
    const user = await shop.user();
    for (let i = 0; i < 2; i++) assert.deepEqual(good(await user.get(`/users/${user.id}/balance`), 200), { userId: user.id, balance: 0, version: 0 });
  });

  test("else 잔액 정보 있음 → the balance there is", async () => {
    const user = await shop.user({ balance: 4321 });
    assert.equal(good(await user.get(`/users/${user.id}/balance`), 200).balance, 4321);
  });

  test("flow → twenty first reads at once, and the first charge among them, are of one wallet", async () => {
    const user = await shop.user();
    const statuses = await race(21, (i) =>
      i === 10 ? user.post(`/users/${user.id}/balance/charge`, { amount: 9 }) : user.get(`/users/${user.id}/balance`),
    );
    assert.deepEqual(statuses, { 200: 21 });
    assert.equal(await shop.balanceOf(user), 9);
  });
});

describe("4-variants-batch · 3. 쿠폰 발급", () => {
  test("opt 존재하지 않는 유저/쿠폰 or 이미 발급받은 쿠폰 → 404, 404, 409, and nothing is issued", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    const state = { users: [user, missingUser()], campaigns: [campaign] };
    refusedWith(
      await unchanged(shop, state, () => missingUser().post(`/coupons/${campaign.id}/issue`)),
      404,
      "USER_NOT_FOUND",
      "사용자 정보가 존재하지 않습니다",
    );
    refusedWith(await unchanged(shop, state, () => user.post(`/coupons/${MISSING_ID}/issue`)), 404, "COUPON_NOT_FOUND", "존재하지 않는 쿠폰입니다");
    good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    refusedWith(
      await unchanged(shop, state, () => user.post(`/coupons/${campaign.id}/issue`)),
      409,
      "COUPON_ALREADY_ISSUED",
      "이미 쿠폰이 발급되었습니다",
    );
  });

  test("opt 쿠폰 잔여수량이 부족한 경우 → 409", async () => {
    const [first, second] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign({ totalQuantity: 1 });
    good(await first.post(`/coupons/${campaign.id}/issue`), 201);
    const answer = await unchanged(shop, { users: [second], campaigns: [campaign] }, () => second.post(`/coupons/${campaign.id}/issue`));
    refusedWith(answer, 409, "COUPON_SOLD_OUT", "쿠폰 재고가 없습니다");
  });

  test("flow → the user has a coupon, and the campaign one fewer", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 7 })];
    const { userCouponId } = good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons[0].id, userCouponId);
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 6);
  });
});

describe("4-variants-batch · 4. 보유 쿠폰 목록 조회", () => {
  test("flow → every coupon of the user's with its state: used, expired, usable", async () => {
    const [user, product] = [await shop.user({ balance: 1000 }), await shop.product({ price: 1000 })];
    const used = await shop.coupon(user);
    const expired = await shop.coupon(user, { expiresAt: new Date(Date.now() + MINUTE_MS).toISOString() });
    const usable = await shop.coupon(user);
    good(await user.post("/orders", { orderItems: itemsOf(product), userCouponId: used }), 201);
    clock.forward(MINUTE_MS);
    const { userCoupons } = good(await user.get(`/users/${user.id}/coupons?status=ALL`), 200);
    assert.deepEqual(
      userCoupons.map(({ id, status }: Record<string, unknown>) => [id, status]),
      [
        [usable, "AVAILABLE"],
        [expired, "EXPIRED"],
        [used, "USED"],
      ],
    );
  });
});

describe("4-variants-batch · 5. 주문 / 결제", () => {
  /** A shirt in two sizes, one of them with a single unit. */
  async function shirt() {
    const product = await shop.product({
      name: "저고리",
      variants: [
        { name: "작은", price: 1000, stock: 1 },
        { name: "큰", price: 1500, stock: 50 },
      ],
    });
    const [small, large] = product.variants.map(({ id }) => id) as [string, string];
    const item = (variantId: string, quantity = 1) => ({ productId: product.id, variantId, quantity });
    return { product, small, large, item };
  }

  test("opt 존재하지 않는 유저/상품/보유쿠폰 → 404 each, also for a variant of another product, and nothing is written", async () => {
    const [user, { product, large, item }, other] = [await shop.user({ balance: 100_000 }), await shirt(), await shop.product()];
    const state = { users: [user, missingUser()], products: [product, other] };
    const order = (client: Client, body: unknown) => unchanged(shop, state, () => client.post("/orders", body));
    refusedWith(await order(missingUser(), { orderItems: [item(large)] }), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
    refusedWith(
      await order(shop.operator, { userId: MISSING_ID, orderItems: [item(large)] }),
      404,
      "USER_NOT_FOUND",
      "사용자 정보가 존재하지 않습니다",
    );
    refusedWith(await order(user, { orderItems: itemsOf({ id: MISSING_ID }) }), 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다");
    refusedWith(await order(user, { orderItems: [item(MISSING_ID)] }), 404, "PRODUCT_NOT_FOUND", "상품이 존재하지 않습니다");
    refusedWith(
      await order(user, { orderItems: [{ productId: other.id, variantId: large, quantity: 1 }] }),
      404,
      "PRODUCT_NOT_FOUND",
      "상품이 존재하지 않습니다",
    );
    refusedWith(await order(user, { orderItems: [item(large)], userCouponId: MISSING_ID }), 404, "COUPON_NOT_FOUND", "존재하지 않는 쿠폰입니다");
  });

  test("opt 잔액부족 → 400, and the variant's stock is as it was", async () => {
    const [user, { product, large, item }] = [await shop.user({ balance: 2999 }), await shirt()];
    const answer = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/orders", { orderItems: [item(large, 2)] }));
    refusedWith(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다");
  });

  // Fails if the stock of all the product's variants is checked instead of the variant's.
  test("opt 재고부족 → 400 that names the variant, whatever the product's other variants have", async () => {
    const [user, { product, small, item }] = [await shop.user({ balance: 100_000 }), await shirt()];
    const answer = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/orders", { orderItems: [item(small, 2)] }));
    const { variantId, requested, available } = refusedWith(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
    assert.deepEqual({ variantId, requested, available }, { variantId: small, requested: 2, available: 1 });
  });

  test("opt 쿠폰 상태가 UNUSED가 아닌 경우 / 쿠폰이 만료된 경우 → 400, whether or not the job has marked the expired one", async () => {
    const [user, { product, large, item }] = [await shop.user({ balance: 100_000 }), await shirt()];
    const used = await shop.coupon(user);
    const expired = await shop.coupon(user, { expiresAt: new Date(Date.now() + MINUTE_MS).toISOString() });
    good(await user.post("/orders", { orderItems: [item(large)], userCouponId: used }), 201);
    clock.forward(MINUTE_MS);
    const reason = async (userCouponId: string) => {
      const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
        user.post("/orders", { orderItems: [item(large)], userCouponId }),
      );
      return refusedWith(answer, 400, "COUPON_UNUSABLE", "사용 불가능한 쿠폰입니다")["reason"];
    };
    assert.deepEqual([await reason(used), await reason(expired)], ["USED", "EXPIRED"]);
    assert.ok((await runJob(shop, "expire-coupons")).expired >= 1);
    assert.equal(await reason(expired), "EXPIRED");
  });

  // The balance is checked once, after the discount, so a coupon may make up for a balance below the total.
  // Fails if payFromBalance takes the total.
  test("opt 잔액 부족 → 400 if the balance is below the discounted amount, 201 if it is below the undiscounted one only", async () => {
    const [poor, able] = [await shop.user({ balance: 999 }), await shop.user({ balance: 1000 })];
    const { product, large, item } = await shirt();
    const discount = { type: "FIXED", amount: 500 };
    const [coupon, second] = [await shop.coupon(poor, { discount }), await shop.coupon(able, { discount })];
    const answer = await unchanged(shop, { users: [poor], products: [product] }, () =>
      poor.post("/orders", { orderItems: [item(large)], userCouponId: coupon }),
    );
    const { requested, available } = refusedWith(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다");
    assert.deepEqual({ requested, available }, { requested: 1000, available: 999 });
    good(await able.post("/orders", { orderItems: [item(large)], userCouponId: second }), 201);
    assert.equal(await shop.balanceOf(able), 0);
  });

  // Also fails if a line item that is refused leaves the stock of earlier line items taken.
  test("opt 재고 부족 → 400 if two line items of one variant together are too many, and earlier line items are restored", async () => {
    const [user, { product, small, large, item }] = [await shop.user({ balance: 100_000 }), await shirt()];
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/orders", { orderItems: [item(large, 5), item(small), item(small)] }),
    );
    const { variantId, requested } = refusedWith(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
    assert.deepEqual({ variantId, requested }, { variantId: small, requested: 2 });
  });

  test("flow → every variant's stock, the coupon and the balance are taken, and the platform has the order; a variant has to be named", async () => {
    const [user, { product, small, large, item }] = [await shop.user({ balance: 10_000 }), await shirt()];
    const userCouponId = await shop.coupon(user, { discount: { type: "PERCENTAGE", rate: 10 } });
    const unnamed = await unchanged(shop, { users: [user], products: [product] }, () => user.post("/orders", { orderItems: itemsOf(product) }));
    assert.equal((refused(unnamed, 400, "INVALID_REQUEST")["errors"] as { path: string }[])[0]?.path, "/orderItems/0/variantId");

    const order = good(await user.post("/orders", { orderItems: [item(large, 2), item(small)], userCouponId }), 201);
    assert.deepEqual(
      order.orderItems.map(({ name, unitPrice, quantity }: Record<string, unknown>) => [name, unitPrice, quantity]),
      [
        ["저고리 큰", 1500, 2],
        ["저고리 작은", 1000, 1],
      ],
    );
    assert.deepEqual([order.totalAmount, order.discountAmount, order.paidAmount], [4000, 400, 3600]);
    const { variants, stock } = good(await shop.anyone("GET", `/products/${product.id}`), 200);
    assert.deepEqual(
      [stock, ...variants.map((variant: Record<string, unknown>) => [variant["stock"], variant["status"]])],
      [48, [0, "SOLD_OUT"], [48, "ON_SALE"]],
    );
    assert.equal(await shop.balanceOf(user), 6400);
    assert.equal((await sentEvents(shop, order.orderId))[0].data.discount.userCouponId, userCouponId);
  });
});

describe("4-variants-batch · 6. 인기 상품 조회", () => {
  test("flow → of today and the two days before, the first five", async () => {
    const buyer = await shop.user({ balance: 1_000_000 });
    const sell = async (units: number, ago: number): Promise<{ id: string }> => {
      const product = await shop.product({ price: 1, stock: units });
      good(
        await shop.operator.post("/orders", { userId: buyer.id, orderItems: itemsOf([product, units]), orderedAt: `${day(-ago)}T00:00:00+09:00` }),
        201,
      );
      await counted(shop, product, units);
      return product;
    };
    const tooLongAgo = await sell(100_000, 3);
    const five = [await sell(6000, 0), await sell(5000, 2), await sell(4000, 1), await sell(3000, 0), await sell(2000, 2)];
    await sell(1000, 0);
    const { popularProducts, from, to } = good(await shop.anyone("GET", "/products/popular"), 200);
    assert.deepEqual({ from, to }, { from: day(-2), to: day() });
    const ids = popularProducts.map(({ productId }: { productId: string }) => productId);
    assert.deepEqual(
      ids,
      five.map(({ id }) => id),
    );
    assert.equal(ids.includes(tooLongAgo.id), false);
  });
});

describe("4-variants-batch · 7. 판매량 집계 배치 프로세스", () => {
  let buyer: Client;
  let product: { id: string };
  before(async () => {
    buyer = await shop.user({ balance: 1_000_000 });
    product = await shop.product({ name: "집계", price: 10, stock: 1000 });
    await until(async () => (await runJob(shop, "aggregate-sales")).events === 0);
  });

  const sell = async (what: { id: string }, quantity: number, orderedAt?: string): Promise<string> =>
    good(await shop.operator.post("/orders", { userId: buyer.id, orderItems: itemsOf([what, quantity]), orderedAt }), 201).orderId;
  const aggregatedAt = async (): Promise<number> => Date.parse(good(await shop.anyone("GET", "/products/popular"), 200).aggregatedAt);
  const soldOn = async (when: string): Promise<number> => {
    const { sales } = good(await shop.operator.get(`/admin/sales?from=${when}&to=${when}&limit=10000`), 200);
    return sales.find(({ productId }: { productId: string }) => productId === product.id)?.units ?? 0;
  };
  /** Runs the job until it has counted this many events. Returns the numbers of rows inserted and updated. */
  async function aggregate(events: number): Promise<{ rowsMade: number; rowsAdded: number }> {
    const sum = { events: 0, rowsMade: 0, rowsAdded: 0 };
    await until(async () => {
      const run = await runJob(shop, "aggregate-sales");
      sum.events += run.events;
      sum.rowsMade += run.rowsMade;
      sum.rowsAdded += run.rowsAdded;
      return sum.events >= events;
    });
    assert.equal(sum.events, events);
    return { rowsMade: sum.rowsMade, rowsAdded: sum.rowsAdded };
  }

  test("alt 주문 내역 있음 → orders paid since the last run are counted, unpaid orders are not", async () => {
    good(await buyer.post("/orders", { orderItems: itemsOf([product, 500]), payment: { method: "DEFERRED" } }), 201);
    await sell(product, 2);
    await aggregate(1);
    assert.equal(await soldOn(day()), 2);
  });

  // Fails without ON CONFLICT … DO UPDATE in ADD_SALES.
  test("alt 해당 날짜 row 존재 → the day's row is added to", async () => {
    await sell(product, 3);
    assert.deepEqual(await aggregate(1), { rowsMade: 0, rowsAdded: 1 });
    assert.equal(await soldOn(day()), 5);
  });

  // Fails if days are in UTC: the shop's next day starts at 15:00 UTC.
  test("else 존재하지 않음 → a day without a row, or a product without one, gets it: the shop's day", async () => {
    await sell(product, 4, `${day(-7)}T00:00:00+09:00`);
    assert.deepEqual(await aggregate(1), { rowsMade: 1, rowsAdded: 0 });
    assert.deepEqual([await soldOn(day(-7)), await soldOn(day(-8))], [4, 0]);
    await sell(await shop.product({ price: 10 }), 1);
    assert.deepEqual(await aggregate(1), { rowsMade: 1, rowsAdded: 0 });
  });

  // Fails if the checkpoint does not move: the same orders would be counted again.
  test("else 주문 내역 없음 → nothing is counted, and nothing twice; only the checkpoint moves on", async () => {
    const [before, at] = [await soldOn(day()), await aggregatedAt()];
    assert.deepEqual(await runJob(shop, "aggregate-sales"), { events: 0, rowsMade: 0, rowsAdded: 0 });
    assert.equal(await soldOn(day()), before);
    assert.ok((await aggregatedAt()) > at);
  });

  test("flow → orders of two days, and a refund counted against the day of its order", async () => {
    const [yesterday, today] = [await soldOn(day(-1)), await soldOn(day())];
    const orderId = await sell(product, 6, `${day(-1)}T23:59:59.999+09:00`);
    await sell(product, 7, `${day()}T00:00:00+09:00`);
    await aggregate(2);
    assert.deepEqual([await soldOn(day(-1)), await soldOn(day())], [yesterday + 6, today + 7]);
    const { orderItems } = good(await buyer.get(`/orders/${orderId}`), 200);
    good(
      await shop.operator.post(`/admin/orders/${orderId}/refunds`, {
        items: [{ variantId: orderItems[0].variantId, quantity: 2 }],
        reason: "bruised",
      }),
      200,
    );
    await aggregate(1);
    assert.deepEqual([await soldOn(day(-1)), await soldOn(day())], [yesterday + 4, today + 7]);
  });
});
