// Reads by key that share queries (the DataLoader pattern): requests that arrive during a read
// share the next one.

type Waiter<Row> = { resolve: (row: Row | undefined) => void; reject: (error: unknown) => void };

export class BatchedRead<Row> {
  readonly #read: (keys: string[]) => Promise<Map<string, Row>>;
  readonly #most: number;
  readonly #atOnce: number;
  #next = new Map<string, Waiter<Row>[]>();
  #running = 0;

  /**
   * @param read returns the rows of these keys as committed when it is called; absent rows have no
   * entry
   * @param most keys in one read
   * @param atOnce reads that run at the same time
   */
  constructor(read: (keys: string[]) => Promise<Map<string, Row>>, { most = Number.POSITIVE_INFINITY, atOnce = 1 } = {}) {
    this.#read = read;
    this.#most = most;
    this.#atOnce = atOnce;
  }

  /**
   * Returns the row as committed at the time of this call or later, never earlier: its read starts
   * after this call.
   */
  get(key: string): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const waiters = this.#next.get(key);
      if (waiters) waiters.push({ resolve, reject });
      else this.#next.set(key, [{ resolve, reject }]);
      if (this.#running < this.#atOnce) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    while (this.#next.size > 0) {
      const batch = this.#takeBatch();
      try {
        const rows = await this.#read([...batch.keys()]);
        for (const [key, waiters] of batch) for (const waiter of waiters) waiter.resolve(rows.get(key));
      } catch (error) {
        for (const waiters of batch.values()) for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.#running--;
  }

  /** Takes the keys that have waited longest. */
  #takeBatch(): Map<string, Waiter<Row>[]> {
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
