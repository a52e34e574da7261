// Port: admits one instance at a time to keys that whole crowds meet at, before its round touches their rows. It spares the contended
// row the crowd of waiting sessions; the row lock behind it stays the last word, so a lock that is lost or held twice costs time only.

import type { Statement } from "../database/statement.ts";

export type Admission = {
  /** Stands first in the round's transaction. */
  statement: Statement;
  /** The round is over. @param broken its first flight failed: who it was admitted as is not trusted again */
  leave(broken?: boolean): void;
};

export interface FirstComeLock {
  /** Errors: LockTimeout when the keys can't be had within `waitMs`. */
  admit(keys: string[], waitMs: number): Promise<Admission>;
}
