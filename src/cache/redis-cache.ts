// A cache that instances share through Redis, each with a memory cache in front. While Redis is
// unavailable it works like the memory cache alone.
//
// A value is stored under its group's generation, a random id. An instance that is told of a change
// replaces the generation before its next read. The first instance does it; the others bring the
// same change's name and find that it was applied. A value whose loading started before the change
// is stored under the old generation, which is not read any more.

import { randomUUID } from "node:crypto";
import type { RedisClient } from "../redis/redis-client.ts";
import type { Cache, Cached } from "./cache.ts";
import { MemoryCache } from "./memory-cache.ts";

/**
 * KEYS: generation, then one key per change.
 * ARGV: a new generation, the start and the end of the value's key.
 * Returns the generation, the value, and its time to live in ms.
 */
const READ = `
local changed = false
for i = 2, #KEYS do
  if redis.call('SET', KEYS[i], 1, 'NX', 'PX', 600000) then changed = true end
end
local generation = redis.call('GET', KEYS[1])
if changed or not generation then
  generation = ARGV[1]
  redis.call('SET', KEYS[1], generation)
end
local key = ARGV[2] .. generation .. ARGV[3]
local value = redis.call('GET', key)
return {generation, value, value and redis.call('PTTL', key) or 0}`;

type Expiring<Value> = { value: Value; until: number };

/**
 * The changes of a group that Redis has not confirmed, and the connection on which it last
 * confirmed any.
 */
type GroupState = { changes: Set<string>; connection: number };

/** More changes than this are sent as one new change, which drops the group for all instances. */
const MAX_CHANGES = 64;

export class RedisCache implements Cache {
  readonly #redis: RedisClient;
  readonly #front = new MemoryCache();
  readonly #groups = new Map<string, GroupState>();
  /** Reads answered by Redis, loaded and stored there, and loaded while Redis was unavailable. */
  readonly counts = { shared: 0, loaded: 0, fallback: 0 };

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  peek<Value>({ key, group }: Pick<Cached<Value>, "key" | "group">): Value | undefined {
    return this.#front.peek<Expiring<Value>>({ key, group })?.value;
  }

  async read<Value>(cached: Cached<Value>): Promise<Value> {
    const { value } = await this.#front.read<Expiring<Value>>({
      key: cached.key,
      group: cached.group,
      ttlMs: ({ until }) => until - Date.now(),
      load: () => this.#readShared(cached),
    });
    return value;
  }

  drop(group: string, change: string = randomUUID()): void {
    this.#front.drop(group, change);
    const state = this.#stateOf(group);
    state.changes.add(change);
    // An instance may never read this group, as the process of the till, and then never tell Redis.
    if (state.changes.size > MAX_CHANGES) state.changes = new Set([randomUUID()]);
  }

  /** Changes that Redis has not confirmed yet; few for each group, however many there were. */
  get unconfirmed(): number {
    return [...this.#groups.values()].reduce((sum, { changes }) => sum + changes.size, 0);
  }

  #stateOf(group: string): GroupState {
    const state = this.#groups.get(group) ?? { changes: new Set<string>(), connection: -1 };
    this.#groups.set(group, state);
    return state;
  }

  async #readShared<Value>({ key, group, ttlMs, load }: Cached<Value>): Promise<Expiring<Value>> {
    const found = await this.#find<Value>(group, key);
    if (found?.stored) return found.stored;
    const value = await load();
    const ms = ttlMs(value);
    if (found) {
      this.counts.loaded++;
      if (ms >= 1) this.#store(this.#keyOf(group, found.generation, key), value, ms);
    } else this.counts.fallback++;
    return { value, until: Date.now() + ms };
  }

  /** Not awaited: if it fails, the next instance loads the value itself. */
  #store(key: string, value: unknown, ms: number): void {
    this.#redis.run((redis) => redis.set(key, JSON.stringify(value), "PX", Math.floor(ms))).catch(() => {});
  }

  /** Returns undefined if Redis is unavailable. */
  async #find<Value>(group: string, key: string): Promise<{ generation: string; stored: Expiring<Value> | undefined } | undefined> {
    const state = this.#stateOf(group);
    const { connection, prefix } = this.#redis;
    // On a new connection it is unknown which changes the old one delivered, and Redis may have
    // returned to an older state.
    if (state.connection !== connection) state.changes = new Set([randomUUID()]);
    const { changes } = state;
    const sent = [...changes];
    const keys = [`${prefix}:generation:${group}`, ...sent.map((change) => `${prefix}:changed:${group}:${change}`)];
    try {
      const [generation, text, leftMs] = await this.#redis.run<[string, string | null, number]>((redis) =>
        redis.eval(READ, keys.length, ...keys, randomUUID(), `${prefix}:cached:${group}:`, `:${key}`),
      );
      for (const change of sent) changes.delete(change);
      // Changes that came during the command stay in the set and go with the next one.
      if (state.changes === changes) state.connection = connection;
      if (text === null || leftMs <= 0) return { generation, stored: undefined };
      this.counts.shared++;
      return { generation, stored: { value: JSON.parse(text) as Value, until: Date.now() + leftMs } };
    } catch {
      return undefined;
    }
  }

  #keyOf(group: string, generation: string, key: string): string {
    return `${this.#redis.prefix}:cached:${group}:${generation}:${key}`;
  }
}
