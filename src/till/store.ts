// Port: the database of a round. PostgreSQL is one store (postgres-store.ts); the simulation's
// memory, which fails on purpose, is another.

import type { Changes, Loaded, Need } from "./table.ts";

export interface Store {
  /**
   * Locks every row of `needs` in the global order, waiting for each at most `waitMs`, and reads
   * it.
   * Errors: LockTimeout; Conflict (deadlock or serialization failure: retry); StoreUnavailable;
   * RoundRejected.
   */
  lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound>;
  /**
   * Finds out whether a round whose COMMIT got no response was committed. After "abandoned" it can
   * never commit.
   * Errors: StoreUnavailable while the outcome is unknown.
   */
  outcome(roundId: string): Promise<"committed" | "abandoned">;
}

export interface OpenRound {
  readonly loaded: Loaded;
  /**
   * The store's time in ms since 1970, read after every lock was held: one clock for all instances.
   * An administrator may set it at any moment.
   */
  readonly now: number;
  /**
   * Writes all changes and the round's id, and commits. Resolves when they are durable.
   * Errors: RoundRejected, Conflict, LockTimeout, StoreUnavailable: nothing was written.
   * LostCommit: unknown, ask `outcome`.
   */
  commit(roundId: string, changes: Changes): Promise<void>;
  /** Releases the locks and writes nothing. Returns at once. */
  release(): void;
}

/**
 * Deadlock, serialization failure or a row that another transaction inserted first. Nothing was
 * written; the round may be retried.
 */
export class Conflict extends Error {}
/** The database rejected a statement of the round. Nothing was written. */
export class RoundRejected extends Error {}
/** The connection broke during COMMIT, so the round may or may not have been committed. */
export class LostCommit extends Error {}
/** The database can't be reached or can't work now. Nothing was written. */
export class StoreUnavailable extends Error {}
