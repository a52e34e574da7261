// Lists that are read page by page. A cursor names its list and the place after which the next page
// begins.

import { nextCursor, readCursor } from "./cursor.ts";

type Place = (string | number)[];
type Kinds = Parameters<typeof readCursor>[2];
type PageQuery = { limit?: number | undefined; cursor?: string | undefined };

/** `nextCursor` is null on the last page. */
export type Page<Row> = { rows: Row[]; nextCursor: string | null };

const DEFAULT_LIMIT = 20;

/** A list: its name in cursors, and the kinds of values that make a place in it. */
export class PagedList<P extends Place> {
  readonly #name: string;
  readonly #kinds: Kinds;

  constructor(name: string, kinds: Kinds) {
    this.#name = name;
    this.#kinds = kinds;
  }

  /** A route's `shape`: validates the cursor before authorization. Errors: INVALID_REQUEST. */
  readonly checkCursor = ({ query }: { query: { cursor?: string } }): void => void this.placeAfter(query.cursor);

  /** The place that a cursor points to; null without a cursor. Errors: INVALID_REQUEST. */
  placeAfter(cursor: string | undefined): P | null {
    return readCursor(this.#name, cursor, this.#kinds) as P | null;
  }

  /** Reads one page, plus one row that shows whether a next page exists. */
  async read<Row>(
    { limit = DEFAULT_LIMIT, cursor }: PageQuery,
    select: (after: P | null, limit: number) => Promise<Row[]>,
    placeOf: (row: Row) => P,
  ): Promise<Page<Row>> {
    const rows = await select(this.placeAfter(cursor), limit + 1);
    return { rows: rows.slice(0, limit), nextCursor: nextCursor(rows, limit, this.#name, placeOf) };
  }
}

/** A list in the order of ids, newest first. */
export function newestFirst(name: string): PagedList<[id: string]> {
  return new PagedList(name, ["id"]);
}
