// Drops sell one product under rules of their own, from one moment on.

import { durationMs } from "../env.ts";

export const DROP_MODES = ["DIRECT", "FIRST_COME", "DRAW"] as const;
export type DropMode = (typeof DROP_MODES)[number];

export const DROP_STATUSES = ["UPCOMING", "OPEN", "PAUSED", "SOLD_OUT", "CLOSED"] as const;
export type DropStatus = (typeof DROP_STATUSES)[number];

export const ENTRY_STATUSES = ["WAITING", "HELD", "ORDERED", "BOUGHT", "LAPSED", "LEFT", "LOST"] as const;
export type EntryStatus = (typeof ENTRY_STATUSES)[number];

/** The terms of a draw, and its result. `seed` is secret until `drawnAt`. Digests are hex. Instants in ms. */
export type Draw = {
  seed: string;
  commitment: string;
  publicValueSource: string | null;
  publicValue: string | null;
  entriesRoot: string | null;
  entryCount: number | null;
  drawnAt: number | null;
  /** Units in stock when the draw was made, by variant. */
  stock: Record<string, number> | null;
};

/**
 * Instants in ms. `number` counts the entries. `pausedAt` is set while the drop is paused, `pausedMs` is how long all earlier pauses
 * were together. `closedAt` is set by an operator's close, `releasedAt` once the rest is sold like any other product. `soldOutAt` is
 * when the free stock last ran out. `draw` belongs to the mode DRAW. Only the round that creates the drop sets `made`.
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
  draw: Draw | null;
  rehearsalId: string | null;
  made?: { createdAt: number };
};

/**
 * An entry of a drop. Its place in the line is its `rank`, before a draw its `number`. `person` is who the limit counts for. `heldUntil` in ms is in the
 * drop's own time, which stands still during a pause: see `heldUntil`. Only the round that takes the entry sets `made`.
 */
export type Entry = {
  id: string;
  dropId: string;
  number: number;
  userId: string;
  person: string;
  variantId: string;
  quantity: number;
  status: EntryStatus;
  heldUntil: number | null;
  rank: number | null;
  orderId: string | null;
  made?: { createdAt: number };
};

/** Whether entries and orders without a hold are over: closed by an operator, or past `closesAt`. */
export function isOver(drop: Drop, now: number): boolean {
  return drop.closedAt !== null || (drop.closesAt !== null && now >= drop.closesAt);
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
