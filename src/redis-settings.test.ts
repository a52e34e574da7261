import assert from "node:assert/strict";
import { test } from "node:test";
import { redisUrl, sentinelsOf } from "./redis-settings.ts";

test("REDIS_URL names a server, or Sentinels and the primary that they know", () => {
  for (const url of [undefined, "redis://localhost:6379/1", "rediss://:secret@redis.example", "redis-sentinel://a,b:1/0?master=m"])
    assert.equal(redisUrl({ REDIS_URL: url }), url);
  assert.deepEqual(sentinelsOf("redis-sentinel://a:1,b,[::1]:3?master=shop"), {
    sentinels: [
      { host: "a", port: 1 },
      { host: "b", port: 26_379 },
      { host: "::1", port: 3 },
    ],
    name: "shop",
    db: 0,
  });
  assert.deepEqual(sentinelsOf("rediss-sentinel://me:p%40ss@a/2?master=shop&sentinelPassword=other"), {
    sentinels: [{ host: "a", port: 26_379 }],
    name: "shop",
    db: 2,
    username: "me",
    password: "p@ss",
    sentinelPassword: "other",
    tls: {},
    enableTLSForSentinelMode: true,
  });
  assert.equal(sentinelsOf("redis-sentinel://secret@a/?master=m")?.password, "secret");
});

test("a wrong REDIS_URL is refused with the form that it should have", () => {
  for (const url of [
    "redis-sentinel://a:1,b:2/0",
    "redis-sentinel:///0?master=m",
    "redis-sentinel://a:1:2/0?master=m",
    "redis-sentinel://a/x?master=m",
  ])
    assert.throws(() => redisUrl({ REDIS_URL: url }), /with Sentinels must be redis-sentinel:\/\//);
  for (const url of ["http://a", "redis", "localhost:6379"]) assert.throws(() => redisUrl({ REDIS_URL: url }), /must begin with redis:\/\//);
});
