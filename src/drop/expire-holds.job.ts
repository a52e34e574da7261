// Holds that lapse by themselves.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Till } from "../till/till.ts";
import { lapseHold } from "./end-entry.ts";
import { selectLapsedHolds } from "./entry-list.sql.ts";
import { entryFinder } from "./find-entry.ts";
import { selectLostLines } from "./drop.sql.ts";
import { loseLine } from "./lose-line.ts";
import type { ProductDrops } from "./product-drops.ts";

const BATCH_SIZE = 500;
/** How long after the end of a hold its units pass on, at most, while the database answers. */
const INTERVAL_MS = 250;

export type HoldParts = { database: Database; till: Till; productDrops: ProductDrops; now: Now };

/** Ends all holds whose time is over, through the till, and hands their units to the line. Returns how many it ended. */
export async function lapseHolds({ database, till, productDrops, now }: HoldParts): Promise<number> {
  const command = lapseHold(productDrops, entryFinder(database));
  let total = 0;
  for (;;) {
    const due = await database.rows<{ dropId: string; person: string; number: number }>(selectLapsedHolds(now(), BATCH_SIZE));
    const results = await Promise.all(due.map((hold) => till.finish(command, hold)));
    const lapsed = results.filter(Boolean).length;
    total += lapsed;
    if (lapsed === 0 || due.length < BATCH_SIZE) return total;
  }
}

/** Marks the waiting entries of a line that is over as lost. */
export async function loseLines({ database, till, now }: HoldParts): Promise<void> {
  for (;;) {
    const over = await database.rows<{ id: string }>(selectLostLines(now()));
    if (over.length === 0) return;
    for (const { id } of over) await till.finish(loseLine, { dropId: id });
  }
}

/** Ends lapsed holds four times a second, in every instance. */
export class HoldWatch {
  readonly #work: () => Promise<unknown>;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #failed = false;

  /** @param onError called with the first error of a series */
  constructor(work: () => Promise<unknown>, onError: (error: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#run(), INTERVAL_MS).unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  async #run(): Promise<void> {
    const timer = this.#timer;
    this.#running = this.#work().then(
      () => (this.#failed = false),
      (error: unknown) => {
        if (!this.#failed) this.#onError(error);
        this.#failed = true;
      },
    );
    await this.#running;
    if (this.#timer === timer) this.start();
  }
}
