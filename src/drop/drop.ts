// Drops sell one product under rules of their own, from one moment on.

import { durationMs } from "../env.ts";

export const DROP_MODES = ["DIRECT", "FIRST_COME", "DRAW"] as const;
export type DropMode = (typeof DROP_MODES)[number];

export const DROP_STATUSES = ["UPCOMING", "OPEN", "PAUSED", "SOLD_OUT", "CLOSED"] as const;
export type DropStatus = (typeof DROP_STATUSES)[number];

export const ENTRY_STATUSES = ["WAITING", "HELD", "ORDERED", "BOUGHT", "LAPSED", "LEFT", "LOST"] as const;
export type EntryStatus = (typeof ENTRY_STATUSES)[number];

/**
 * The terms of a draw, and its result. `seed` is secret until `drawnAt`, and null in the cache before that. `entriesClosedAt` is when the
 * draw's entries were closed, after which no clock can add or remove another. Digests are hex. Instants in ms.
 */
export type Draw = {
  seed: string | null;
  commitment: string;
  publicValueSource: string | null;
  publicValue: string | null;
  entriesClosedAt: number | null;
  entriesRoot: string | null;
  entryCount: number | null;
  drawnAt: number | null;
  /** Units in stock when the draw was made, by variant. */
  stock: Record<string, number> | null;
};

/**
 * Instants in ms. `number` counts the entries. `pausedAt` is set while the drop is paused, `pausedMs` is how long all earlier pauses
 * were together. `closedAt` is set by an operator's close, `releasedAt` once the rest is sold like any other product. `soldOutAt` is
 * when the free stock last ran out, `firstSoldOutAt` when it did so first. `openingTold`, `closingTold`: the events were written. `draw` belongs to the mode DRAW. Only the round that creates the drop sets `made`.
 */
export type Drop = {
  id: string;
  name: string;
  productId: string;
  mode: DropMode;
  opensAt: number;
  closesAt: number | null;
  limitPerCustomer: number | null;
  /** An ISO 8601 duration; null if the drop gives no holds. */
  holdFor: string | null;
  waitlist: boolean;
  metadata: Record<string, string>;
  version: number;
  number: number;
  pausedAt: number | null;
  pausedMs: number;
  closedAt: number | null;
  releasedAt: number | null;
  soldOutAt: number | null;
  firstSoldOutAt: number | null;
  openingTold: boolean | null;
  closingTold: boolean | null;
  draw: Draw | null;
  rehearsalId: string | null;
  made?: { createdAt: number };
};

/**
 * An entry of a drop. `heldUntil` in ms is in the drop's own time, which stands still during a pause (`dropTime`). `endedAt` is when it
 * lapsed, was left or lost. `made` is set only in the round that takes the entry, `changed` only in a round that wrote it.
 */
export type Entry = {
  id: string;
  number: number;
  userId: string;
  variantId: string;
  quantity: number;
  status: EntryStatus;
  heldUntil: number | null;
  rank: number | null;
  orderId: string | null;
  endedAt: number | null;
  made?: { createdAt: number };
  changed?: true;
};

/**
 * A person's share of a drop. `units` are those in orders that count, and in the entry while it waits or is held: never more than
 * `most`. `entry` is the person's last entry; earlier ones never change. `stored` is false only in the round that creates the row.
 */
export type Person = { dropId: string; person: string; units: number; most: number | null; entry: Entry | null; stored: boolean };

/** Whether entries and orders without a hold are over: closed by an operator, or past `closesAt`. */
export function isOver(drop: Drop, now: number): boolean {
  return drop.closedAt !== null || (drop.draw !== null && drop.draw.entriesClosedAt !== null) || (drop.closesAt !== null && now >= drop.closesAt);
}

/**
 * Whether nothing of the drop goes on. Its holds outlast `closesAt`, and after a draw the line goes on until an operator closes.
 */
export function hasEnded(drop: Drop, now: number): boolean {
  if (drop.closedAt !== null || drop.mode === "DIRECT") return isOver(drop, now);
  if (drop.mode === "DRAW" || drop.closesAt === null) return false;
  return drop.pausedAt === null && now >= drop.closesAt + drop.pausedMs + (durationMs(drop.holdFor ?? "") ?? 0);
}

/** The status that the API shows. @param remaining the product's free units */
export function dropStatus(drop: Drop, remaining: number, now: number): DropStatus {
  if (isOver(drop, now)) return "CLOSED";
  if (drop.pausedAt !== null) return "PAUSED";
  if (now < drop.opensAt) return "UPCOMING";
  return remaining === 0 ? "SOLD_OUT" : "OPEN";
}
/** The drop's own time at an instant (ms): it stands still while the drop is paused. */
export function dropTime({ pausedAt, pausedMs }: Pick<Drop, "pausedAt" | "pausedMs">, now: number): number {
  return (pausedAt ?? now) - pausedMs;
}

/** The instant (ms) until which an entry is held, as of now; null if it has no hold. */
export function heldUntil({ pausedMs }: Pick<Drop, "pausedMs">, { heldUntil: until }: Pick<Entry, "heldUntil">): number | null {
  return until === null ? null : until + pausedMs;
}

/** Whether units that become free go to the line now. */
export function passesOn(drop: Drop, now: number): boolean {
  if (drop.pausedAt !== null || drop.closedAt !== null || drop.mode === "DIRECT") return false;
  return drop.mode === "DRAW" ? isDrawn(drop) && drop.waitlist : !isOver(drop, now);
}

/** The `heldUntil` of a hold that begins now, in the drop's own time. */
export function holdFrom(drop: Drop, now: number): number {
  return dropTime(drop, now) + (durationMs(drop.holdFor ?? "") ?? 0);
}

/** Whether a hold has lapsed. Nothing lapses during a pause. */
export function hasLapsed(drop: Drop, { status, heldUntil: until }: Entry, now: number): boolean {
  return status === "HELD" && drop.pausedAt === null && until !== null && until <= dropTime(drop, now);
}

/** The status that the API shows: an entry that waits when the line is over is lost, before the job has written it. */
export function entryStatus(drop: Drop, { status }: Pick<Entry, "status">, now: number): EntryStatus {
  const lineIsOver = drop.closedAt !== null || (drop.mode === "FIRST_COME" ? isOver(drop, now) : isDrawn(drop) && !drop.waitlist);
  return status === "WAITING" && lineIsOver ? "LOST" : status;
}

/** Whether the draw of a drop was made. */
export function isDrawn({ draw }: Pick<Drop, "draw">): boolean {
  return draw !== null && draw.drawnAt !== null;
}

/** The place of an entry in its line. */
export function placeOf({ rank, number }: Pick<Entry, "rank" | "number">): number {
  return rank ?? number;
}
