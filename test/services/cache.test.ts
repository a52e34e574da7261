// The cache that instances share, on a Redis that behaves, is full, sleeps, dies and comes back.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Redis } from "ioredis";
import { RedisCache } from "../../src/cache/redis-cache.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { cacheContract } from "../support/contract/cache.ts";
import { connectRedis } from "../support/redis.ts";
import { type Service, startRedis } from "../support/services.ts";

cacheContract("in Redis", async () => {
  const redis = await startRedis();
  const link = await connectRedis(redis.url);
  return {
    cache: new RedisCache(link),
    async remove() {
      await link.close();
      await redis.remove();
    },
  };
});

cacheContract("whose Redis is not there", async () => {
  const link = new RedisClient({ url: "redis://127.0.0.1:1", prefix: "{shop}" });
  return { cache: new RedisCache(link), remove: () => link.close() };
});

cacheContract("whose Redis is full", async () => {
  const redis = await startRedis("--maxmemory", "1mb", "--maxmemory-policy", "noeviction");
  const link = await connectRedis(redis.url);
  return {
    cache: new RedisCache(link),
    async remove() {
      await link.close();
      await redis.remove();
    },
  };
});

describe("instances that share a cache", () => {
  let redis: Service;
  let links: RedisClient[];
  let a: RedisCache;
  let b: RedisCache;
  before(async () => {
    redis = await startRedis();
  });
  beforeEach(async () => {
    links = [await connectRedis(redis.url), await connectRedis(redis.url)];
    [a, b] = links.map((link) => new RedisCache(link)) as [RedisCache, RedisCache];
    // What a new connection does once, it has done.
    for (const cache of [a, b]) await cache.read({ ...list("x"), key: "first" });
  });
  after(async () => {
    await redis.remove();
  });
  const list = (value: string) => ({ key: "list", group: "products", ttlMs: () => 60_000, load: async () => value });
  const close = () => Promise.all(links.map((link) => link.close()));
  const settled = async (): Promise<void> => void (await new Promise((resolve) => setTimeout(resolve, 20)));

  test("what one has loaded the other need not load", async () => {
    a.drop("products", "@1");
    b.drop("products", "@1");
    assert.equal(await a.read(list("loaded by a")), "loaded by a");
    await settled();
    assert.equal(await b.read(list("loaded by b")), "loaded by a");
    assert.equal(b.counts.shared >= 1, true);
    await close();
  });

  // Goes red where a change's name is not noted (every instance would throw away what the others have just loaded).
  test("a change of which all hear is loaded once", async () => {
    for (const change of ["@2", "@3"]) for (const cache of [a, b]) cache.drop("products", change);
    assert.equal(await a.read(list("new")), "new");
    await settled();
    assert.equal(await b.read(list("newer")), "new");
    await close();
  });

  // Goes red where the generation is replaced by whoever changes something, and not by whoever hears of it.
  test("who has heard of a change never sees what was loaded before it, though nobody else has heard of it yet", async () => {
    a.drop("products", "@4");
    assert.equal(await a.read(list("before")), "before");
    await settled();
    b.drop("products", "@5");
    assert.equal(await b.read(list("after")), "after");
    await settled();
    a.drop("products", "@5");
    assert.equal(await a.read(list("again")), "after");
    await close();
  });

  test("what was loaded under an old generation is not found under the new one", async () => {
    a.drop("products", "@6");
    const slow = Promise.withResolvers<string>();
    const reading = a.read({ ...list(""), load: () => slow.promise });
    await settled();
    b.drop("products", "@7");
    await b.read(list("after"));
    slow.resolve("before");
    await reading;
    a.drop("products", "@7");
    await settled();
    assert.equal(await a.read(list("again")), "after");
    await close();
  });

  // Goes red without `connection`: a change that was told to nobody would leave the old list standing for its five minutes.
  test("a change during which Redis was away is not forgotten by one that comes back with what it had", async () => {
    const admin = new Redis(redis.url);
    a.drop("products", "@8");
    assert.equal(await a.read(list("before")), "before");
    await settled();
    // Its connections are cut and it keeps its data: as behind a network that was away.
    b.drop("products", "@9");
    await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await settled();
    for (const link of links) while (!link.up) await settled();
    assert.equal(await b.read(list("after")), "after");
    admin.disconnect();
    await close();
  });

  // Goes red where a silence is not noted (`#leftAloneUntil`): then each of the fifty asks, and waits.
  test("a Redis that sleeps costs one wait, not one per reader; awake it is used again", async () => {
    const admin = new Redis(redis.url);
    await admin.config("RESETSTAT");
    redis.freeze();
    for (let i = 0; i < 50; i++) {
      a.drop("products");
      assert.equal(await a.read(list(`alone ${i}`)), `alone ${i}`);
    }
    redis.thaw();
    // It was asked once, and once more for every second that the fifty took: what it was asked asleep it has heard by now.
    const heard = Number(/cmdstat_eval:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1]);
    admin.disconnect();
    assert.ok(heard >= 1 && heard < 25, `${heard} of 50`);
    const { loaded } = a.counts;
    for (const deadline = Date.now() + 5000; a.counts.loaded === loaded && Date.now() < deadline; await settled()) {
      a.drop("products");
      await a.read(list("awake"));
    }
    assert.ok(a.counts.loaded > loaded);
    await close();
  });
});
