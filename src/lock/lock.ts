// Port: admits instances one at a time to contended keys, before a round touches their rows.
// Otherwise many sessions would wait for the same row lock. The row lock remains the authority: an
// admission lock that is lost or held twice costs time, never correctness.

import type { Statement } from "../database/statement.ts";

/** Another transaction or instance held a lock longer than the wait allowed. */
export class LockTimeout extends Error {}

export type Admission = {
  /** The first statement of the round's transaction. */
  statement: Statement;
  /**
   * Ends the admission with its round.
   * @param broken locking failed, so this holder is not trusted again
   */
  leave(broken?: boolean): void;
};

export interface FirstComeLock {
  /** Admits the caller to all of these keys. Errors: LockTimeout after `waitMs`. */
  admit(keys: string[], waitMs: number): Promise<Admission>;
}
