// The result of one section of the bench.

import type { Row } from "../support/interleave.ts";

/** `min` or `max` is the target; without either the ratio is informational. */
export type Ratio = { name: string; value: number; min?: number; max?: number; unit?: string };

export type Section = { title: string; rows: Row[]; ratios: Ratio[]; notes: string[] };

export function isMet({ value, min, max }: Ratio): boolean | undefined {
  if (min !== undefined) return value >= min;
  return max === undefined ? undefined : value <= max;
}

/** A row's throughput. Errors: no such row. */
export function perSecondOf(rows: Row[], name: string, waiting: number): number {
  return rowOf(rows, name, waiting).median.perSecond;
}

export function rowOf(rows: Row[], name: string, waiting: number): Row {
  const row = rows.find((candidate) => candidate.name === name && candidate.waiting === waiting);
  if (!row) throw new Error(`no row ${name} with ${waiting} waiting`);
  return row;
}
