// Port: a cache for responses that many callers share: in the process (memory-cache.ts), or with
// REDIS_URL between instances (redis-cache.ts). Instances announce changes by NOTIFY in the
// transaction that makes them.

export type Cached<Value> = {
  key: string;
  /** A change drops all keys of a group at once. */
  group: string;
  /** How long this value may be kept, in ms. */
  ttlMs: (value: Value) => number;
  load: () => Promise<Value>;
};

export interface Cache {
  /**
   * Returns the cached value or loads it, once for all concurrent callers. A value whose loading
   * started before a drop is never cached, and never returned to a caller that came after the drop.
   * If loading fails, an outdated value is returned instead.
   */
  read<Value>(cached: Cached<Value>): Promise<Value>;
  /** Returns the value that `read` would return without loading, or undefined. */
  peek<Value>({ key, group }: Pick<Cached<Value>, "key" | "group">): Value | undefined;
  /**
   * Drops a group: later reads see everything that was committed before this call.
   * @param change the same name on every instance that is told of one change; unique by default
   */
  drop(group: string, change?: string): void;
}
