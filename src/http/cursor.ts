// Cursors of lists. A cursor is opaque to clients: it holds the list's name and the position after which the next page begins.

import { invalid } from "../refusal.ts";
import { FIRST_INSTANT, LAST_INSTANT } from "./instant.ts";

/** @param list tells lists, and orders of one list, apart: a list refuses another list's cursor */
export function writeCursor(list: string, position: (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...position])).toString("base64url");
}

/**
 * The position that `writeCursor` wrote, or null without a cursor. `kinds` are the kinds of its parts.
 * Errors: INVALID_REQUEST for a cursor of another list, or an invalid one.
 */
export function readCursor(list: string, cursor: string | undefined, kinds: readonly Kind[]): (string | number)[] | null {
  if (cursor === undefined) return null;
  try {
    const [name, ...position] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown[];
    const isValid = name === list && position.length === kinds.length && position.every((part, i) => CHECKS[kinds[i] as Kind](part));
    if (isValid) return position as (string | number)[];
  } catch {
    // Text that is not JSON is refused below.
  }
  invalid("/cursor", "invalid cursor for this list");
}

/**
 * `count` fits PostgreSQL's integer, `number` its bigint, and `instant` (ms) its timestamp.
 * `text` is a name: 300 code points are at most 600 UTF-16 units.
 */
type Kind = keyof typeof CHECKS;
const CHECKS = {
  id: (part: unknown) => typeof part === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
  count: (part: unknown) => Number.isInteger(part) && (part as number) >= 0 && (part as number) < 2 ** 31,
  number: (part: unknown) => Number.isSafeInteger(part),
  instant: (part: unknown) => Number.isInteger(part) && (part as number) >= FIRST_INSTANT && (part as number) <= LAST_INSTANT,
  text: (part: unknown) => typeof part === "string" && part.length <= 600 && !part.includes("\0"),
};

/** A route's `shape` that checks the cursor, so that an invalid one is refused before authority is checked. */
export function ownCursor(list: string, kinds: readonly Kind[]): (call: { query: { cursor?: string } }) => void {
  return ({ query }) => void readCursor(list, query.cursor, kinds);
}

/** The next page's cursor, or null at the end. `rows` holds one row more than the page if a next page exists. */
export function nextCursor<Row>(rows: Row[], limit: number, list: string, positionOf: (row: Row) => (string | number)[]): string | null {
  const last = rows[limit - 1];
  return rows.length > limit && last !== undefined ? writeCursor(list, positionOf(last)) : null;
}
