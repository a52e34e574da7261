// Port: answers that many ask for and that may be shared: within a process (memory-cache.ts), and with REDIS_URL between instances
// (redis-cache.ts). In both cases instances tell each other what has changed by NOTIFY, in the transaction that changes it.

export type Cached<Value> = {
  key: string;
  /** What a change drops: every key of the group at once. */
  group: string;
  /** How long this value may be kept, in ms. */
  ttlMs: (value: Value) => number;
  load: () => Promise<Value>;
};

export interface Cache {
  /**
   * The kept value, or a fresh one: however many ask, one loads. A value whose loading began before a drop is never kept nor
   * handed to anyone who asked after it. Where loading fails, an outdated value is better than none.
   */
  read<Value>(cached: Cached<Value>): Promise<Value>;
  /** What `read` would answer without loading, undefined where it would have to. */
  peek<Value>({ key, group }: Pick<Cached<Value>, "key" | "group">): Value | undefined;
  /**
   * Lets go of a group: whoever asks from now on sees what was committed before this call.
   * @param change the same at every instance that hears of one change; a name of its own, unless given
   */
  drop(group: string, change?: string): void;
}
