// The cache of many instances: what one has loaded the others need not load, and in front of it each keeps its own. It holds what
// memory-cache.ts holds, and goes on as that does where Redis is away.
//
// A value is kept under its group's generation, a random word. Whoever hears of a change has the generation replaced before it reads
// again: the first of them does it, the others bring the change's name and find that it was done. A value whose loading began before
// the change was loaded under the old word, and nobody asks for that any more.

import { randomUUID } from "node:crypto";
import { type RedisClient } from "../redis/redis-client.ts";
import type { Cache, Cached } from "./cache.ts";
import { MemoryCache } from "./memory-cache.ts";

/** KEYS: generation, then a note per change. ARGV: a new word, the key's beginning and end. Answers generation, value, and for how long it is good. */
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

type Kept<Value> = { value: Value; until: number };

/** More changes than this are told as one that nobody else has heard of. */
const MOST_CHANGES = 64;

export class RedisCache implements Cache {
  readonly #link: RedisClient;
  readonly #front = new MemoryCache();
  /** Of each group the changes that this instance has heard of and Redis has not confirmed, and the connection on which it last did. */
  readonly #groups = new Map<string, { changes: Set<string>; connection: number }>();
  readonly counts = { shared: 0, loaded: 0, alone: 0 };

  constructor(link: RedisClient) {
    this.#link = link;
  }

  peek<Value>({ key, group }: Pick<Cached<Value>, "key" | "group">): Value | undefined {
    return this.#front.peek<Kept<Value>>({ key, group })?.value;
  }

  async read<Value>(cached: Cached<Value>): Promise<Value> {
    const { value } = await this.#front.read<Kept<Value>>({
      key: cached.key,
      group: cached.group,
      ttlMs: ({ until }) => until - Date.now(),
      load: () => this.#shared(cached),
    });
    return value;
  }

  drop(group: string, change: string = randomUUID()): void {
    this.#front.drop(group, change);
    this.#group(group).changes.add(change);
  }

  #group(group: string): { changes: Set<string>; connection: number } {
    const found = this.#groups.get(group) ?? { changes: new Set<string>(), connection: -1 };
    this.#groups.set(group, found);
    return found;
  }

  async #shared<Value>({ key, group, ttlMs, load }: Cached<Value>): Promise<Kept<Value>> {
    const found = await this.#look<Value>(group, key);
    if (found?.kept) return found.kept;
    const value = await load();
    const ms = ttlMs(value);
    if (found) {
      this.counts.loaded++;
      // Nobody waits for it, and where it fails the next one loads it.
      if (ms >= 1)
        void this.#link
          .ask((redis) => redis.set(this.#place(group, found.generation, key), JSON.stringify(value), "PX", Math.floor(ms)))
          .catch(() => {});
    } else this.counts.alone++;
    return { value, until: Date.now() + ms };
  }

  /** Undefined where Redis is away. */
  async #look<Value>(group: string, key: string): Promise<{ generation: string; kept: Kept<Value> | undefined } | undefined> {
    const state = this.#group(group);
    const { connection } = this.#link;
    // On a new connection nobody knows what did not arrive over the old one, or whether Redis has gone back to an older state.
    if (state.connection !== connection || state.changes.size > MOST_CHANGES) state.changes = new Set([randomUUID()]);
    const { changes } = state;
    const sent = [...changes];
    const keys = [`${this.#link.prefix}:generation:${group}`, ...sent.map((change) => `${this.#link.prefix}:changed:${group}:${change}`)];
    try {
      const [generation, text, leftMs] = await this.#link.ask<[string, string | null, number]>((redis) =>
        redis.eval(READ, keys.length, ...keys, randomUUID(), `${this.#link.prefix}:cached:${group}:`, `:${key}`),
      );
      for (const change of sent) changes.delete(change);
      // What failed or came anew meanwhile stays noted, and goes with the next.
      if (state.changes === changes) state.connection = connection;
      if (text === null || leftMs <= 0) return { generation, kept: undefined };
      this.counts.shared++;
      return { generation, kept: { value: JSON.parse(text) as Value, until: Date.now() + leftMs } };
    } catch {
      return undefined;
    }
  }

  #place(group: string, generation: string, key: string): string {
    return `${this.#link.prefix}:cached:${group}:${generation}:${key}`;
  }
}
