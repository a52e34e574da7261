// An in-memory store with locks like PostgreSQL's. It can fail at any step, in every way that the Store interface allows.

import type { Clock } from "../../src/till/clock.ts";
import { LOCK_ORDER } from "../../src/till/lock-order.ts";
import type { Changes, Journal, Loaded, Need, Table } from "../../src/till/table.ts";
import { LockTimeout } from "../../src/lock/lock.ts";
import { Conflict, LostCommit, type OpenRound, RoundRejected, type Store, StoreUnavailable } from "../../src/till/store.ts";

export type Mishap = "timeout" | "conflict" | "rejected" | "unavailable" | "lost but committed" | "lost and abandoned";
export type Step = { name: "lock"; needs: Need[] } | { name: "commit"; changes: Changes } | { name: "outcome" };

export type MemoryStoreOptions = {
  /** Its `now` is the time of each round. */
  clock: Clock & { now(): number };
  /** Called at each step; returns the failure of the step, if any. The step waits for it. */
  mishap?: (step: Step) => Mishap | undefined | Promise<Mishap | undefined>;
  /** Called when a round commits or is released; `onEnd` gets the result. */
  witness?: () => unknown;
  /** Called at the end of a round: committed with these changes, released without changes, or rolled back. */
  onEnd?: (end: "committed" | "released" | "undone", witnessed: unknown, changes?: Changes) => void;
  /** Tables whose rows are made of other rows at each load; `most` as in `Need`. Changes of them are not kept. */
  derived?: ReadonlyMap<Table<unknown>, (store: MemoryStore, key: string, most: number) => unknown>;
  /** Tables whose rows another table's lock protects: a round may write a row that it found elsewhere. Each row is kept as this returns it. */
  guarded?: ReadonlyMap<Table<unknown>, (row: unknown) => unknown>;
  /** Tables of keys that belong to other rows, with the row that means that a key is free. A round frees a key without having read it. */
  freed?: ReadonlyMap<Table<unknown>, unknown>;
};

type End = (how: "committed" | "released" | "undone", witnessed: unknown, changes?: Changes) => void;
type Waiter = { wanted: string[]; grant: () => void };

const LOCKED: ReadonlySet<string> = new Set(LOCK_ORDER);

export class MemoryStore implements Store {
  /** Committed rows. */
  readonly tables = new Map<Table<unknown>, Map<string, unknown>>();
  readonly journals = new Map<Journal<unknown>, unknown[]>();
  readonly #options: MemoryStoreOptions;
  readonly #committed = new Set<string>();
  readonly #held = new Set<string>();
  readonly #waiters = new Set<Waiter>();
  /** Rounds that hold locks. */
  open = 0;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
  }

  row<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#table(table).get(key) as Row | undefined;
  }

  rows<Row>(table: Table<Row>): Row[] {
    return [...this.#table(table).values()] as Row[];
  }

  entries<Row>(journal: Journal<Row>): Row[] {
    return (this.journals.get(journal) ?? []) as Row[];
  }

  async lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound> {
    const wanted = [...needs];
    const mishap = await this.#options.mishap?.({ name: "lock", needs: wanted });
    if (mishap) throw failure(mishap);
    const locks = [...new Set(wanted.filter(({ table }) => LOCKED.has(table.name)).map(({ table, key }) => `${table.name} ${key}`))];
    await this.#acquire(locks, waitMs);
    this.open++;
    let over = false;
    const end: End = (how, witnessed, changes) => {
      if (over) throw new Error("a round ended twice");
      over = true;
      this.open--;
      this.#options.onEnd?.(how, witnessed, changes);
      this.#release(locks);
    };
    return {
      loaded: this.#load(wanted),
      now: this.#options.clock.now(),
      commit: (roundId, changes) => this.#commit(roundId, changes, end),
      release: () => end("released", this.#options.witness?.()),
    };
  }

  async outcome(roundId: string): Promise<"committed" | "abandoned"> {
    const mishap = await this.#options.mishap?.({ name: "outcome" });
    if (mishap) throw failure(mishap);
    return this.#committed.has(roundId) ? "committed" : "abandoned";
  }

  async #commit(roundId: string, changes: Changes, end: End): Promise<void> {
    const witnessed = this.#options.witness?.();
    const mishap = await this.#options.mishap?.({ name: "commit", changes });
    const conflict = this.#conflictOf(changes);
    const error = mishap ? failure(mishap) : conflict;
    if (conflict || (mishap && mishap !== "lost but committed")) {
      end("undone", witnessed);
      throw error;
    }
    this.#apply(changes);
    this.#committed.add(roundId);
    end("committed", witnessed, changes);
    if (error) throw error;
  }

  /** Takes all locks of a round or none, so that a waiting round holds no lock. */
  #acquire(wanted: string[], waitMs: number): Promise<void> | undefined {
    if (!wanted.some((lock) => this.#held.has(lock))) {
      this.#take(wanted);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiter = { wanted, grant: resolve };
      this.#waiters.add(waiter);
      this.#options.clock.later(waitMs, () => this.#waiters.delete(waiter) && reject(failure("timeout")));
    });
  }

  #take(locks: string[]): void {
    for (const lock of locks) this.#held.add(lock);
  }

  #release(locks: string[]): void {
    for (const lock of locks) this.#held.delete(lock);
    for (const waiter of this.#waiters) {
      if (waiter.wanted.some((lock) => this.#held.has(lock))) continue;
      this.#take(waiter.wanted);
      this.#waiters.delete(waiter);
      waiter.grant();
    }
  }

  #load(needs: Need[]): Loaded {
    const loaded: Loaded = new Map();
    const { derived } = this.#options;
    for (const { table, key } of needs) {
      let rows = loaded.get(table);
      if (!rows) loaded.set(table, (rows = new Map()));
      const derive = derived?.get(table);
      const row = derive ? derive(this, key, mostOf(needs, table, key)) : this.#table(table).get(key);
      if (row !== undefined) rows.set(key, row);
    }
    return loaded;
  }

  /** A conflict if another round has created a row first, as a constraint would report. Another error if a locked row has changed. */
  #conflictOf({ tables }: Changes): Error | undefined {
    const { derived, guarded, freed } = this.#options;
    for (const [table, changes] of tables) {
      if (derived?.has(table) || guarded?.has(table)) continue;
      const rows = this.#table(table);
      for (const { key, before, after } of changes) {
        const current = rows.get(key);
        if (freed?.has(table) && after === freed.get(table)) continue;
        if (before === undefined && current !== undefined) return failure("conflict");
        if (before !== current) return new Error(`${table.name} ${key} was changed by another round`);
      }
    }
    return undefined;
  }

  #apply({ tables, journals }: Changes): void {
    const { derived, guarded } = this.#options;
    for (const [table, changes] of tables) {
      if (derived?.has(table)) continue;
      const rows = this.#table(table);
      const kept = guarded?.get(table) ?? ((row: unknown) => row);
      for (const { key, after } of changes) rows.set(key, Object.freeze(kept(after))); // Rows must not change in place.
    }
    for (const [journal, entries] of journals) {
      const written = this.journals.get(journal);
      if (written) written.push(...entries);
      else this.journals.set(journal, [...entries]);
    }
  }

  #table(table: Table<unknown>): Map<string, unknown> {
    let rows = this.tables.get(table);
    if (!rows) this.tables.set(table, (rows = new Map()));
    return rows;
  }
}

function mostOf(needs: Need[], table: Table<unknown>, key: string): number {
  return needs.reduce((sum, need) => sum + (need.table === table && need.key === key ? (need.most ?? 0) : 0), 0);
}

function failure(mishap: Mishap): Error {
  if (mishap === "timeout") return new LockTimeout(mishap);
  if (mishap === "conflict") return new Conflict(mishap);
  if (mishap === "rejected") return new RoundRejected(mishap);
  if (mishap === "unavailable") return new StoreUnavailable(mishap);
  return new LostCommit(mishap);
}
