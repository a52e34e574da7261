/** A rule that must hold; its rows are violations. */
export type Check = {
  /** The number of the invariant, as in the name of the check's file. */
  readonly invariant: number;
  readonly what: string;
} & (Query | ScanCheck);

/** A check with its own query. */
type Query = {
  /** Rows are violations: ids, `expected`, `actual`. With `usesTimezone`, $1 is the time zone. */
  readonly sql: string;
  readonly usesTimezone?: true;
  /** Joins big tables in key order, as the shared scans do. */
  readonly inKeyOrder?: true;
};

/**
 * A check that runs inside a shared table scan. One pass evaluates all checks of the scan; a second
 * query fetches details only for checks that found a violation.
 */
type ScanCheck = {
  /** The text after FROM; see shared-scans.ts. */
  readonly scan: string;
  /** The condition of a violation. */
  readonly where: string;
  /** The columns of a violation: ids, `expected`, `actual`. */
  readonly select: string;
};
