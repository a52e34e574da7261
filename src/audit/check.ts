/** One thing that must never be found. */
export type Check = {
  /** Which of the contract's invariants it breaks. */
  readonly invariant: number;
  readonly what: string;
  /** One row per violation: ids, `expected`, `actual`. $1 is the shop's time zone, where it is used. */
  readonly sql: string;
  readonly usesTimezone?: true;
};
