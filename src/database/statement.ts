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
export function plain<Row>(rows: readonly Row[], pick: (row: Row) => string | number | null | undefined): string {
  let literal = "{";
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ",";
    literal += pick(rows[i] as Row) ?? "NULL";
  }
  return `${literal}}`;
}

/** Text of any kind, quoted. */
export function quoted<Row>(rows: readonly Row[], pick: (row: Row) => string | null | undefined): string {
  let literal = "{";
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ",";
    const value = pick(rows[i] as Row);
    literal += value == null ? "NULL" : `"${/["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value}"`;
  }
  return `${literal}}`;
}

/** Instants, given in ms since 1970, as one column. */
export function instants<Row>(rows: readonly Row[], pick: (row: Row) => number | null | undefined): string {
  return plain(rows, (row) => {
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
