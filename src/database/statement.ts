// A statement is text with a name (it is prepared once per connection) and its values. Set-based statements take
// one array per column; the builders here write PostgreSQL's array literals by hand, because they are the
// hottest loop of the driver's side: a round of 500 orders sends some 20,000 values.

export type Statement = {
  name: string;
  text: string;
  values: unknown[];
  /** How many rows it must touch; anything else means that the lock did not hold what was decided on, and the round is rejected. */
  rows?: number;
};

/** Values that need no quotes inside an array literal: ids, numbers, instants, the shop's own upper-case words. */
export function arrayOf<Row>(rows: readonly Row[], pick: (row: Row) => string | number | null | undefined): string {
  let literal = "{";
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ",";
    literal += pick(rows[i] as Row) ?? "NULL";
  }
  return `${literal}}`;
}

/**
 * An UPDATE of the rows whose ids stand in $1 by the values at their places in the other arrays; ids must come in order (`inOrder`), the
 * columns' types must be of fixed width. It can only be planned as look-ups by key, where a join of the table with the arrays may become
 * a scan of it. A row whose place is not found is not touched, and then `rows` tells.
 */
export function updateInPlace(table: string, columns: Record<string, string>): string {
  const place = "[width_bucket(id, $1::uuid[])]";
  const sets = Object.entries(columns).map(([column, type], i) => `${column} = ($${i + 2}::${type}[])${place}`);
  return `UPDATE ${table} SET ${sets.join(", ")} WHERE id = ANY($1::uuid[]) AND ($1::uuid[])${place} = id`;
}

/** Ids as PostgreSQL orders them: written in lower case, as letters. */
export function inOrder<Row extends { key: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** Text of any kind, quoted. */
export function textArray<Row>(rows: readonly Row[], pick: (row: Row) => string | null | undefined): string {
  let literal = "{";
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ",";
    const value = pick(rows[i] as Row);
    literal += value == null ? "NULL" : `"${/["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value}"`;
  }
  return `${literal}}`;
}

/** No id comes behind it: where a list that begins with the newest begins. */
export const LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** What LIKE and ILIKE take for anything that holds this text, whatever signs of theirs stand in it. */
function likePattern(text: string): string {
  return `%${text.replace(/[%_\\]/g, "\\$&")}%`;
}

/** A search's words, each as `containing` takes it, as one array of text; null where nothing is searched for. */
export function containingEach(search: string): string | null {
  const words = [...new Set(search.split(/\s+/).filter((word) => word !== ""))];
  return words.length === 0 ? null : textArray(words, likePattern);
}

/** Instants, given in ms since 1970, as one column. */
export function timestampArray<Row>(rows: readonly Row[], pick: (row: Row) => number | null | undefined): string {
  return arrayOf(rows, (row) => {
    const at = pick(row);
    return at == null ? null : iso(at);
  });
}

let lastMs = Number.NaN;
let lastIso = "";

/** RFC 3339 in UTC, from ms since 1970. The last one is remembered: a whole round shares its instant. */
export function iso(atMs: number): string {
  if (atMs !== lastMs) {
    lastIso = new Date(atMs).toISOString();
    lastMs = atMs;
  }
  return lastIso;
}

/** The same for a thing that may not have happened. */
export function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : iso(atMs);
}
