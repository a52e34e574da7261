// Work on rows that become due one by one. Each begins when it is due by the database's clock, and waits for no other.

import type { Now } from "../database/clock.ts";

/** A row and the instant (ms) at which its work is due. */
export type Due<Row> = Row & { dueAt: number };

export type DueWorkOptions<Row> = {
  now: Now;
  /** Rows that are due at or before an instant (ms), the longest due first. */
  select: (until: number, limit: number) => Promise<Due<Row>[]>;
  keyOf: (row: Row) => string;
  /** Does the work of one row. It may find that another instance has done it. */
  perform: (row: Row) => Promise<unknown>;
};

/** The longest time between two looks in ms: another instance, or a change by an operator, may have made a row due earlier. */
export const LOOK_MS = 250;
const BATCH_SIZE = 500;
const IN_FLIGHT_MAX = 2000;
/** The clock's estimate may be this far ahead of the database, which would find that a row is not due yet. */
const CLOCK_ERROR_MS = 2;

export class DueWork<Row> {
  readonly #options: DueWorkOptions<Row>;
  /** Work that was begun. Its rows are still selected, but begun once. */
  readonly #inFlight = new Map<string, Promise<unknown>>();
  #error: { reason: unknown } | undefined;

  constructor(options: DueWorkOptions<Row>) {
    this.#options = options;
  }

  /**
   * Begins the work of all rows that are due, without waiting for its end. Returns after how many ms to look again.
   * Errors: those of `select`, and one of work that has failed since the last look.
   */
  async look(): Promise<number> {
    const { now, select } = this.#options;
    if (this.#inFlight.size >= IN_FLIGHT_MAX) await Promise.race(this.#inFlight.values());
    const limit = BATCH_SIZE + this.#inFlight.size;
    const rows = await select(now() + LOOK_MS, limit);
    let nextMs = LOOK_MS;
    let begun = 0;
    for (const row of rows) {
      const untilDue = row.dueAt - now();
      if (untilDue > 0) nextMs = Math.min(nextMs, untilDue + CLOCK_ERROR_MS);
      else if (this.#begin(row)) begun++;
    }
    this.#throwFailure();
    // More rows are due than were read.
    return rows.length === limit && begun > 0 ? 0 : nextMs;
  }

  /** Resolves when all work that was begun has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight.values());
  }

  /** Returns false for work that is in flight. */
  #begin(row: Row): boolean {
    const key = this.#options.keyOf(row);
    if (this.#inFlight.has(key)) return false;
    const work = this.#options
      .perform(row)
      .catch((reason: unknown) => (this.#error = { reason }))
      .finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, work);
    return true;
  }

  #throwFailure(): void {
    const failed = this.#error;
    this.#error = undefined;
    if (failed) throw failed.reason;
  }
}
