import { LRUCache } from "lru-cache";
import type { Cache, Cached } from "./cache.ts";

type Entry = { value: unknown; until: number; generation: number };
type Loading = { promise: Promise<unknown>; generation: number };

/** A change that has been forgotten drops its group once more. */
const CHANGES_KEPT = 1000;

/** The cache of one process. */
export class MemoryCache implements Cache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loading = new Map<string, Loading>();
  readonly #generations = new Map<string, number>();
  readonly #heardOf = new LRUCache<string, true>({ max: CHANGES_KEPT });
  readonly #now: () => number;

  constructor({ most = 1000, now = Date.now }: { most?: number; now?: () => number } = {}) {
    this.#entries = new LRUCache({ max: most });
    this.#now = now;
  }

  peek<Value>({ key, group }: Pick<Cached<Value>, "key" | "group">): Value | undefined {
    const entry = this.#entries.get(key);
    const isGood = entry !== undefined && entry.generation === (this.#generations.get(group) ?? 0) && entry.until > this.#now();
    return isGood ? (entry.value as Value) : undefined;
  }

  read<Value>(cached: Cached<Value>): Promise<Value> {
    const kept = this.peek<Value>(cached);
    if (kept !== undefined) return Promise.resolve(kept);
    const generation = this.#generations.get(cached.group) ?? 0;
    const loading = this.#loading.get(cached.key);
    if (loading && loading.generation === generation) return loading.promise as Promise<Value>;
    const promise = this.#load(cached, generation, this.#entries.get(cached.key));
    this.#loading.set(cached.key, { promise, generation });
    return promise;
  }

  drop(group: string, change?: string): void {
    if (change !== undefined) {
      const name = `${group} ${change}`;
      if (this.#heardOf.has(name)) return; // An instance hears of its own change at its commit, and again by NOTIFY.
      this.#heardOf.set(name, true);
    }
    this.#generations.set(group, (this.#generations.get(group) ?? 0) + 1);
  }

  async #load<Value>({ key, ttlMs, load }: Cached<Value>, generation: number, outdated: Entry | undefined): Promise<Value> {
    try {
      const value = await load();
      // Kept under the generation in which its loading began: if that is over by now, nobody will be given it, and it must not
      // take the place of what was loaded since.
      if ((this.#entries.get(key)?.generation ?? 0) <= generation) this.#entries.set(key, { value, until: this.#now() + ttlMs(value), generation });
      return value;
    } catch (error) {
      if (outdated) return outdated.value as Value;
      throw error;
    } finally {
      if (this.#loading.get(key)?.generation === generation) this.#loading.delete(key);
    }
  }
}
