// Document 2: the ledger's transactions, cached lists, a lock before the coupon's issue, order and payment in one call, work after
// the commit. Suites and tests follow its diagrams and branches. For "사용자를 찾을 수 없습니다" and "이미 발급받은 쿠폰입니다" the shop has
// document 1's texts, as in the contract's table.

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
import { firstRunsDone, counted, invalidationsReceived, itemsOf, MISSING_ID, runJob, refusedWith, sentEvents, until } from "./helpers.ts";

const MINUTE_MS = 60_000;

const clock = clockAtNoon();
let shop: TestShop;
/** Changes rows without the shop's knowledge: a response with the old values is from the cache. */
let database: pg.Client;
before(async () => {
  shop = await openTestShop();
  await firstRunsDone(shop);
  database = new pg.Client({ connectionString: shop.shop.config.databaseUrl });
  await database.connect();
});
after(async () => {
  await database.end();
  await shop.close();
});
const missingUser = (): Client => new Client(shop.url, MISSING_ID, "shopper");

/** Opens a second instance with short timeouts, whose connection to the database can be cut. Results are checked at the first instance. */
async function withProxy(work: (instance: TestShop, proxy: FaultProxy) => Promise<void>, lockWaitMs = 100): Promise<void> {
  // Without events to relay, the instance holds no lease when it is cut off.
  await until(async () => (await runJob(shop, "relay-events")).waiting === 0);
  const proxy = await FaultProxy.open(shop.shop.config.databaseUrl as string);
  const instance = await openTestShop({
    beside: shop,
    env: { DATABASE_URL: proxy.url, DATA_DIR: shop.shop.config.dataDir, LOCK_WAIT_MS: String(lockWaitMs) },
  });
  try {
    await work(instance, proxy);
  } finally {
    proxy.reconnect();
    await instance.close();
    await proxy.close();
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
    const answer = await unchanged(shop, { users: [missingUser()] }, () =>
      missingUser().post(`/users/${MISSING_ID}/balance/charge`, { amount: 100 }),
    );
    refusedWith(answer, 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  // PENDING is not visible: without a gateway, the transaction is written as COMPLETED in the same commit as the balance.
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
      refusedWith(await user.get(`/users/${id}/balance`), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("else 유효한 요청 → whichever way the id is written", async () => {
    const user = await shop.user({ balance: 5 });
    assert.equal(good(await user.get(`/users/${user.id.toUpperCase()}/balance`), 200).balance, 5);
  });

  test("alt 사용자 존재하지 않음 → 404", async () => {
    refusedWith(await missingUser().get(`/users/${MISSING_ID}/balance`), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("else 조회 성공 → {userId, balance}", async () => {
    const user = await shop.user({ balance: 1234 });
    const { userId, balance } = good(await user.get(`/users/${user.id}/balance`), 200);
    assert.deepEqual({ userId, balance }, { userId: user.id, balance: 1234 });
  });

  test("flow → the balance after a charge and a purchase", async () => {
    const [user, product] = [await shop.user(), await shop.product({ name: "두부", price: 400 })];
    good(await user.post(`/users/${user.id}/balance/charge`, { amount: 1000 }), 200);
    good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
    assert.equal(good(await user.get(`/users/${user.id}/balance`), 200).balance, 600);
  });
});

describe("2-balance-cache · 상품 조회", () => {
  /** A product that was renamed in the database without the shop's knowledge, and its name in the shop's list. */
  async function renamed(): Promise<{ id: string; was: string; list: () => Promise<string> }> {
    const product = await shop.product({ name: "옛 이름" });
    await invalidationsReceived(shop, database);
    const list = async (): Promise<string> => good(await shop.anyone("GET", "/products?q=이름&limit=1"), 200).products[0].name;
    await list();
    await database.query("UPDATE products SET name = '새 이름' WHERE id = $1", [product.id]);
    return { id: product.id, was: "옛 이름", list };
  }

  // Fails if the list is read for every request.
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

  test("alt 데이터베이스 오류 → 503 for a list that is not in the cache; a cached list is shown", async () => {
    await shop.product({ name: "있는 것" });
    await withProxy(async (instance, proxy) => {
      const kept = good(await instance.anyone("GET", "/products?q=있는"), 200);
      proxy.disconnect();
      const answer = await instance.anyone("GET", "/products?q=없는");
      refusedWith(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      assert.deepEqual(good(await instance.anyone("GET", "/products?q=있는"), 200), kept);
      proxy.reconnect();
      good(await instance.anyone("GET", "/products?q=없는"), 200);
    });
  });

  test("else 조회 성공 → every product for sale with id, name, price, stock and status", async () => {
    const product = await shop.product({ name: "인절미", price: 3000, stock: 7 });
    const { products } = good(await shop.anyone("GET", "/products?q=인절미"), 200);
    assert.equal(products.length, 1);
    assert.partialDeepStrictEqual(products, [{ id: product.id, name: "인절미", price: 3000, stock: 7, status: "ON_SALE" }]);
  });

  // "활성 상품" are products for sale. Here all products are taken off sale, and put back.
  test("alt 상품 없음 → 200 with an empty list and the message", async () => {
    await database.query("UPDATE products SET status = 'NOT_FOR_SALE'");
    const hidden = await shop.product({ status: "NOT_FOR_SALE" }); // Drops the list from the cache.
    assert.deepEqual(good(await shop.anyone("GET", "/products"), 200), { products: [], nextCursor: null, message: "등록된 상품이 없습니다" });
    await database.query("UPDATE products SET status = 'ON_SALE' WHERE id <> $1", [hidden.id]);
  });

  test("else 상품 존재 → the list, without a message", async () => {
    await shop.product({ name: "절편" });
    const body = good(await shop.anyone("GET", "/products"), 200);
    assert.ok(body.products.length > 0);
    assert.equal("message" in body, false);
  });

  // Fails if a purchase does not drop the list, which would show a wrong stock for five minutes (reconciliation 10).
  test("flow → the cached list shows a purchase at once", async () => {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ name: "시루떡", stock: 2 })];
    const stock = async (): Promise<number> => good(await shop.anyone("GET", "/products?q=시루떡"), 200).products[0].stock;
    assert.equal(await stock(), 2);
    good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
    assert.equal(await stock(), 1);
  });
});

describe("2-balance-cache · 선착순 쿠폰 발급", () => {
  test("alt 유효하지 않은 요청 → 400: a malformed campaign or user, unknown members", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    const issue = (id: string, body: unknown) =>
      unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${id}/issue`, body));
    refusedWith(await issue("42", {}), 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
    refusedWith(await issue(campaign.id, { userId: "42" }), 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
    refusedWith(await issue(campaign.id, { count: 2 }), 400, "INVALID_REQUEST", "유효하지 않은 요청입니다");
  });

  test("else 유효한 요청 → with the user's own id or without any; another's is not the user's to ask for", async () => {
    const [user, second] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign();
    good(await user.post(`/coupons/${campaign.id}/issue`, { userId: user.id }), 201);
    const answer = await unchanged(shop, { users: [user, second], campaigns: [campaign] }, () =>
      user.post(`/coupons/${campaign.id}/issue`, { userId: second.id }),
    );
    refusedWith(answer, 403, "FORBIDDEN", "권한이 없습니다");
    good(await second.post(`/coupons/${campaign.id}/issue`), 201);
  });

  // The distributed lock is the campaign's advisory lock in PostgreSQL. Here another connection holds it longer than the shop waits.
  // Fails without firstComeLock in the store, and without lock_timeout.
  test("alt 락 획득 실패 → 503 with Retry-After, and nothing is issued", async () => {
    const [user, campaign] = [await shop.user(), await shop.campaign()];
    await withProxy(async (instance) => {
      await whileHeld(shop.shop.config.databaseUrl as string, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [campaign.id], async () => {
        const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.at(instance).post(`/coupons/${campaign.id}/issue`));
        refusedWith(answer, 503, "BUSY", "잠시 후 다시 시도해주세요");
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
    const answer = await unchanged(shop, { users: [user] }, () => user.post(`/coupons/${MISSING_ID}/issue`));
    refusedWith(answer, 404, "COUPON_NOT_FOUND", "존재하지 않는 쿠폰입니다");
  });

  test("else 쿠폰 존재 → the campaign is shown with the number of coupons left", async () => {
    const campaign = await shop.campaign({ name: "장날 쿠폰", discount: { type: "PERCENTAGE", rate: 10, maxAmount: 5000 }, totalQuantity: 3 });
    const { name, discount, remainingQuantity, status } = good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200);
    assert.deepEqual(
      { name, discount, remainingQuantity, status },
      { name: "장날 쿠폰", discount: { type: "PERCENTAGE", rate: 10, maxAmount: 5000 }, remainingQuantity: 3, status: "OPEN" },
    );
  });

  test("alt 이미 발급받은 쿠폰 → 409, also after it was used, and after the last one is gone", async () => {
    const [user, other] = (await shop.users(2, { balance: 1000 })) as [Client, Client];
    const [campaign, product] = [await shop.campaign({ totalQuantity: 2 }), await shop.product()];
    const again = () => unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${campaign.id}/issue`));
    const { userCouponId } = good(await user.post(`/coupons/${campaign.id}/issue`), 201);
    refusedWith(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
    good(await user.post("/orders", { orderItems: itemsOf(product), userCouponId }), 201);
    refusedWith(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
    good(await other.post(`/coupons/${campaign.id}/issue`), 201);
    refusedWith(await again(), 409, "COUPON_ALREADY_ISSUED", "이미 쿠폰이 발급되었습니다");
  });

  // One branch in the document. The contract distinguishes sold out ("쿠폰 재고가 없습니다") from not open.
  test("else 발급 불가 (품절 또는 비활성) → 409 for a campaign that is sold out, not open yet, or over: closed, or with coupons that have run out", async () => {
    const [user, first] = (await shop.users(2)) as [Client, Client];
    const soldOut = await shop.campaign({ totalQuantity: 1 });
    good(await first.post(`/coupons/${soldOut.id}/issue`), 201);
    const inAMinute = new Date(Date.now() + MINUTE_MS).toISOString();
    const upcoming = await shop.campaign({ opensAt: inAMinute });
    const [closing, expiring] = [await shop.campaign({ closesAt: inAMinute }), await shop.campaign({ expiresAt: inAMinute })];
    const issue = (campaign: { id: string }) =>
      unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.post(`/coupons/${campaign.id}/issue`));
    refusedWith(await issue(soldOut), 409, "COUPON_SOLD_OUT", "쿠폰 재고가 없습니다");
    refusedWith(await issue(upcoming), 409, "COUPON_CLOSED", "쿠폰 발급이 마감되었습니다");
    clock.forward(MINUTE_MS);
    for (const over of [closing, expiring]) {
      refusedWith(await issue(over), 409, "COUPON_CLOSED", "쿠폰 발급이 마감되었습니다");
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

  // The connection breaks at the update of the issued quantity: after the lock, before the commit.
  test("alt 데이터베이스 오류 → 503, nothing is issued, and the lock is free", async () => {
    const [user, next] = (await shop.users(2)) as [Client, Client];
    const campaign = await shop.campaign({ totalQuantity: 2 });
    await withProxy(async (instance, proxy) => {
      const broken = proxy.disconnectAt("update issued");
      const answer = await unchanged(shop, { users: [user], campaigns: [campaign] }, () => user.at(instance).post(`/coupons/${campaign.id}/issue`));
      refusedWith(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      await broken;
      good(await next.post(`/coupons/${campaign.id}/issue`), 201);
      proxy.reconnect();
      good(await user.at(instance).post(`/coupons/${campaign.id}/issue`), 201);
    });
    assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).remainingQuantity, 0);
  });

  // As above, but the database is back in time. A round that failed before its commit is repeated, one that failed after it is not.
  // Fails if the till does not look up the outcome of a lost COMMIT.
  test("else 발급 성공 → {userCouponId, couponId, issuedAt}, once, also when the database failed for a moment before or behind the commit", async () => {
    for (const fail of [
      (proxy: FaultProxy) => proxy.disconnectAt("update issued"),
      (proxy: FaultProxy) => proxy.loseResponse("COMMIT", { to: "update issued" }),
    ]) {
      const [user, campaign] = [await shop.user(), await shop.campaign({ totalQuantity: 2 })];
      await withProxy(async (instance, proxy) => {
        const broken = fail(proxy).then(() => proxy.reconnect());
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
    refusedWith(await user.get("/users/42/coupons"), 400, "INVALID_USER_ID", "유효하지 않은 사용자 식별자입니다");
  });

  test("else 유효한 요청 → the user's own; another user's are 403, a missing user's 404", async () => {
    const [user, second] = (await shop.users(2)) as [Client, Client];
    good(await user.get(`/users/${user.id}/coupons`), 200);
    refusedWith(await user.get(`/users/${second.id}/coupons`), 403, "FORBIDDEN", "권한이 없습니다");
    refusedWith(await missingUser().get(`/users/${MISSING_ID}/coupons`), 404, "USER_NOT_FOUND", "사용자 정보가 존재하지 않습니다");
  });

  test("alt 데이터베이스 오류 → 503, until the database is back", async () => {
    const user = await shop.user();
    const coupon = await shop.coupon(user);
    await withProxy(async (instance, proxy) => {
      const look = () => user.at(instance).get(`/users/${user.id}/coupons`);
      good(await look(), 200);
      proxy.disconnect();
      const answer = await look();
      refusedWith(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      proxy.reconnect();
      assert.equal(good(await look(), 200).userCoupons[0].id, coupon);
    });
  });

  test("else 조회 성공 → AVAILABLE ones only, unless asked otherwise", async () => {
    const [user, product] = [await shop.user({ balance: 1000 }), await shop.product({ price: 1000 })];
    const [used, kept] = [await shop.coupon(user), await shop.coupon(user)];
    good(await user.post("/orders", { orderItems: itemsOf(product), userCouponId: used }), 201);
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
  /** A buyer with a coupon, and a product. */
  async function buyer() {
    const [user, product] = [await shop.user({ balance: 10_000 }), await shop.product({ price: 1000, stock: 10 })];
    return { user, product, userCouponId: await shop.coupon(user, { discount: { type: "FIXED", amount: 200 } }) };
  }

  test("par 핵심 주문 처리 → stock is checked and taken, for every line or for none", async () => {
    const { user, product } = await buyer();
    const scarce = await shop.product({ stock: 1 });
    good(await user.post("/orders", { orderItems: itemsOf([product, 3]) }), 201);
    assert.equal(await shop.stockOf(product), 7);
    const answer = await unchanged(shop, { users: [user], products: [product, scarce] }, () =>
      user.post("/orders", { orderItems: itemsOf(product, [scarce, 2]) }),
    );
    refusedWith(answer, 400, "STOCK_INSUFFICIENT", "재고가 부족합니다");
  });

  // Fails without takeCoupon in payFromBalance.
  test("and (쿠폰 검증 및 사용) → the coupon is checked, taken, and its discount applied; a second time nothing at all happens", async () => {
    const { user, product, userCouponId } = await buyer();
    const { discountAmount, paidAmount } = good(await user.post("/orders", { orderItems: itemsOf(product), userCouponId }), 201);
    assert.deepEqual([discountAmount, paidAmount], [200, 800]);
    assert.equal(good(await user.get(`/users/${user.id}/coupons?status=USED`), 200).userCoupons[0].id, userCouponId);
    const answer = await unchanged(shop, { users: [user], products: [product] }, () =>
      user.post("/orders", { orderItems: itemsOf(product), userCouponId }),
    );
    assert.equal(refused(answer, 400, "COUPON_UNUSABLE")["reason"], "USED");
  });

  test("and (결제 처리) → the balance falls, with a transaction that names the order; too small a balance takes neither stock nor coupon", async () => {
    const { user, product, userCouponId } = await buyer();
    const { orderId } = good(await user.post("/orders", { orderItems: itemsOf([product, 4]) }), 201);
    const [transaction] = good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions;
    const { type, amount, balanceAfter, status } = transaction;
    assert.deepEqual(
      { type, amount, balanceAfter, status, orderId: transaction.orderId },
      { type: "PAYMENT", amount: -4000, balanceAfter: 6000, status: "COMPLETED", orderId },
    );
    const dear = await shop.product({ price: 6201, stock: 1 });
    const answer = await unchanged(shop, { users: [user], products: [dear] }, () =>
      user.post("/orders", { orderItems: itemsOf(dear), userCouponId }),
    );
    refusedWith(answer, 400, "BALANCE_INSUFFICIENT", "포인트가 부족합니다");
  });

  // ORDER_HISTORY_EVENT is a row of the outbox, written in the order's own transaction, so it cannot fail separately (reconciliation 13).
  test("par 비동기 후처리 → the order's history has the event", async () => {
    const { user, product } = await buyer();
    const { orderId, completedAt } = good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
    const { events } = good(await user.get(`/orders/${orderId}/history`), 200);
    assert.deepEqual(
      events.map(({ type, at }: Record<string, unknown>) => ({ type, at })),
      [{ type: "order.completed", at: completedAt }],
    );
    assert.equal(events[0].data.paidAmount, 1000);
  });

  // A directory in place of the file makes the data platform unavailable. Fails if the order waits for the delivery, or if an
  // undelivered event is dropped.
  test("and (주문 데이터 전송 (비동기)) → the data platform gets the order; one that is away fails no order, and gets it later", async () => {
    const { user, product } = await buyer();
    const first = good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
    const [sent] = await sentEvents(shop, first.orderId);
    assert.deepEqual([sent.type, sent.subject, sent.data.paidAmount], ["jangnal.order.completed", first.orderId, 1000]);

    const file = join(shop.shop.config.dataDir, "events.ndjson");
    rmSync(file);
    mkdirSync(file);
    const second = good(await user.post("/orders", { orderItems: itemsOf(product) }), 201);
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
    good(await user.post("/orders", { orderItems: itemsOf([product, 3]), userCouponId }), 201);
    const { units, revenue } = await counted(shop, product, 3, `&from=${day()}&to=${day()}`);
    assert.deepEqual({ units, revenue }, { units: 3, revenue: 3000 });
  });

  test("flow → 201: one call, one commit, the order COMPLETED and paid", async () => {
    const { user, product, userCouponId } = await buyer();
    const order = good(await user.post("/orders", { userId: user.id, orderItems: itemsOf([product, 2]), userCouponId }), 201);
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
  /** The list of popular products at an instance. */
  const popular = async (instance = shop) =>
    good(await instance.anyone("GET", "/products/popular"), 200).popularProducts as { name: string; totalSales: number }[];
  const add = (units: number) =>
    database.query("UPDATE product_sales SET units = units + $1 WHERE product_id = (SELECT id FROM products WHERE name = '호떡')", [units]);

  before(async () => {
    const [user, product] = [await shop.user({ balance: 1_000_000 }), await shop.product({ name: "호떡", price: 1, stock: 1_000_000 })];
    good(await user.post("/orders", { orderItems: itemsOf([product, 1000]) }), 201);
    await counted(shop, product, 1000);
  });

  // Fails if the list is read for every request.
  test("alt 캐시 히트 → the cached list, also after further sales", async () => {
    await invalidationsReceived(shop, database);
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

  test("alt 데이터베이스 오류 → 503 without a cached list; with one, the old list is shown", async () => {
    await withProxy(async (instance, proxy) => {
      proxy.disconnect();
      const answer = await instance.anyone("GET", "/products/popular");
      refusedWith(answer, 503, "UNAVAILABLE", "일시적인 오류가 발생했습니다");
      assert.ok(Number(answer.headers["retry-after"]) >= 1);
      proxy.reconnect();
      assert.equal((await popular(instance))[0]?.totalSales, 1002);
      proxy.disconnect();
      clock.forward(60 * MINUTE_MS);
      assert.equal((await popular(instance))[0]?.totalSales, 1002);
    });
  });

  // A shop cannot lose its sales, so the rows are moved away for ten minutes.
  test("else 통계 데이터 없음 → 200 with an empty list and a message, kept for ten minutes", async () => {
    await database.query("CREATE TABLE put_aside AS SELECT * FROM product_sales");
    await database.query("DELETE FROM product_sales");
    await runJob(shop, "aggregate-sales");
    await invalidationsReceived(shop, database);
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
    await invalidationsReceived(shop, database);
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
