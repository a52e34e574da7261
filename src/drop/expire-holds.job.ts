// Holds that lapse by themselves.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { DueWork } from "../jobs/due-work.ts";
import type { Till } from "../till/till.ts";
import { lapseHold } from "./end-entry.ts";
import { type LapsedHold, selectLapsedHolds } from "./entry-list.sql.ts";
import { entryFinder } from "./find-entry.ts";
import { selectLostLines } from "./drop.sql.ts";
import { loseLine } from "./lose-line.ts";
import type { ProductDrops } from "./product-drops.ts";

const BATCH_SIZE = 500;

export type HoldParts = { database: Database; till: Till; productDrops: ProductDrops; now: Now };

/** Ends all holds whose time is over, through the till, and hands their units to the line. Returns how many it ended. */
export async function lapseHolds({ database, till, productDrops, now }: HoldParts): Promise<number> {
  const command = lapseHold(productDrops, entryFinder(database));
  let total = 0;
  for (;;) {
    const due = await database.rows<LapsedHold>(selectLapsedHolds(now(), BATCH_SIZE));
    const results = await Promise.all(due.map((hold) => till.finish(command, hold)));
    const lapsed = results.filter(Boolean).length;
    total += lapsed;
    if (lapsed === 0 || due.length < BATCH_SIZE) return total;
  }
}

/** Ends each hold when its time is over. */
export function lapsingHolds({ database, till, productDrops, now }: HoldParts): DueWork<LapsedHold> {
  const command = lapseHold(productDrops, entryFinder(database));
  return new DueWork({
    now,
    select: (until, limit) => database.rows(selectLapsedHolds(until, limit)),
    keyOf: ({ dropId, number }) => `${dropId}:${number}`,
    perform: (hold) => till.finish(command, hold),
  });
}

/** Marks the waiting entries of a line that is over as lost. */
export async function loseLines({ database, till, now }: HoldParts): Promise<void> {
  for (;;) {
    const over = await database.rows<{ id: string }>(selectLostLines(now()));
    if (over.length === 0) return;
    for (const { id } of over) await till.finish(loseLine, { dropId: id });
  }
}
