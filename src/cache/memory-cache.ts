import type { LRUCache } from "lru-cache";
import type { Cache, Cached } from "./cache.ts";
import { lruCache } from "../lru.ts";

type Entry = { value: unknown; until: number; generation: number };
type Loading = { promise: Promise<unknown>; generation: number };

/**
 * How many changes are remembered. A forgotten change drops its group once more, which is harmless.
 */
const MAX_CHANGES = 1000;

/** The cache of one process. */
export class MemoryCache implements Cache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loading = new Map<string, Loading>();
  readonly #generations = new Map<string, number>();
  readonly #appliedChanges = lruCache<true>(MAX_CHANGES);
  readonly #now: () => number;

  /** @param most entries kept @param now ms since 1970 */
  constructor({ most = 1000, now = Date.now }: { most?: number; now?: () => number } = {}) {
    this.#entries = lruCache(most);
    this.#now = now;
  }

  peek<Value>({ key, group }: Pick<Cached<Value>, "key" | "group">): Value | undefined {
    const entry = this.#entries.get(key);
    const isValid = entry !== undefined && entry.generation === (this.#generations.get(group) ?? 0) && entry.until > this.#now();
    return isValid ? (entry.value as Value) : undefined;
  }

  read<Value>(cached: Cached<Value>): Promise<Value> {
    const value = this.peek<Value>(cached);
    if (value !== undefined) return Promise.resolve(value);
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
      // An instance is told of its own change twice: at its commit, and by NOTIFY.
      if (this.#appliedChanges.has(name)) return;
      this.#appliedChanges.set(name, true);
    }
    this.#generations.set(group, (this.#generations.get(group) ?? 0) + 1);
  }

  async #load<Value>({ key, ttlMs, load }: Cached<Value>, generation: number, outdated: Entry | undefined): Promise<Value> {
    try {
      const value = await load();
      // Stored under the generation in which the loading started. If that generation is over, no
      // read returns the value, and it must not replace a newer one.
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
