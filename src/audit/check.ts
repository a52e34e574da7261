/** One thing that must never be found. */
export type Check = {
  /** Which invariant it breaks, by the number of the file that it stands in. */
  readonly invariant: number;
  readonly what: string;
} & (Query | Sweeping);

/** A query of its own. */
type Query = {
  /** One row per violation: ids, `expected`, `actual`. $1 is the shop's time zone, where it is used. */
  readonly sql: string;
  readonly usesTimezone?: true;
  /** Its big tables meet in the order of their keys, as those of a sweep. */
  readonly inKeyOrder?: true;
};

/** Rows of a sweep that others look at too: all of a sweep's checks are asked in one pass, and only who has found something is asked for what. */
type Sweeping = {
  /** What follows FROM; see sweeps.ts. */
  readonly sweep: string;
  /** Which of its rows are violations. */
  readonly where: string;
  /** What to tell of such a row: ids, `expected`, `actual`. */
  readonly select: string;
};
