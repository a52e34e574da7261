// The cache shared by instances, with a Redis that works, is full, hangs, dies or restarts.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Redis } from "ioredis";
import { RedisCache } from "../../src/cache/redis-cache.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { cacheContract } from "../support/contract/cache.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
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

cacheContract("with an unreachable Redis", async () => {
  const link = new RedisClient({ url: "redis://127.0.0.1:1", prefix: "{shop}" });
  return { cache: new RedisCache(link), remove: () => link.close() };
});

cacheContract("with a full Redis", async () => {
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
    // Completes the one-time work of new connections.
    for (const cache of [a, b]) await cache.read({ ...list("x"), key: "first" });
  });
  after(async () => {
    await redis.remove();
  });
  const list = (value: string) => ({ key: "list", group: "products", ttlMs: () => 60_000, load: async () => value });
  const close = () => Promise.all(links.map((link) => link.close()));
  const settled = async (): Promise<void> => void (await new Promise((resolve) => setTimeout(resolve, 20)));

  test("a value loaded by one instance is not loaded by the other", async () => {
    a.drop("products", "@1");
    b.drop("products", "@1");
    assert.equal(await a.read(list("loaded by a")), "loaded by a");
    await settled();
    assert.equal(await b.read(list("loaded by b")), "loaded by a");
    assert.equal(b.counts.shared >= 1, true);
    await close();
  });

  // Fails if the change's id is not stored: every instance would drop the value that another has just loaded.
  test("after a change announced to all instances, the value is loaded once", async () => {
    for (const change of ["@2", "@3"]) for (const cache of [a, b]) cache.drop("products", change);
    assert.equal(await a.read(list("new")), "new");
    await settled();
    assert.equal(await b.read(list("newer")), "new");
    await close();
  });

  // Fails if the generation is replaced by the instance that changes something, and not by each one that receives the change.
  test("an instance that received a change never returns a value from before it, even if the others have not received it", async () => {
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

  test("a value loaded under an old generation is not found under the new one", async () => {
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

  // Fails without `connection`: after a lost announcement, the old list would stay cached for five minutes.
  test("a change while Redis is unreachable takes effect although Redis returns with its old data", async () => {
    const admin = new Redis(redis.url);
    a.drop("products", "@8");
    assert.equal(await a.read(list("before")), "before");
    await settled();
    // Cuts the connections, while Redis keeps its data: like a network failure.
    b.drop("products", "@9");
    await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await settled();
    for (const link of links) while (!link.up) await settled();
    assert.equal(await b.read(list("after")), "after");
    admin.disconnect();
    await close();
  });

  // Fails if a timeout is not remembered (`#leftAloneUntil`): each of the fifty reads would wait.
  test("a Redis that hangs delays one read, not each of them, and is used again once it responds", async () => {
    const admin = new Redis(redis.url);
    await admin.config("RESETSTAT");
    redis.freeze();
    for (let i = 0; i < 50; i++) {
      a.drop("products");
      assert.equal(await a.read(list(`alone ${i}`)), `alone ${i}`);
    }
    redis.thaw();
    // One request, and one more per second of the loop. Redis has processed them by now.
    const calls = Number(/cmdstat_eval:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1]);
    admin.disconnect();
    assert.ok(calls >= 1 && calls < 25, `${calls} of 50`);
    const { loaded } = a.counts;
    for (const deadline = Date.now() + 60_000; a.counts.loaded === loaded && Date.now() < deadline; await settled()) {
      a.drop("products");
      await a.read(list("awake"));
    }
    assert.ok(a.counts.loaded > loaded);
    await close();
  });
});

describe("a connection to Redis that is of no use", () => {
  const ping = (client: RedisClient): Promise<boolean> =>
    client
      .run((redis) => redis.set("ping", "1"))
      .then(
        () => true,
        () => false,
      );
  async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  // Fails without SILENT_MS: commands would time out until TCP gives up.
  test("is replaced when the server has been silent for seconds", { timeout: 180_000 }, async () => {
    const redis = await startRedis();
    const proxy = await FaultProxy.open({ port: redis.port });
    const client = await connectRedis(`redis://127.0.0.1:${proxy.port}`);
    try {
      const { connection } = client;
      proxy.fault = "half open";
      for (const deadline = performance.now() + 6000; performance.now() < deadline;)
        await until(() => client.up || performance.now() > deadline).then(() => ping(client));
      proxy.fault = "none";
      await until(() => ping(client));
      assert.ok(client.connection > connection);
    } finally {
      await client.close();
      await proxy.close();
      await redis.remove();
    }
  });

  // Fails without the check for READONLY: the shop would do without Redis as long as the replica lives.
  test("is replaced when the server has become a replica", { timeout: 180_000 }, async () => {
    const [redis, primary] = await Promise.all([startRedis(), startRedis()]);
    const admin = new Redis(redis.url);
    const client = await connectRedis(redis.url);
    try {
      const { connection } = client;
      await admin.replicaof("127.0.0.1", primary.port);
      await until(async () => !(await ping(client)));
      await until(() => client.connection > connection);
    } finally {
      admin.disconnect();
      await client.close();
      await Promise.all([redis.remove(), primary.remove()]);
    }
  });
});
