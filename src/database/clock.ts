// The database's clock, which every instance decides by, as this process knows it between two looks at it. Processes' own clocks
// differ by seconds or minutes; one that is ahead would open campaigns early.

import type { Database } from "./pool.ts";

export const SELECT_CLOCK = "SELECT clock_timestamp() AS now";

/** Where the time of a shop comes from, in ms since 1970. */
export type Now = () => number;

/** Looks in a row at the start: the quickest decides how exactly the time is known. */
const LOOKS = 3;
const LOOK_AGAIN_MS = 10_000;

/**
 * The time for everything that is decided or shown outside a round. It rests on this process's steady clock (`performance.now()`), so
 * nothing jumps when an administrator sets the machine's time, and is corrected by each instant that comes with a round. A shop
 * without rounds looks every ten seconds.
 */
export class DatabaseClock {
  /** How far the database's time is ahead of the steady clock, in ms. */
  #offset = Date.now() - performance.now();
  #heardAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  readonly now: Now = () => Math.floor(performance.now() + this.#offset);

  /**
   * The database's time was `at` at some moment between `sentAt` and `heardAt`. The estimate is moved only if that contradicts it, so
   * an answer that took long does not blur what a quick one has shown.
   */
  readonly heard = (at: number, sentAt: number, heardAt: number): void => {
    // `at` is cut to whole milliseconds; and sums of such size are exact to a thousandth of one, which must not make `now` fall behind `at`.
    this.#offset = Math.min(Math.max(this.#offset, at - heardAt + 0.01), at + 1 - sentAt);
    this.#heardAt = heardAt;
  };

  /** Knows the time when this resolves, and keeps looking until `stop`. Errors: the database's. */
  async start(database: Database): Promise<void> {
    for (let i = 0; i < LOOKS; i++) await this.#look(database);
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt < LOOK_AGAIN_MS) return;
      // A database that is away says so elsewhere; until it is back the last offset holds.
      this.#looking = this.#look(database).catch(() => {});
    }, LOOK_AGAIN_MS / 2).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(database: Database): Promise<void> {
    const sentAt = performance.now();
    this.heard(await databaseNow(database), sentAt, performance.now());
  }
}

/** The database's time at this moment, in ms since 1970. Errors: the database's. */
export async function databaseNow(database: Database): Promise<number> {
  const [row] = await database.rows<{ now: number }>({ name: "clock", text: SELECT_CLOCK, values: [] });
  if (row === undefined) throw new Error("the database has no clock");
  return row.now;
}
