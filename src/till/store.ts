// Where a round's rows live. The till itself knows no database: PostgreSQL is one store (postgres-store.ts),
// the simulation's memory that fails on purpose is another.

import type { Changes, Loaded, Need } from "./table.ts";

export interface Store {
  /**
   * Locks every row of `needs` in the global order, waiting for each at most `waitMs`, and reads it.
   * Errors: LockTimeout, Conflict (deadlock, serialization: try again), StoreUnavailable, RoundRejected.
   */
  lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound>;
  /**
   * What became of a round whose COMMIT got no answer. Once it says "abandoned" the round can never commit any more.
   * Errors: StoreUnavailable while it can't be known.
   */
  outcome(roundId: string): Promise<"committed" | "abandoned">;
}

export interface OpenRound {
  readonly loaded: Loaded;
  /** The store's time in ms since 1970, read once every lock was held: the same clock for every instance. It may be set at any moment. */
  readonly now: number;
  /**
   * Writes everything, the round's id with it, and commits; resolves when it is on disk.
   * Errors: RoundRejected, Conflict, LockTimeout, StoreUnavailable: nothing was written; LostCommit: nobody knows, ask `outcome`.
   */
  commit(roundId: string, changes: Changes): Promise<void>;
  /** Lets the locks go without a trace. Nobody has to wait for it. */
  release(): void;
}

/** Another transaction held a needed row longer than the wait allowed. */
export class LockTimeout extends Error {}
/** Deadlock or serialization failure: nothing was written, the same round may be tried again. */
export class Conflict extends Error {}
/** The database refused what the round asked for or wrote; nothing of it was kept. */
export class RoundRejected extends Error {}
/** The connection broke while committing: it may have been done. */
export class LostCommit extends Error {}
/** The database can't be reached, or can't work now. Nothing was written. */
export class StoreUnavailable extends Error {}
