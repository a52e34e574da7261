// The lock for first-come keys: one contract for both adapters, and a Redis lock that is lost, expired or held twice.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { Redis } from "ioredis";
import { type Admission, type FirstComeLock, LockTimeout } from "../../src/lock/lock.ts";
import { postgresLock } from "../../src/lock/postgres-lock.ts";
import { RedisLock } from "../../src/lock/redis-lock.ts";
import { freshDatabase } from "../support/database.ts";
import { connectRedis } from "../support/redis.ts";
import { type Service, startRedis } from "../support/services.ts";
import { type Client, openTestShop, race, type TestShop } from "../support/shop.ts";

let database: Awaited<ReturnType<typeof freshDatabase>>;
let redis: Service;
before(async () => {
  [database, redis] = [await freshDatabase(), await startRedis()];
});
after(async () => {
  await redis.remove();
  await database.drop();
});

/** A round: gets the lock, runs its statement in a transaction, does `work`, and commits. */
async function round<T>(lock: FirstComeLock, keys: string[], work: () => Promise<T>, waitMs = 5000): Promise<T> {
  const client = new pg.Client({ connectionString: database.url });
  client.on("error", () => {});
  await client.connect();
  let admission: Admission | undefined;
  try {
    admission = await lock.admit(keys, waitMs);
    await client.query("BEGIN");
    await client.query(`SET LOCAL lock_timeout = ${waitMs}`);
    await client.query(admission.statement);
    const result = await work();
    await client.query("COMMIT");
    admission.leave();
    return result;
  } catch (error) {
    admission?.leave(true);
    if ((error as { code?: string }).code === "55P03") throw new LockTimeout("lock timeout", { cause: error });
    throw error;
  } finally {
    await client.end();
  }
}

async function redisLock(expiresMs = 1000): Promise<{ lock: RedisLock; close(): Promise<void> }> {
  const link = await connectRedis(redis.url);
  return { lock: new RedisLock({ redis: link, fallback: postgresLock, expiresMs }), close: () => link.close() };
}

for (const [kind, open] of [
  ["PostgreSQL", async () => ({ lock: postgresLock, close: async () => {} })],
  ["Redis", redisLock],
] as const) {
  describe(`admission by ${kind}`, () => {
    test("one of two instances holds the lock at a time, and both get it", async () => {
      const [a, b] = [await open(), await open()];
      let holders = 0;
      let maxHolders = 0;
      const counts = { a: 0, b: 0 };
      const work = (name: "a" | "b", lock: FirstComeLock) => async (): Promise<void> => {
        for (let i = 0; i < 20; i++) {
          await round(lock, ["one"], async () => {
            maxHolders = Math.max(maxHolders, ++holders);
            await pause(2);
            holders--;
            counts[name]++;
          });
        }
      };
      await Promise.all([work("a", a.lock)(), work("b", b.lock)()]);
      assert.deepEqual({ maxHolders, counts }, { maxHolders: 1, counts: { a: 20, b: 20 } });
      await a.close();
      await b.close();
    });

    test("keys in different orders do not deadlock", async () => {
      const [a, b] = [await open(), await open()];
      const keys = ["x", "y", "z"];
      await Promise.all(Array.from({ length: 20 }, (_, i) => round((i % 2 ? a : b).lock, i % 4 < 2 ? keys : keys.toReversed(), () => pause(1))));
      await a.close();
      await b.close();
    });

    test("a caller that does not get the lock in time gets a LockTimeout", async () => {
      const [a, b] = [await open(), await open()];
      const held = Promise.withResolvers<void>();
      const inside = Promise.withResolvers<void>();
      const first = round(a.lock, ["busy"], () => (inside.resolve(), held.promise));
      await inside.promise;
      await assert.rejects(
        round(b.lock, ["busy"], async () => {}, 200),
        LockTimeout,
      );
      held.resolve();
      await first;
      await round(b.lock, ["busy"], async () => {});
      await a.close();
      await b.close();
    });

    test("a lock does not wait for other keys", async () => {
      const [a, b] = [await open(), await open()];
      await round(a.lock, ["mine"], () => round(b.lock, ["yours"], async () => {}, 100));
      await a.close();
      await b.close();
    });
  });
}

describe("the Redis lock", () => {
  // Fails without `renewing`.
  test("a lock is renewed until it is released", async () => {
    const [a, b] = [await redisLock(150), await redisLock(150)];
    const admission = await a.lock.admit(["slow"], 100);
    await assert.rejects(b.lock.admit(["slow"], 500), LockTimeout);
    admission.leave();
    (await b.lock.admit(["slow"], 500)).leave();
    await a.close();
    await b.close();
  });

  test("the lock of a dead instance expires", async () => {
    const [a, b] = [await redisLock(150), await redisLock(150)];
    await a.lock.admit(["dead"], 100);
    await a.close();
    (await b.lock.admit(["dead"], 1000)).leave();
    await b.close();
  });

  // Fails without the fencing token, by which the first statement of a round detects a later holder of the lock.
  test("the database detects a lost lock", async () => {
    const [a, b] = [await redisLock(), await redisLock()];
    const stale = await a.lock.admit(["lost"], 100);
    const admin = new Redis(redis.url);
    await admin.flushall();
    admin.disconnect();
    await round(b.lock, ["lost"], async () => {});
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await assert.rejects(client.query(stale.statement), { code: "40001" });
    await client.end();
    stale.leave(true);
    // The instance that lost the lock can get it again.
    await round(a.lock, ["lost"], async () => {});
    await a.close();
    await b.close();
  });

  test("PostgreSQL's lock is used while Redis is unreachable", async () => {
    const own = await startRedis();
    const link = await connectRedis(own.url);
    const lock = new RedisLock({ redis: link, fallback: postgresLock, expiresMs: 500 });
    await own.kill();
    await round(lock, ["away"], async () => {});
    assert.equal(lock.counts.fallback, 1);
    await own.start();
    for (const deadline = Date.now() + 60_000; lock.counts.admitted === 0 && Date.now() < deadline; await pause(20))
      await round(lock, ["away"], async () => {});
    assert.ok(lock.counts.admitted > 0);
    await link.close();
    await own.remove();
  });
});

describe("two instances with Redis", () => {
  let shops: TestShop[];
  before(async () => {
    const first = await openTestShop({ env: { REDIS_URL: redis.url } });
    shops = [first, await openTestShop({ env: { REDIS_URL: redis.url }, beside: first })];
  });
  after(async () => {
    for (const shop of shops.toReversed()) await shop.close();
  });
  const spread = (client: Client, i: number): Client => client.at(shops[i % shops.length] as TestShop);
  const first = (): TestShop => shops[0] as TestShop;

  test("four hundred users get exactly one hundred coupons, with the Redis lock", async () => {
    const campaign = await first().campaign({ totalQuantity: 100 });
    const users = await first().users(400);
    assert.deepEqual(await race(400, (i) => spread(users[i] as Client, i).post(`/coupons/${campaign.id}/issue`)), { 201: 100, 409: 300 });
    const metrics = String((await first().anyone("GET", "/metrics")).body);
    assert.match(metrics, /jangnal_lock_redis_total [1-9]/);
    assert.match(metrics, /jangnal_lock_postgres_total 0/);
  });

  // Deletes the lock repeatedly while it is held, so that both instances believe they hold it. Only the row lock is left.
  test("no coupon is issued too many if both instances believe they hold the lock", async () => {
    const campaign = await first().campaign({ totalQuantity: 100 });
    const users = await first().users(400);
    const admin = new Redis(redis.url);
    let racing = true;
    let stolen = 0;
    const thief = (async () => {
      while (racing) {
        for (const key of await admin.keys(`*:lock:${campaign.id}`)) stolen += await admin.del(key);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const counts = await race(400, (i) => spread(users[i] as Client, i).post(`/coupons/${campaign.id}/issue`));
    racing = false;
    await thief;
    admin.disconnect();
    assert.ok(stolen > 0);
    assert.deepEqual(counts, { 201: 100, 409: 300 });
    assert.deepEqual((await first().operator.get("/admin/audit")).body.violations, []);
  });

  test("the rate limit counts requests to both instances", async () => {
    const limited = await openTestShop({ env: { REDIS_URL: redis.url, RATE_LIMIT: "10" }, beside: first() });
    const other = await openTestShop({ env: { REDIS_URL: redis.url, RATE_LIMIT: "10" }, beside: first() });
    const user = await first().user();
    const counts = await race(60, (i) => user.at(i % 2 ? limited : other).get(`/users/${user.id}/balance`));
    assert.ok((counts[200] ?? 0) >= 10 && (counts[200] ?? 0) <= 20, JSON.stringify(counts));
    await other.close();
    await limited.close();
  });

  test("without Redis both instances keep working, and /readyz reports it", async () => {
    const product = await first().product({ price: 10, stock: 50 });
    const users = await first().users(100, { balance: 10 });
    const campaign = await first().campaign({ totalQuantity: 20 });
    await redis.kill();
    const orders = await race(100, (i) => spread(users[i] as Client, i).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }));
    assert.deepEqual(orders, { 201: 50, 400: 50 });
    assert.deepEqual(await race(100, (i) => spread(users[i] as Client, i).post(`/coupons/${campaign.id}/issue`)), { 201: 20, 409: 80 });
    const list = await first().anyone("GET", "/products");
    assert.equal(list.body.products.find(({ id }: { id: string }) => id === product.id).stock, 0);
    const { status, body } = await first().anyone("GET", "/readyz");
    assert.equal(status, 200);
    assert.match(body.checks.redis, /^down/);
    await redis.start();
    for (const deadline = Date.now() + 60_000; (await first().anyone("GET", "/readyz")).body.checks.redis !== "ok"; await pause(50))
      assert.ok(Date.now() < deadline);
  });
});
