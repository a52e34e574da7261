// The database's clock. All instances decide by it, because their own clocks may differ by seconds
// or minutes, and an instance that is ahead would open campaigns early.

import type { Database } from "./pool.ts";

export const SELECT_CLOCK = "SELECT clock_timestamp() AS now";

/** Returns the shop's time, in ms since 1970. */
export type Now = () => number;

/** Reads at the start. The fastest one determines how exactly the time is known. */
const FIRST_READS = 3;
const READ_INTERVAL_MS = 10_000;

/**
 * The database's time for everything that is decided or shown outside a round. It is based on this
 * process's monotonic clock (`performance.now()`), so it does not jump when an administrator sets
 * the machine's time. The time of each round corrects it; without rounds it reads the time every
 * ten seconds.
 */
export class DatabaseClock {
  /** The database's time minus the monotonic clock, in ms. */
  #offset = Date.now() - performance.now();
  #observedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  readonly now: Now = () => Math.floor(performance.now() + this.#offset);

  /**
   * Corrects the estimate: the database's time was `at` at some moment between `sentAt` and
   * `receivedAt`. The offset moves only if it contradicts that, so a slow response does not blur a
   * fast one.
   */
  readonly observe = (at: number, sentAt: number, receivedAt: number): void => {
    // `at` is truncated to whole ms. The 0.01 makes up for rounding errors, so that `now` does not
    // fall behind `at`.
    this.#offset = Math.min(Math.max(this.#offset, at - receivedAt + 0.01), at + 1 - sentAt);
    this.#observedAt = receivedAt;
  };

  /** Resolves when the time is known, and keeps it correct until `stop`. Errors: the database's. */
  async start(database: Database): Promise<void> {
    for (let i = 0; i < FIRST_READS; i++) await this.#read(database);
    this.#timer = setInterval(() => {
      if (performance.now() - this.#observedAt < READ_INTERVAL_MS) return;
      // While the database is unavailable the last offset is used.
      this.#reading = this.#read(database).catch(() => {});
    }, READ_INTERVAL_MS / 2).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
  }

  async #read(database: Database): Promise<void> {
    const sentAt = performance.now();
    this.observe(await databaseNow(database), sentAt, performance.now());
  }
}

/** Returns the database's current time, in ms since 1970. Errors: the database's. */
export async function databaseNow(database: Database): Promise<number> {
  const [row] = await database.rows<{ now: number }>({ name: "clock", text: SELECT_CLOCK, values: [] });
  if (row === undefined) throw new Error("the database returned no time");
  return row.now;
}
