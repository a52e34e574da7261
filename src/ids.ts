// UUIDs, version 7 (RFC 9562): the first 48 bits are the time in ms, so that new rows land at the end of
// every index that starts with one.

import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;
const RANDOM_BYTES = 8;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
let lastMs = 0;
let time = "";
let counter = 0;

/**
 * A new UUIDv7 whose time is `atMs`. The twelve bits behind the time count up within a ms (RFC 9562, 6.2, method 1),
 * so that what one round makes sorts in the order in which it was made, up to 4,096 a ms.
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
 * A new order's id: a UUIDv7 that ends in sixteen zero bits, the place where `eventId` puts the number of the event.
 * 46 random bits remain beside the millisecond and its count.
 */
export function newOrderId(atMs: number): string {
  return `${newId(atMs).slice(0, 32)}0000`;
}

/** The id of an order's `seq`-th event (1–65,535): the order's own, with the number in its last sixteen bits. */
export function eventId(orderId: string, seq: number): string {
  return `${orderId.slice(0, 32)}${seq.toString(16).padStart(4, "0")}`;
}

/** The order and number that an event's id was made of. */
export function parseEventId(id: string): { orderId: string; seq: number } {
  return { orderId: `${id.slice(0, 32)}0000`, seq: Number.parseInt(id.slice(32), 16) };
}

/** Any well-formed UUID, of whatever version. */
export const UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
