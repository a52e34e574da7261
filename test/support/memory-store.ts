// A store in memory that locks as PostgreSQL does and fails on purpose, at any step and in every way that a store may fail.

import type { Clock } from "../../src/till/clock.ts";
import { LOCK_ORDER } from "../../src/till/lock-order.ts";
import type { Changes, Journal, Loaded, Need, Table } from "../../src/till/table.ts";
import { LockTimeout } from "../../src/lock/lock.ts";
import { Conflict, LostCommit, type OpenRound, RoundRejected, type Store, StoreUnavailable } from "../../src/till/store.ts";

export type Mishap = "timeout" | "conflict" | "rejected" | "unavailable" | "lost but committed" | "lost and abandoned";
export type Step = { name: "lock"; needs: Need[] } | { name: "commit"; changes: Changes } | { name: "outcome" };

export type MemoryStoreOptions = {
  /** `now` is the instant of each round. */
  clock: Clock & { now(): number };
  /** Asked at each step what goes wrong there. The step takes as long as the answer. */
  mishap?: (step: Step) => Mishap | undefined | Promise<Mishap | undefined>;
  /** Asked when a round says what is to become of it; `onEnd` is told. */
  witness?: () => unknown;
  /** A round has ended: with these changes on disk; with nothing to write; or without a trace. */
  onEnd?: (end: "committed" | "released" | "undone", witnessed: unknown, changes?: Changes) => void;
};

type End = (how: "committed" | "released" | "undone", witnessed: unknown, changes?: Changes) => void;
type Waiter = { wanted: string[]; grant: () => void };

const LOCKED: ReadonlySet<string> = new Set(LOCK_ORDER);

export class MemoryStore implements Store {
  /** What is on disk. */
  readonly shelves = new Map<Table<unknown>, Map<string, unknown>>();
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

  row<Row>(shelf: Table<Row>, key: string): Row | undefined {
    return this.#shelf(shelf).get(key) as Row | undefined;
  }

  rows<Row>(shelf: Table<Row>): Row[] {
    return [...this.#shelf(shelf).values()] as Row[];
  }

  entries<Row>(journal: Journal<Row>): Row[] {
    return (this.journals.get(journal) ?? []) as Row[];
  }

  async lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound> {
    const wanted = [...needs];
    const mishap = await this.#options.mishap?.({ name: "lock", needs: wanted });
    if (mishap) throw failure(mishap);
    const locks = [...new Set(wanted.filter(({ table: shelf }) => LOCKED.has(shelf.name)).map(({ table: shelf, key }) => `${shelf.name} ${key}`))];
    await this.#acquire(locks, waitMs);
    this.open++;
    let over = false;
    const end: End = (how, witnessed, changes) => {
      if (over) throw new Error("a round was ended twice");
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
    const clash = this.#clash(changes);
    const error = mishap ? failure(mishap) : clash;
    if (clash || (mishap && mishap !== "lost but committed")) {
      end("undone", witnessed);
      throw error;
    }
    this.#apply(changes);
    this.#committed.add(roundId);
    end("committed", witnessed, changes);
    if (error) throw error;
  }

  /** All of a round's locks or none of them: nobody waits while holding one. */
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
    for (const { table: shelf, key } of needs) {
      let rows = loaded.get(shelf);
      if (!rows) loaded.set(shelf, (rows = new Map()));
      const row = this.#shelf(shelf).get(key);
      if (row !== undefined) rows.set(key, row);
    }
    return loaded;
  }

  /** What constraints would say: a row was made by another meanwhile. A row that was changed by another means that a lock did not hold. */
  #clash({ tables: shelves }: Changes): Error | undefined {
    for (const [shelf, changes] of shelves) {
      const rows = this.#shelf(shelf);
      for (const { key, before } of changes) {
        const current = rows.get(key);
        if (before === undefined && current !== undefined) return failure("conflict");
        if (before !== current) return new Error(`${shelf.name} ${key} was changed behind a round's back`);
      }
    }
    return undefined;
  }

  #apply({ tables: shelves, journals }: Changes): void {
    for (const [shelf, changes] of shelves) {
      const rows = this.#shelf(shelf);
      for (const { key, after } of changes) rows.set(key, Object.freeze(after)); // Nobody may change a row in place.
    }
    for (const [journal, entries] of journals) {
      const written = this.journals.get(journal);
      if (written) written.push(...entries);
      else this.journals.set(journal, [...entries]);
    }
  }

  #shelf(shelf: Table<unknown>): Map<string, unknown> {
    let rows = this.shelves.get(shelf);
    if (!rows) this.shelves.set(shelf, (rows = new Map()));
    return rows;
  }
}

function failure(mishap: Mishap): Error {
  if (mishap === "timeout") return new LockTimeout(mishap);
  if (mishap === "conflict") return new Conflict(mishap);
  if (mishap === "rejected") return new RoundRejected(mishap);
  if (mishap === "unavailable") return new StoreUnavailable(mishap);
  return new LostCommit(mishap);
}
