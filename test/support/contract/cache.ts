// What every cache must do: the one of a process, and the one that instances share, also while Redis is away.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Cache, Cached } from "../../../src/cache/cache.ts";

const MINUTE_MS = 60_000;
let made = 0;

/** A value in a group of its own, loaded by `load`, good for a minute. */
function cached<Value>(load: () => Promise<Value>, fields: Partial<Cached<Value>> = {}): Cached<Value> {
  made++;
  return { key: `key ${made}`, group: `group ${made}`, ttlMs: () => MINUTE_MS, load, ...fields };
}

/** A load that answers when it is told to. */
function held<Value>(value: Value): { load: () => Promise<Value>; begun: Promise<void>; finish(): void; loads: () => number } {
  const [begun, finished] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let loads = 0;
  return {
    begun: begun.promise,
    finish: finished.resolve,
    loads: () => loads,
    async load() {
      loads++;
      begun.resolve();
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

    test("what was loaded once is not loaded again", async () => {
      let loads = 0;
      const one = cached(async () => ({ n: ++loads }));
      assert.deepEqual([await cache.read(one), await cache.read(one)], [{ n: 1 }, { n: 1 }]);
    });

    test("however many ask, one loads", async () => {
      const slow = held("사과");
      const one = cached(slow.load);
      const answers = Array.from({ length: 100 }, () => cache.read(one));
      await slow.begun;
      slow.finish();
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(["사과"]));
      assert.equal(slow.loads(), 1);
    });

    test("a dropped group is loaded anew, and no other", async () => {
      let loads = 0;
      const [one, other] = [cached(async () => ++loads), cached(async () => "other")];
      await cache.read(one);
      await cache.read(other);
      cache.drop(one.group);
      assert.equal(await cache.read(one), 2);
      assert.equal(await cache.read({ ...other, load: async () => "loaded again" }), "other");
    });

    // Goes red without the line in `drop` that returns for a change it has heard of.
    test("a change that is heard of twice drops a group once", async () => {
      let loads = 0;
      const one = cached(async () => ++loads);
      const change = `change of ${one.group}`;
      const afterwards: number[] = [];
      for (const heard of [change, change, `another ${change}`]) {
        cache.drop(one.group, heard);
        afterwards.push(await cache.read(one));
      }
      assert.deepEqual(afterwards, [1, 1, 2]);
    });

    // Goes red where an entry is kept under the generation of its end, not of its beginning.
    test("a value whose loading began before a drop is not kept, and not given to who asks after it", async () => {
      const slow = held("before");
      const one = cached<string>(slow.load);
      const first = cache.read(one);
      await slow.begun;
      cache.drop(one.group);
      const second = cache.read({ ...one, load: async () => "after" });
      assert.equal(await second, "after");
      slow.finish();
      await first;
      assert.equal(await cache.read({ ...one, load: async () => "loaded again" }), "after");
    });

    // Goes red without either condition of `isGood` (memory-cache.ts).
    test("what is good can be looked at without waiting, and nothing else", async () => {
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

    test("a value is good for as long as it says", async () => {
      let loads = 0;
      const one = cached(async () => ++loads, { ttlMs: (value) => (value === 1 ? 60 : MINUTE_MS) });
      await cache.read(one);
      await new Promise((resolve) => setTimeout(resolve, 90));
      assert.deepEqual([await cache.read(one), await cache.read(one)], [2, 2]);
    });

    test("where loading fails an outdated value is better than none, and is not kept", async () => {
      const one = cached<string>(async () => "old");
      await cache.read(one);
      cache.drop(one.group);
      const failing = { ...one, load: () => Promise.reject(new Error("the database is away")) };
      assert.equal(await cache.read(failing), "old");
      assert.equal(await cache.read({ ...one, load: async () => "new" }), "new");
    });

    test("where there is nothing, a failure is told, and the next one tries again", async () => {
      const one = cached<string>(() => Promise.reject(new Error("the database is away")));
      await assert.rejects(cache.read(one), /away/);
      assert.equal(await cache.read({ ...one, load: async () => "new" }), "new");
    });
  });
}
