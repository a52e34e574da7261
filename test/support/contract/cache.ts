// The contract of every cache: the one of a process and the shared one, also while Redis is
// unavailable.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Cache, Cached } from "../../../src/cache/cache.ts";

const MINUTE_MS = 60_000;
let keys = 0;

/** A value in a group of its own that `load` provides and that is valid for a minute. */
function cached<Value>(load: () => Promise<Value>, fields: Partial<Cached<Value>> = {}): Cached<Value> {
  keys++;
  return { key: `key ${keys}`, group: `group ${keys}`, ttlMs: () => MINUTE_MS, load, ...fields };
}

/** A load that completes on command. */
function controlledLoad<Value>(value: Value): { load: () => Promise<Value>; started: Promise<void>; finish(): void; loads: () => number } {
  const [started, finished] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let loads = 0;
  return {
    started: started.promise,
    finish: finished.resolve,
    loads: () => loads,
    async load() {
      loads++;
      started.resolve();
      await finished.promise;
      return value;
    },
  };
}

export function cacheContract(kind: string, open: () => Promise<{ cache: Cache; remove(): Promise<void> }>): void {
  describe(`a cache ${kind}`, () => {
    let cache: Cache;
    let remove: () => Promise<void>;
    before(async () => {
      ({ cache, remove } = await open());
    });
    after(() => remove());

    test("a cached value is loaded once", async () => {
      let loads = 0;
      const one = cached(async () => ({ n: ++loads }));
      assert.deepEqual([await cache.read(one), await cache.read(one)], [{ n: 1 }, { n: 1 }]);
    });

    test("concurrent reads of one value share one load", async () => {
      const slow = controlledLoad("사과");
      const one = cached(slow.load);
      const answers = Array.from({ length: 100 }, () => cache.read(one));
      await slow.started;
      slow.finish();
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(["사과"]));
      assert.equal(slow.loads(), 1);
    });

    test("a dropped group is loaded again, and other groups are not", async () => {
      let loads = 0;
      const [one, other] = [cached(async () => ++loads), cached(async () => "other")];
      await cache.read(one);
      await cache.read(other);
      cache.drop(one.group);
      assert.equal(await cache.read(one), 2);
      assert.equal(await cache.read({ ...other, load: async () => "loaded again" }), "other");
    });

    // `drop` ignores a change that it has received before.
    test("a change that is received twice drops its group once", async () => {
      let loads = 0;
      const one = cached(async () => ++loads);
      const change = `change of ${one.group}`;
      const afterwards: number[] = [];
      for (const changeId of [change, change, `another ${change}`]) {
        cache.drop(one.group, changeId);
        afterwards.push(await cache.read(one));
      }
      assert.deepEqual(afterwards, [1, 1, 2]);
    });

    // An entry must belong to the generation in which its load started.
    test("a value whose load started before a drop is neither cached nor returned to later reads", async () => {
      const slow = controlledLoad("before");
      const one = cached<string>(slow.load);
      const first = cache.read(one);
      await slow.started;
      cache.drop(one.group);
      const second = cache.read({ ...one, load: async () => "after" });
      assert.equal(await second, "after");
      slow.finish();
      await first;
      assert.equal(await cache.read({ ...one, load: async () => "loaded again" }), "after");
    });

    // Both conditions of `isGood` (memory-cache.ts) matter.
    test("only a valid value can be read without waiting", async () => {
      const one = cached(async () => "good", { ttlMs: () => 60 });
      assert.equal(cache.peek(one), undefined);
      await cache.read(one);
      assert.equal(cache.peek(one), "good");
      await new Promise((resolve) => setTimeout(resolve, 90));
      assert.equal(cache.peek(one), undefined);
      const other = cached(async () => "good");
      await cache.read(other);
      cache.drop(other.group);
      assert.equal(cache.peek(other), undefined);
    });

    test("a value is valid for the time that it states", async () => {
      let loads = 0;
      const one = cached(async () => ++loads, { ttlMs: (value) => (value === 1 ? 60 : MINUTE_MS) });
      await cache.read(one);
      await new Promise((resolve) => setTimeout(resolve, 90));
      assert.deepEqual([await cache.read(one), await cache.read(one)], [2, 2]);
    });

    test("if loading fails an outdated value is returned, and it is not cached again", async () => {
      const one = cached<string>(async () => "old");
      await cache.read(one);
      cache.drop(one.group);
      const failing = { ...one, load: () => Promise.reject(new Error("the database is unavailable")) };
      assert.equal(await cache.read(failing), "old");
      assert.equal(await cache.read({ ...one, load: async () => "new" }), "new");
    });

    test("if loading fails without an outdated value the read fails, and the next read loads again", async () => {
      const one = cached<string>(() => Promise.reject(new Error("the database is unavailable")));
      await assert.rejects(cache.read(one), /unavailable/);
      assert.equal(await cache.read({ ...one, load: async () => "new" }), "new");
    });
  });
}
