// SQL statements. Set-based statements take one array per column. The array literals are written by
// hand, because they are the hottest loop of the driver's side: a round of 500 orders sends some
// 20,000 values.

import { uuidArray } from "./binary-arrays.ts";

/** A statement, prepared once per connection under its name. */
export type Statement = {
  name: string;
  text: string;
  /** A Buffer is a value in PostgreSQL's binary format. */
  values: unknown[];
  /**
   * The number of rows that it must touch. Any other number means that a lock did not hold, and the
   * round is rejected.
   */
  rows?: number;
};

/**
 * The types of columns in set-based statements, and the values that their rows have. `timestamptz`
 * is ms since 1970.
 */
type ColumnValues = {
  uuid: string;
  text: string;
  date: string;
  smallint: number;
  int: number;
  bigint: number;
  timestamptz: number;
  jsonb: unknown;
  boolean: boolean;
};
type ColumnTypes = Record<string, keyof ColumnValues>;
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : Name;

/** A row for these columns: `user_id` is its property `userId`. */
export type ColumnRow<Types extends ColumnTypes> = {
  readonly [Name in keyof Types & string as CamelCase<Name>]: ColumnValues[Types[Name]] | null | undefined;
};

export type Columns<Types extends ColumnTypes> = {
  /** `id, user_id` */
  names: string;
  /** `unnest($1::uuid[], $2::uuid[])` */
  unnest: string;
  /** One array per column, in order: the parameters of `unnest`. */
  arrays(rows: readonly ColumnRow<Types>[]): (string | Buffer)[];
};

/**
 * Declares the columns of a set-based statement once: their names, their types and the properties
 * of the rows.
 * @param firstParameter the number of the first array's parameter
 */
export function columns<const Types extends ColumnTypes>(types: Types, firstParameter = 1): Columns<Types> {
  const entries = Object.entries(types);
  const encoders = entries.map(([name, type]) => encoderOf(camelCase(name), type));
  return {
    names: entries.map(([name]) => name).join(", "),
    unnest: `unnest(${entries.map(([, type], i) => `$${firstParameter + i}::${type}[]`).join(", ")})`,
    arrays: (rows) => encoders.map((encode) => encode(rows as readonly Record<string, unknown>[])),
  };
}

type Encoder = (rows: readonly Record<string, unknown>[]) => string | Buffer;

function encoderOf(property: string, type: keyof ColumnValues): Encoder {
  if (type === "uuid") return (rows) => uuidArray(rows, (row) => row[property] as string | null | undefined);
  if (type === "timestamptz") return (rows) => timestampArray(rows, (row) => row[property] as number | null | undefined);
  if (type === "text") return (rows) => textArray(rows, (row) => row[property] as string | null | undefined);
  if (type === "jsonb") return (rows) => textArray(rows, (row) => (row[property] == null ? null : JSON.stringify(row[property])));
  return (rows) => arrayOf(rows, (row) => row[property] as string | number | boolean | null | undefined);
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * An array literal of values that need no quotes: numbers, timestamps, the shop's own upper-case
 * words. Ids of frequent statements are sent by `uuidArray`.
 */
export function arrayOf<Row>(rows: readonly Row[], pick: (row: Row) => string | number | boolean | null | undefined): string {
  let literal = "{";
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ",";
    literal += pick(rows[i] as Row) ?? "NULL";
  }
  return `${literal}}`;
}

/** An array literal of any text, quoted. */
export function textArray<Row>(rows: readonly Row[], pick: (row: Row) => string | null | undefined): string {
  let literal = "{";
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ",";
    const value = pick(rows[i] as Row);
    literal += value == null ? "NULL" : quoted(value);
  }
  return `${literal}}`;
}

/**
 * A text between quotes. Where JSON escapes quotes and backslashes only, its string is the same, and made several times as fast: stored
 * responses have dozens of quotes.
 */
function quoted(text: string): string {
  if (!/["\\]/.test(text)) return `"${text}"`;
  return /[\p{Cc}\p{Cs}]/u.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : JSON.stringify(text);
}

/** An array literal of timestamps, given in ms since 1970. */
export function timestampArray<Row>(rows: readonly Row[], pick: (row: Row) => number | null | undefined): string {
  return arrayOf(rows, (row) => {
    const at = pick(row);
    return at == null ? null : iso(at);
  });
}

/**
 * Returns an UPDATE of the rows whose ids are in $1, by the values at their places in the other
 * arrays. The ids have to be sorted (`inOrder`), and the columns' types of fixed width. Its only
 * possible plan is a lookup by key, while a join with the arrays may become a scan of the table. A
 * row that is not found is not touched; then the statement's `rows` does not match.
 */
export function updateInPlace(table: string, types: Record<string, string>): string {
  const place = "[width_bucket(id, $1::uuid[])]";
  const sets = Object.entries(types).map(([column, type], i) => `${column} = ($${i + 2}::${type}[])${place}`);
  return `UPDATE ${table} SET ${sets.join(", ")} WHERE id = ANY($1::uuid[]) AND ($1::uuid[])${place} = id`;
}

/**
 * Sorts rows by id as PostgreSQL does: ids are written in lower case, so text order is the same.
 */
export function inOrder<Row extends { key: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/**
 * The highest possible id: the cursor of the first page of a list that is ordered from newest to
 * oldest.
 */
export const LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/**
 * Returns the words of a search as an array of ILIKE patterns, each for texts that contain the
 * word. Null if there are no words.
 */
export function containingEach(search: string): string | null {
  const words = [...new Set(search.split(/\s+/).filter((word) => word !== ""))];
  return words.length === 0 ? null : textArray(words, likePattern);
}

/** An ILIKE pattern for texts that contain this one. */
export function likePattern(text: string): string {
  return `%${text.replace(/[%_\\]/g, "\\$&")}%`;
}

let lastMs = Number.NaN;
let lastIso = "";

/**
 * Formats ms since 1970 as RFC 3339 in UTC. Remembers the last result, because a whole round shares
 * its instant.
 */
export function iso(atMs: number): string {
  if (atMs !== lastMs) {
    lastIso = new Date(atMs).toISOString();
    lastMs = atMs;
  }
  return lastIso;
}

/** `iso`, or null for null. */
export function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : iso(atMs);
}
