import assert from "node:assert/strict";
import { test } from "node:test";
import { lruCache } from "./lru.ts";

test("the cache keeps the entries that were used last", () => {
  const cache = lruCache<string>(3);
  for (const key of ["a", "b", "c"]) cache.set(key, key);
  cache.get("a");
  cache.set("d", "d");
  assert.deepEqual([...cache.keys()].sort(), ["a", "c", "d"]);
});
