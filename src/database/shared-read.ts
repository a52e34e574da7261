// Committed reads that do not cost a query per reader: requests that arrive while a read is under way share the next one.

type Waiter<Row> = { resolve: (row: Row | undefined) => void; reject: (error: unknown) => void };

export class SharedRead<Row> {
  readonly #read: (keys: string[]) => Promise<Map<string, Row>>;
  #next = new Map<string, Waiter<Row>[]>();
  #reading = false;

  /** @param read answers the rows of these keys, as committed when it is called; absent ones have no entry */
  constructor(read: (keys: string[]) => Promise<Map<string, Row>>) {
    this.#read = read;
  }

  /** The row as committed at this moment or later, never earlier: the read that answers starts after this call. */
  get(key: string): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const waiters = this.#next.get(key);
      if (waiters) waiters.push({ resolve, reject });
      else this.#next.set(key, [{ resolve, reject }]);
      if (!this.#reading) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#reading = true;
    while (this.#next.size > 0) {
      const batch = this.#next;
      this.#next = new Map();
      try {
        const rows = await this.#read([...batch.keys()]);
        for (const [key, waiters] of batch) for (const waiter of waiters) waiter.resolve(rows.get(key));
      } catch (error) {
        for (const waiters of batch.values()) for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.#reading = false;
  }
}
