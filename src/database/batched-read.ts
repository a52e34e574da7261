// Committed reads that do not cost a query per reader: requests that arrive while a read is under way share the next one.

type Waiter<Row> = { resolve: (row: Row | undefined) => void; reject: (error: unknown) => void };

export class BatchedRead<Row> {
  readonly #read: (keys: string[]) => Promise<Map<string, Row>>;
  readonly #most: number;
  readonly #atOnce: number;
  #next = new Map<string, Waiter<Row>[]>();
  #underWay = 0;

  /**
   * @param read answers the rows of these keys, as committed when it is called; absent ones have no entry
   * @param most keys in one read @param atOnce reads under way at the same time
   */
  constructor(read: (keys: string[]) => Promise<Map<string, Row>>, { most = Number.POSITIVE_INFINITY, atOnce = 1 } = {}) {
    this.#read = read;
    this.#most = most;
    this.#atOnce = atOnce;
  }

  /** The row as committed at this moment or later, never earlier: the read that answers starts after this call. */
  get(key: string): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const waiters = this.#next.get(key);
      if (waiters) waiters.push({ resolve, reject });
      else this.#next.set(key, [{ resolve, reject }]);
      if (this.#underWay < this.#atOnce) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#underWay++;
    while (this.#next.size > 0) {
      const batch = this.#take();
      try {
        const rows = await this.#read([...batch.keys()]);
        for (const [key, waiters] of batch) for (const waiter of waiters) waiter.resolve(rows.get(key));
      } catch (error) {
        for (const waiters of batch.values()) for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.#underWay--;
  }

  /** Those who have waited longest. */
  #take(): Map<string, Waiter<Row>[]> {
    const waiting = this.#next;
    if (waiting.size <= this.#most) {
      this.#next = new Map();
      return waiting;
    }
    const batch = new Map([...waiting].slice(0, this.#most));
    for (const key of batch.keys()) waiting.delete(key);
    return batch;
  }
}
