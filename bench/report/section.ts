// What a part of the bench has to say.

import type { Row } from "../support/interleave.ts";

/** `least` or `most` is the target; without either the ratio is only told. */
export type Ratio = { name: string; value: number; least?: number; most?: number; unit?: string };

export type Section = { title: string; rows: Row[]; ratios: Ratio[]; notes: string[] };

export function isMet({ value, least, most }: Ratio): boolean | undefined {
  if (least !== undefined) return value >= least;
  return most === undefined ? undefined : value <= most;
}

/** Finds a row's throughput. Errors: there is no such row. */
export function perSecondOf(rows: Row[], name: string, waiting: number): number {
  return rowOf(rows, name, waiting).median.perSecond;
}

export function rowOf(rows: Row[], name: string, waiting: number): Row {
  const row = rows.find((one) => one.name === name && one.waiting === waiting);
  if (!row) throw new Error(`there is no row ${name} with ${waiting} waiting`);
  return row;
}
