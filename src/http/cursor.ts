// Where a list goes on. A cursor is opaque to clients: the list's name and the place after which the next page begins.

import { invalid } from "../refusal.ts";
import { FIRST_INSTANT, LAST_INSTANT } from "./instant.ts";

/** @param list tells lists, and orders of one list, apart: a cursor of one is refused by another */
export function writeCursor(list: string, place: (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString("base64url");
}

/**
 * The place that `writeCursor` wrote, or null where there is no cursor.
 * Errors: INVALID_REQUEST for a cursor that is not this list's. `kinds` tells what its parts must be.
 */
export function readCursor(list: string, cursor: string | undefined, kinds: readonly Kind[]): (string | number)[] | null {
  if (cursor === undefined) return null;
  try {
    const [name, ...place] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown[];
    if (name === list && place.length === kinds.length && place.every((part, i) => FITS[kinds[i] as Kind](part))) return place as (string | number)[];
  } catch {
    // Not even JSON: refused below, like any other that is not ours.
  }
  invalid("/cursor", "invalid cursor for this list");
}

/**
 * `count` is what PostgreSQL keeps as an integer, `number` what it keeps as a bigint, `instant` ms that it takes as a timestamp,
 * `text` a name: 300 code points are at most 600 UTF-16 units.
 */
type Kind = keyof typeof FITS;
const FITS = {
  id: (part: unknown) => typeof part === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
  count: (part: unknown) => Number.isInteger(part) && (part as number) >= 0 && (part as number) < 2 ** 31,
  number: (part: unknown) => Number.isSafeInteger(part),
  instant: (part: unknown) => Number.isInteger(part) && (part as number) >= FIRST_INSTANT && (part as number) <= LAST_INSTANT,
  text: (part: unknown) => typeof part === "string" && part.length <= 600 && !part.includes("\0"),
};

/** A list's `shape`: a cursor that is not its own is nonsense, whoever sends it. */
export function ownCursor(list: string, kinds: readonly Kind[]): (call: { query: { cursor?: string } }) => void {
  return ({ query }) => void readCursor(list, query.cursor, kinds);
}

/** One row more than the page was read: whether it is there tells whether a next page is. */
export function nextCursor<Row>(rows: Row[], limit: number, list: string, place: (row: Row) => (string | number)[]): string | null {
  const last = rows[limit - 1];
  return rows.length > limit && last !== undefined ? writeCursor(list, place(last)) : null;
}
