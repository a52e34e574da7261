// Document 2: the ledger's transactions, cached lists, a lock before the coupon's issue, order and payment in one call, work after
// the commit. Side by side with it, diagram by diagram, branch by branch. Where the document says "사용자를 찾을 수 없습니다" or
// "이미 발급받은 쿠폰입니다", the shop says it in the words of document 1, as the contract's table has them.

import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { clockAtNoon, day } from "../support/clock.ts";
import { whileHeld } from "../support/hold.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";
import { unchanged } from "../support/unchanged.ts";
import { caughtUp, counted, heardEverything, lines, NOBODY, runJob, says, sentEvents, until } from "./helpers.ts";

const MINUTE_MS = 60_000;

const clock = clockAtNoon();
let shop: TestShop;
/** Changes what is in the database behind the shop's back: whoever still sees what was there before was served from the cache. */
let database: pg.Client;
before(async () => {
  shop = await openTestShop();
  await caughtUp(shop);
  database = new pg.Client({ connectionString: shop.shop.config.databaseUrl });
  await database.connect();
});
after(async () => {
  await database.end();
  await shop.close();
});
const stranger = (): Client => new Client(shop.url, NOBODY, "shopper");

/** A second instance on the shop's database, with little patience and a line that can be cut. What it could not do is checked at the shop itself. */
async function withLine(work: (instance: TestShop, line: FaultProxy) => Promise<void>, lockWaitMs = 100): Promise<void> {
  // With nothing to relay the instance has no lease that it would take with it when it is cut off.
  await until(async () => (await runJob(shop, "relay-events")).waiting === 0);
  const line = await FaultProxy.open(shop.shop.config.databaseUrl as string);
  const instance = await openTestShop({
    beside: shop,
    env: { DATABASE_URL: line.url, DATA_DIR: shop.shop.config.dataDir, LOCK_WAIT_MS: String(lockWaitMs) },
  });
  try {
    await work(instance, line);
  } finally {
    line.reconnect();
    await instance.close();
    await line.close();
  }
}

describe("2-balance-cache · 잔액 충전", () => {
  test("alt 유효하지 않은 요청 → 400: no amount, unknown members, no object, no JSON", async () => {
    const user = await shop.user({ balance: 100 });
    for (const body of [{}, { amount: 100, bonus: 1 }, [], "{", { amount: 100, version: -1 }]) {
      const answer = await unchanged(shop, { users: [user] }, () => user.post(`/users/${user.id}/balance/charge`, body));
      assert.equal(answer.status, 400);
      assert.match(answer.body.code, /^INVALID_(REQUEST|AMOUNT)$/);
    }
  });

  test("else 유효한 요청 → the least and the most that may be charged are taken", async () => {
    const user = await shop.user();
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 1 }), 200).newBalance, 1);
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 10_000_000 }), 200).newBalance, 10_000_001);
  });

  test("alt 사용자 존재하지 않음 → 404", async () => {
    const answer = await unchanged(shop, { users: [stranger()] }, () => stranger().post(`/users/${NOBODY}/balance/charge`, { amount: 100 }));
    says(answer, 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  // PENDING is not seen from outside here: without a gateway the record, the balance and COMPLETED are one commit.
  // Goes red without `shop.append(ledger, …)` in moveMoney.
  test("else 충전 처리 성공 → {userId, newBalance, transactionId}, and that transaction is COMPLETED with this balance", async () => {
    const user = await shop.user({ balance: 200 });
    const { userId, newBalance, transactionId } = good(await user.post(`/users/${user.id}/balance/charge`, { amount: 300 }), 200);
    assert.deepEqual([userId, newBalance], [user.id, 500]);
    const [transaction] = good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions;
    assert.deepEqual(transaction, {
      transactionId,
      type: "CHARGE",
      status: "COMPLETED",
      amount: 300,
      balanceAfter: 500,
      createdAt: transaction.createdAt,
    });
  });

  test("flow → charges add up, and the ledger adds up to the balance", async () => {
    const user = await shop.user();
    for (const amount of [100, 20, 3]) good(await user.post(`/users/${user.id}/balance/charge`, { amount }), 200);
    const { transactions } = good(await user.get(`/users/${user.id}/balance/transactions`), 200);
    assert.deepEqual(
      transactions.map(({ amount, balanceAfter }: Record<string, unknown>) => [amount, balanceAfter]),
      [
        [3, 123],
        [20, 120],
        [100, 100],
      ],
    );
    assert.equal(await shop.balanceOf(user), 123);
  });
});

describe("2-balance-cache · 잔액 조회", () => {
  test("alt 유효하지 않은 사용자 ID → 400", async () => {
    const user = await shop.user();
    for (const id of ["1", "-", `${user.id}0`])
      says(await user.get(`/users/${id}/balance`), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("else 유효한 요청 → whichever way the id is written", async () => {
    const user = await shop.user({ balance: 5 });
    assert.equal(good(await user.get(`/users/${user.id.toUpperCase()}/balance`), 200).balance, 5);
  });

  test("alt 사용자 존재하지 않음 → 404", async () => {
    says(await stranger().get(`/users/${NOBODY}/balance`), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("else 조회 성공 → {userId, balance}", async () => {
    const user = await shop.user({ balance: 1234 });
    const { userId, balance } = good(await user.get(`/users/${user.id}/balance`), 200);
    assert.deepEqual({ userId, balance }, { userId: user.id, balance: 1234 });
  });

  test("flow → the balance after a charge and a purchase", async () => {
    const [user, product] = [await shop.user(), await shop.product({ name: "두부", price: 400 })];
    good(await user.post(`/users/${user.id}/balance/charge`, { amount: 1000 }), 200);
    good(await user.post("/orders", { orderItems: lines(product) }), 201);
    assert.equal(good(await user.get(`/users/${user.id}/balance`), 200).balance, 600);
  });
});

describe("2-balance-cache · 상품 조회", () => {
  /** A product whose name the database has changed behind the shop's back, and the list as the shop shows it. */
  async function renamed(): Promise<{ id: string; was: string; list: () => Promise<string> }> {
    const product = await shop.product({ name: "옛 이름" });
    await heardEverything(shop, database);
    const list = async (): Promise<string> => good(await shop.anyone("GET", "/products?q=이름&limit=1"), 200).products[0].name;
    await list();
    await database.query("UPDATE products SET name = '새 이름' WHERE id = $1", [product.id]);
    return { id: product.id, was: "옛 이름", list };
  }

  // Goes red where the list is read for every request.
  test("alt 캐시 히트 → the list as it was kept", async () => {
    const { was, list } = await renamed();
    assert.equal(await list(), was);
  });

  test("else 캐시 미스 → after five minutes, or any change of a product, the list is read anew", async () => {
    const { id, list } = await renamed();
    clock.forward(5 * MINUTE_MS - 10_000);
    assert.equal(await list(), "옛 이름");
    clock.forward(10_000);
    assert.equal(await list(), "새 이름");
    await database.query("UPDATE products SET name = '셋째 이름' WHERE id = $1", [id]);
    assert.equal(await list(), "새 이름");
    await shop.product({ name: "다른 것" });
    assert.equal(await list(), "셋째 이름");
  });

  test("alt 데이터베이스 오류 → 503 for what is not in the cache; what is there is shown", async () => {
    await shop.product({ name: "있는 것" });
    await withLine(async (instance, line) => {
      const kept = good(await instance.anyone("GET", "/products?q=있는"), 200);
      line.disconnect();
      const answer = await instance.anyone("GET", "/products?q=없는");
      says(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      assert.deepEqual(good(await instance.anyone("GET", "/products?q=있는"), 200), kept);
      line.reconnect();
      good(await instance.anyone("GET", "/products?q=없는"), 200);
    });
  });

  test("else 조회 성공 → every product for sale with id, name, price, stock and status", async () => {
    const product = await shop.product({ name: "인절미", price: 3000, stock: 7 });
    assert.deepEqual(good(await shop.anyone("GET", "/products?q=인절미"), 200).products, [
      { id: product.id, name: "인절미", price: 3000, stock: 7, status: "ON_SALE" },
    ]);
  });

  // "활성 상품" are those for sale: here every product there is goes from sale, and back.
  test("alt 상품 없음 → 200 with an empty list and the message", async () => {
    await database.query("UPDATE products SET status = 'NOT_FOR_SALE'");
    const hidden = await shop.product({ status: "NOT_FOR_SALE" }); // Has the list dropped from the cache.
    assert.deepEqual(good(await shop.anyone("GET", "/products"), 200), { products: [], nextCursor: null, message: "등록된 상품이 없습니다" });
    await database.query("UPDATE products SET status = 'ON_SALE' WHERE id <> $1", [hidden.id]);
  });

  test("else 상품 존재 → the list, without a message", async () => {
    await shop.product({ name: "절편" });
    const body = good(await shop.anyone("GET", "/products"), 200);
    assert.ok(body.products.length > 0);
    assert.equal("message" in body, false);
  });

  // Goes red where a purchase does not drop the list: five minutes of a stock that is not there (reconciliation 10).
  test("flow → the cached list shows a purchase at once", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ name: "시루떡", stock: 2 })];
    const stock = async (): Promise<number> => good(await shop.anyone("GET", "/products?q=시루떡"), 200).products[0].stock;
    assert.equal(await stock(), 2);
    good(await user.post("/orders", { orderItems: lines(product) }), 201);
    assert.equal(await stock(), 1);
  });
});

describe("2-balance-cache · 선착순 쿠폰 발급", () => {
  test("alt 유효하지 않은 요청 → 400: a malformed campaign or user, unknown members", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    const issue = (id: string, body: unknown) =>
      unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${id}/issue`, body));
    says(await issue("42", {}), 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
    says(await issue(campaign.id, { userId: "42" }), 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
    says(await issue(campaign.id, { count: 2 }), 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
  });

  test("else 유효한 요청 → with the user's own id or without any; another's is not the user's to ask for", async () => {
    const [user, second] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign();
    good(await user.post(`/coupons/${campaign.id}/issue`, { userId: user.id }), 201);
    const answer = await unchanged(shop, { users: [user, second], campaigns: [campaign] }, () =>
      user.post(`/coupons/${campaign.id}/issue`, { userId: second.id }),
    );
    says(answer, 403, "FORBIDDEN", "권한이 없습니다");
    good(await second.post(`/coupons/${campaign.id}/issue`), 201);
  });

  // The distributed lock is PostgreSQL's advisory lock of the campaign: here somebody else holds it longer than the shop waits.
  // Goes red without firstComeLock in the store, or without lock_timeout.
  test("alt 락 획득 실패 → 503 with Retry-After, and nothing is issued", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    await withLine(async (instance) => {
      await whileHeld(shop.shop.config.databaseUrl as string, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [campaign.id], async () => {
        const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.at(instance).post(`/coupons/${campaign.id}/issue`));
        says(answer, 503, "BUSY", "잠시 후 다시 시도해주세요");
        assert.ok(Number(answer.headers["retry-after"]) >= 1);
      });
      good(await user.at(instance).post(`/coupons/${campaign.id}/issue`), 201);
    });
  });

  test("else 락 획득 성공 → who waited for the lock gets the coupon when it is free", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    let waiting: Promise<{ status: number }> | undefined;
    await whileHeld(shop.shop.config.databaseUrl as string, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [campaign.id], async () => {
      waiting = user.post(`/coupons/${campaign.id}/issue`);
      await until(
        async () =>
          (
            await database.query(
              "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
          ).rowCount === 1,
      );
    });
    assert.equal((await waiting)?.status, 201);
  });

  test("alt 쿠폰 존재하지 않음 → 404", async () => {
    const user = await shop.user();
    const answer = await unchanged(shop, { users: [user] }, () => user.post(`/coupons/${NOBODY}/issue`));
    says(answer, 404, "COUPON_NOT_FOUND", "존재하지 않는 쿠폰입니다");
  });

  test("else 쿠폰 존재 → the campaign is shown with what is left of it", async () => {
    const campaign = await shop.campaign({ name: "장날 쿠폰", discount: { type: "PERCENTAGE", rate: 10, maxAmount: 5000 }, totalQuantity: 3 });
    const { name, discount, remainingQuantity, status } = good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200);
    assert.deepEqual(
      { name, discount, remainingQuantity, status },
      { name: "장날 쿠폰", discount: { type: "PERCENTAGE", rate: 10, maxAmount: 5000 }, remainingQuantity: 3, status: "OPEN" },
    );
  });

  // Goes red without `shop.find(claims, …)` in issueCoupon.
  test("alt 이미 발급받은 쿠폰 → 409, also after it was used, and after the last one is gone", async () => {
    const [user, other] = (await shop.users(2, { balance: 1000 })) as [Client, Client];
    const [campaign, product] = [await shop.campaign({ totalQuantity: 2 }), await shop.product()];
    const again = () => unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${campaign.id}/issue`));
    const { userCouponId } = good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    says(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
    good(await user.post("/orders", { orderItems: lines(product), userCouponId }), 201);
    says(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
    good(await other.post(`/coupons/${campaign.id}/issue`), 201);
    says(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
  });

  // One branch in the document; the contract tells sold out ("쿠폰 재고가 없습니다") from not yet open or over. Goes red without isOpen in issueCoupon.
  test("else 발급 불가 (품절 또는 비활성) → 409 for a campaign that is sold out, not open yet, or over: closed, or with coupons that have run out", async () => {
    const [user, first] = (await shop.users(2)) as [Client, Client];
    const soldOut = await shop.campaign({ totalQuantity: 1 });
    good(await first.post(`/coupons/${soldOut.id}/issue`), 201);
    const inAMinute = new Date(Date.now() + MINUTE_MS).toISOString();
    const upcoming = await shop.campaign({ opensAt: inAMinute });
    const [closing, expiring] = [await shop.campaign({ closesAt: inAMinute }), await shop.campaign({ expiresAt: inAMinute })];
    const issue = (campaign: { id: string }) =>
      unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${campaign.id}/issue`));
    says(await issue(soldOut), 409, "COUPON_SOLD_OUT", "쿠폰 재고가 없습니다");
    says(await issue(upcoming), 409, "COUPON_CLOSED", "쿠폰 발급이 마감되었습니다");
    clock.forward(MINUTE_MS);
    for (const over of [closing, expiring]) {
      says(await issue(over), 409, "COUPON_CLOSED", "쿠폰 발급이 마감되었습니다");
      assert.equal(good(await shop.anyone("GET", `/coupons/${over.id}`), 200).status, "CLOSED");
    }
    good(await user.post(`/coupons/${upcoming.id}/issue`), 201);
  });

  test("else 발급 가능 → the coupon is AVAILABLE, and counted", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 1 })];
    good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons[0].status, "AVAILABLE");
    const { remainingQuantity, status } = good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200);
    assert.deepEqual({ remainingQuantity, status }, { remainingQuantity: 0, status: "SOLD_OUT" });
  });

  // The line breaks when the update of the issued quantity goes out: after the lock, before the commit.
  test("alt 데이터베이스 오류 → 503, nothing is issued, and the lock is free", async () => {
    const [user, next] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign({ totalQuantity: 2 });
    await withLine(async (instance, line) => {
      const broken = line.disconnectAt("update issued");
      const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.at(instance).post(`/coupons/${campaign.id}/issue`));
      says(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      await broken;
      good(await next.post(`/coupons/${campaign.id}/issue`), 201);
      line.reconnect();
      good(await user.at(instance).post(`/coupons/${campaign.id}/issue`), 201);
    });
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 0);
  });

  // The same moment, but the database is back before patience runs out: lost before the commit it is done again, lost behind it nothing is.
  // Goes red without #commit's question for the outcome in the till: an answer for a coupon that is not there, or a 409 for one that is.
  test("else 발급 성공 → {userCouponId, couponId, issuedAt}, once, also when the database failed for a moment before or behind the commit", async () => {
    for (const fail of [
      (line: FaultProxy) => line.disconnectAt("update issued"),
      (line: FaultProxy) => line.loseResponse("COMMIT", { to: "update issued" }),
    ]) {
      const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 2 })];
      await withLine(async (instance, line) => {
        const broken = fail(line).then(() => line.reconnect());
        const issued = good(await user.at(instance).post(`/coupons/${campaign.id}/issue`), 201);
        await broken;
        assert.equal(issued.couponId, campaign.id);
        const { userCoupons } = good(await user.get(`/users/${user.id}/coupons`), 200);
        assert.deepEqual(
          userCoupons.map(({ id, issuedAt }: Record<string, unknown>) => [id, issuedAt]),
          [[issued.userCouponId, issued.issuedAt]],
        );
        assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 1);
      }, 5000);
    }
  });

  test("flow → first come, first served, while they last", async () => {
    const campaign = await shop.campaign({ totalQuantity: 3 });
    const users = await shop.users(4);
    const statuses: number[] = [];
    for (const user of users) statuses.push((await user.post(`/coupons/${campaign.id}/issue`)).status);
    assert.deepEqual(statuses, [201, 201, 201, 409]);
  });
});

describe("2-balance-cache · 쿠폰 조회", () => {
  test("alt 유효하지 않은 사용자 ID → 400", async () => {
    const user = await shop.user();
    says(await user.get("/users/42/coupons"), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("else 유효한 요청 → the user's own; another's are 403, nobody's 404", async () => {
    const [user, second] = (await shop.users(2)) as [Client, Client];
    good(await user.get(`/users/${user.id}/coupons`), 200);
    says(await user.get(`/users/${second.id}/coupons`), 403, "FORBIDDEN", "권한이 없습니다");
    says(await stranger().get(`/users/${NOBODY}/coupons`), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("alt 데이터베이스 오류 → 503, until the database is back", async () => {
    const user = await shop.user();
    const coupon = await shop.coupon(user);
    await withLine(async (instance, line) => {
      const look = () => user.at(instance).get(`/users/${user.id}/coupons`);
      good(await look(), 200);
      line.disconnect();
      const answer = await look();
      says(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      line.reconnect();
      assert.equal(good(await look(), 200).userCoupons[0].id, coupon);
    });
  });

  test("else 조회 성공 → AVAILABLE ones only, unless asked otherwise", async () => {
    const [user, product] = [await shop.user({ balance: 1000 }), await shop.product({ price: 1000 })];
    const [used, kept] = [await shop.coupon(user), await shop.coupon(user)];
    good(await user.post("/orders", { orderItems: lines(product), userCouponId: used }), 201);
    const ids = async (query: string): Promise<string[]> =>
      good(await user.get(`/users/${user.id}/coupons${query}`), 200).userCoupons.map(({ id }: { id: string }) => id);
    assert.deepEqual(await ids(""), [kept]);
    assert.deepEqual(await ids("?status=USED"), [used]);
    assert.deepEqual(await ids("?status=ALL"), [kept, used]);
  });

  test("alt 보유 쿠폰 없음 → 200 with an empty list and the message", async () => {
    const user = await shop.user();
    assert.deepEqual(good(await user.get(`/users/${user.id}/coupons`), 200), {
      userCoupons: [],
      nextCursor: null,
      message: "보유한 쿠폰이 없습니다",
    });
  });

  test("else 보유 쿠폰 존재 → {id, couponId, name, discountAmount, issuedAt}; the amount is null for a percentage", async () => {
    const user = await shop.user();
    const fixed = await shop.coupon(user, { name: "오백 원", discount: { type: "FIXED", amount: 500 } });
    const percent = await shop.coupon(user, { name: "십 퍼센트", discount: { type: "PERCENTAGE", rate: 10 } });
    const { userCoupons } = good(await user.get(`/users/${user.id}/coupons`), 200);
    assert.deepEqual(
      userCoupons.map(({ id, name, discountAmount }: Record<string, unknown>) => [id, name, discountAmount]),
      [
        [percent, "십 퍼센트", null],
        [fixed, "오백 원", 500],
      ],
    );
    for (const { couponId, issuedAt } of userCoupons) assert.ok(couponId !== undefined && !Number.isNaN(Date.parse(issuedAt)));
  });

  test("flow → page by page, each coupon once", async () => {
    const user = await shop.user();
    const held = [await shop.coupon(user), await shop.coupon(user), await shop.coupon(user)];
    const first = good(await user.get(`/users/${user.id}/coupons?limit=2`), 200);
    const second = good(await user.get(`/users/${user.id}/coupons?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`), 200);
    assert.deepEqual(
      [...first.userCoupons, ...second.userCoupons].map(({ id }) => id),
      held.toReversed(),
    );
    assert.equal(second.nextCursor, null);
  });
});

describe("2-balance-cache · 주문/ 결제", () => {
  /** A buyer with a coupon, and something to buy. */
  async function buyer() {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 1000, stock: 10 })];
    return { user, product, userCouponId: await shop.coupon(user, { discount: { type: "FIXED", amount: 200 } }) };
  }

  // Goes red without takeStock in payFromBalance.
  test("par 핵심 주문 처리 → stock is checked and taken, for every line or for none", async () => {
    const { user, product } = await buyer();
    const scarce = await shop.product({ stock: 1 });
    good(await user.post("/orders", { orderItems: lines([product, 3]) }), 201);
    assert.equal(await shop.stockOf(product), 7);
    const answer = await unchanged(shop, { users: [user], products: [product, scarce] }, () =>
      user.post("/orders", { orderItems: lines(product, [scarce, 2]) }),
    );
    says(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
  });

  // Goes red without takeCoupon in payFromBalance.
  test("and (쿠폰 검증 및 사용) → the coupon is checked, taken, and its discount applied; a second time nothing at all happens", async () => {
    const { user, product, userCouponId } = await buyer();
    const { discountAmount, paidAmount } = good(await user.post("/orders", { orderItems: lines(product), userCouponId }), 201);
    assert.deepEqual([discountAmount, paidAmount], [200, 800]);
    assert.equal(good(await user.get(`/users/${user.id}/coupons?status=USED`), 200).userCoupons[0].id, userCouponId);
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/orders", { orderItems: lines(product), userCouponId }),
    );
    assert.equal(refused(answer, 400, "COUPON_UNUSABLE")["reason"], "USED");
  });

  // Goes red without moveMoney in payFromBalance.
  test("and (결제 처리) → the balance falls, with a transaction that names the order; too small a balance takes neither stock nor coupon", async () => {
    const { user, product, userCouponId } = await buyer();
    const { orderId } = good(await user.post("/orders", { orderItems: lines([product, 4]) }), 201);
    const [transaction] = good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions;
    const { type, amount, balanceAfter, status } = transaction;
    assert.deepEqual(
      { type, amount, balanceAfter, status, orderId: transaction.orderId },
      { type: "PAYMENT", amount: -4000, balanceAfter: 6000, status: "COMPLETED", orderId },
    );
    const dear = await shop.product({ price: 6201, stock: 1 });
    const answer = await unchanged(shop, { users: [user], products: [dear] }, () => user.post("/orders", { orderItems: lines(dear), userCouponId }));
    says(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다");
  });

  // ORDER_HISTORY_EVENT is the outbox's row, written in the order's own transaction (reconciliation 13): no log to fail.
  test("par 비동기 후처리 → the order's history has the event", async () => {
    const { user, product } = await buyer();
    const { orderId, completedAt } = good(await user.post("/orders", { orderItems: lines(product) }), 201);
    const { events } = good(await user.get(`/orders/${orderId}/history`), 200);
    assert.deepEqual(
      events.map(({ type, at }: Record<string, unknown>) => ({ type, at })),
      [{ type: "order.completed", at: completedAt }],
    );
    assert.equal(events[0].data.paidAmount, 1000);
  });

  // A directory stands where the file should: the data platform is away. Goes red where the order waits for the delivery, or an undelivered event is let go.
  test("and (주문 데이터 전송 (비동기)) → the data platform gets the order; one that is away fails no order, and gets it later", async () => {
    const { user, product } = await buyer();
    const first = good(await user.post("/orders", { orderItems: lines(product) }), 201);
    const [sent] = await sentEvents(shop, first.orderId);
    assert.deepEqual([sent.type, sent.subject, sent.data.paidAmount], ["jangnal.order.completed", first.orderId, 1000]);

    const file = join(shop.shop.config.dataDir, "events.ndjson");
    rmSync(file);
    mkdirSync(file);
    const second = good(await user.post("/orders", { orderItems: lines(product) }), 201);
    await runJob(shop, "relay-events");
    const waiting = good(await shop.operator.get("/admin/events?status=WAITING"), 200).events;
    assert.deepEqual(
      waiting.map(({ orderId }: { orderId: string }) => orderId),
      [second.orderId],
    );
    rmSync(file, { recursive: true });
    assert.equal((await sentEvents(shop, second.orderId)).length, 1);
    assert.deepEqual(good(await shop.operator.get("/admin/events?status=WAITING"), 200).events, []);
  });

  test("and (통계 업데이트 (비동기)) → the order counts in the day's sales, before discounts", async () => {
    const { user, product, userCouponId } = await buyer();
    good(await user.post("/orders", { orderItems: lines([product, 3]), userCouponId }), 201);
    const { units, revenue } = await counted(shop, product, 3, `&from=${day()}&to=${day()}`);
    assert.deepEqual({ units, revenue }, { units: 3, revenue: 3000 });
  });

  test("flow → 201: one call, one commit, the order COMPLETED and paid", async () => {
    const { user, product, userCouponId } = await buyer();
    const order = good(await user.post("/orders", { userId: user.id, orderItems: lines([product, 2]), userCouponId }), 201);
    const { status, totalAmount, discountAmount, paidAmount, payment } = order;
    assert.deepEqual(
      { status, totalAmount, discountAmount, paidAmount },
      { status: "COMPLETED", totalAmount: 2000, discountAmount: 200, paidAmount: 1800 },
    );
    assert.equal(good(await user.get(`/payments/${payment.paymentId}`), 200).amount, 1800);
    assert.deepEqual([await shop.stockOf(product), await shop.balanceOf(user)], [8, 8200]);
    assert.deepEqual(good(await user.get(`/orders/${order.orderId}`), 200), order);
  });
});

describe("2-balance-cache · 인기상품 조회", () => {
  /** What every reader is shown: the names, and how many units of the first. */
  const popular = async (instance = shop) =>
    good(await instance.anyone("GET", "/products/popular"), 200).popularProducts as { name: string; totalSales: number }[];
  const add = (units: number) =>
    database.query("UPDATE product_sales SET units = units + $1 WHERE product_id = (SELECT id FROM products WHERE name = '호떡')", [units]);

  before(async () => {
    const [user, product] = [await shop.user({ balance: 1_000_000 }), await shop.product({ name: "호떡", price: 1, stock: 1_000_000 })];
    good(await user.post("/orders", { orderItems: lines([product, 1000]) }), 201);
    await counted(shop, product, 1000);
  });

  // Goes red where the list is read for every request.
  test("alt 캐시 히트 → the list as it was kept, whatever was sold meanwhile", async () => {
    await heardEverything(shop, database);
    assert.equal((await popular())[0]?.totalSales, 1000);
    await add(1);
    assert.equal((await popular())[0]?.totalSales, 1000);
  });

  test("else 캐시 미스 → once sales have been added up again, the list is read anew", async () => {
    await popular();
    await add(1);
    await runJob(shop, "aggregate-sales");
    assert.equal((await popular())[0]?.totalSales, 1002);
  });

  test("alt 데이터베이스 오류 → 503 where nothing was kept; where it was, the old list is better than none", async () => {
    await withLine(async (instance, line) => {
      line.disconnect();
      const answer = await instance.anyone("GET", "/products/popular");
      says(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      line.reconnect();
      assert.equal((await popular(instance))[0]?.totalSales, 1002);
      line.disconnect();
      clock.forward(60 * MINUTE_MS);
      assert.equal((await popular(instance))[0]?.totalSales, 1002);
    });
  });

  // Nothing happens to sell nothing by: what was sold is put aside for ten minutes.
  test("else 통계 데이터 없음 → 200 with an empty list and a message, kept for ten minutes", async () => {
    await database.query("CREATE TABLE put_aside AS SELECT * FROM product_sales");
    await database.query("DELETE FROM product_sales");
    await runJob(shop, "aggregate-sales");
    await heardEverything(shop, database);
    const { popularProducts, message } = good(await shop.anyone("GET", "/products/popular"), 200);
    assert.deepEqual({ popularProducts, message }, { popularProducts: [], message: "통계 데이터가 없습니다" });
    await database.query("INSERT INTO product_sales SELECT * FROM put_aside");
    clock.forward(9 * MINUTE_MS);
    assert.deepEqual(await popular(), []);
    clock.forward(MINUTE_MS);
    assert.equal((await popular())[0]?.totalSales, 1002);
  });

  test("else 통계 조회 성공 → the list, kept for an hour", async () => {
    await runJob(shop, "aggregate-sales");
    await heardEverything(shop, database);
    assert.equal((await popular())[0]?.totalSales, 1002);
    await add(1);
    clock.forward(59 * MINUTE_MS);
    assert.equal((await popular())[0]?.totalSales, 1002);
    clock.forward(MINUTE_MS);
    assert.equal((await popular())[0]?.totalSales, 1003);
  });

  test("flow → {productId, name, totalSales}, five at most, most units first", async () => {
    const list = good(await shop.anyone("GET", "/products/popular"), 200).popularProducts;
    assert.ok(list.length === 5 && list.every(({ productId }: { productId: string }) => productId !== undefined));
    const sold = list.map(({ totalSales }: { totalSales: number }) => totalSales);
    assert.deepEqual(
      sold,
      sold.toSorted((a: number, b: number) => b - a),
    );
    assert.deepEqual([list[0].name, list[0].totalSales], ["호떡", 1003]);
  });
});
