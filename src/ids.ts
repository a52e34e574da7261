// UUIDs of version 7 (RFC 9562). Their first 48 bits are the time in ms, so new rows go to the end
// of every index that starts with one.

import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;
const RANDOM_BYTES = 8;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
let lastMs = 0;
let time = "";
let counter = 0;

/**
 * Returns a new UUIDv7 whose time is `atMs`. The twelve bits behind the time count up within a ms
 * (RFC 9562, 6.2, method 1), so that up to 4,096 ids per ms sort in the order in which they were
 * created.
 */
export function newId(atMs: number): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  if (atMs !== lastMs) {
    lastMs = atMs;
    counter = 0;
    const hex = Math.trunc(atMs).toString(16).padStart(12, "0");
    time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }
  const count = (counter++ & 0xfff).toString(16).padStart(3, "0");
  const random = pool.toString("hex", used, used + RANDOM_BYTES);
  used += RANDOM_BYTES;
  const variant = VARIANT[Number.parseInt(random[0] ?? "0", 16) & 3];
  return `${time}${count}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}
const VARIANT = ["8", "9", "a", "b"];

/**
 * Returns a new order's id: a UUIDv7 that ends in sixteen zero bits, where `eventId` puts the
 * number of the event. 46 random bits remain besides the millisecond and its counter.
 */
export function newOrderId(atMs: number): string {
  return `${newId(atMs).slice(0, 32)}0000`;
}

/**
 * Returns the id of an order's `seq`-th event (1–65,535): the order's id with the number in its
 * last sixteen bits.
 */
export function eventId(orderId: string, seq: number): string {
  return `${orderId.slice(0, 32)}${seq.toString(16).padStart(4, "0")}`;
}

/** Returns the least id of an instant: ids that were created at it or later are not below. */
export function firstIdAt(atMs: number): string {
  const hex = Math.trunc(atMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Returns the order and the number of an event's id. */
export function parseEventId(id: string): { orderId: string; seq: number } {
  return { orderId: `${id.slice(0, 32)}0000`, seq: Number.parseInt(id.slice(32), 16) };
}

/** Matches a well-formed UUID of any version. */
export const UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
