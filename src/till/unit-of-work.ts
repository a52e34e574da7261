// The rows that a decision sees. A command's changes go to a draft, which is kept if the command
// succeeds and dropped if it refuses. So each command sees all changes of the commands before it,
// and nothing of refused ones.

import { newId, newOrderId } from "../ids.ts";
import type { Change, Changes, Journal, Loaded, Need, Table } from "./table.ts";

/**
 * Thrown by a decision whose needs have changed since they were read (a cart that has grown). The
 * command is prepared and queued again.
 */
export class NeedsChanged extends Error {}

/**
 * The rows of one table in a round: `before` has the loaded version of each row that was changed.
 */
type TableState = { current: Map<string, unknown>; requested: Set<string>; before: Map<string, unknown>; draft: Map<string, unknown> };

export class UnitOfWork {
  /** The instant of the round in ms since 1970, the same for all of its commands. */
  readonly now: number;
  readonly #tables = new Map<Table<unknown>, TableState>();
  readonly #drafted: TableState[] = [];
  readonly #journals = new Map<Journal<unknown>, unknown[]>();
  readonly #entries: { journal: Journal<unknown>; row: unknown }[] = [];
  #ownNeeds: readonly Need[] = [];
  #ownKeys: Set<string> | undefined;

  constructor(needs: Iterable<Need>, loaded: Loaded, now: number) {
    this.now = now;
    for (const { table, key } of needs) this.#stateOf(table, loaded.get(table)).requested.add(key);
  }

  /** Starts the next command, which needs these rows. */
  begin(needs: readonly Need[]): void {
    this.#ownNeeds = needs;
    this.#ownKeys = undefined;
  }

  /**
   * Returns the current row with this command's own changes. Throws for a row that was not locked:
   * that is a bug.
   */
  find<Row>(table: Table<Row>, key: string): Row | undefined {
    const state = this.#tables.get(table);
    if (state) {
      const row = state.draft.get(key) ?? state.current.get(key);
      if (row !== undefined) return row as Row;
      if (state.requested.has(key)) return undefined;
    }
    throw new Error(`${table.name} ${key} is not in the command's needs`);
  }

  /**
   * Returns the current row if the round has it, for rows that another row has brought along (the
   * people of a line). Undefined if the round neither loaded nor wrote it.
   */
  peek<Row>(table: Table<Row>, key: string): Row | undefined {
    const state = this.#tables.get(table);
    return (state?.draft.get(key) ?? state?.current.get(key)) as Row | undefined;
  }

  /**
   * Returns the rows that earlier commands of the round have written: a query that was made when the
   * round began has not found them.
   */
  written<Row>(table: Table<Row>): Row[] {
    const state = this.#tables.get(table);
    return state ? ([...state.before.keys()].map((key) => state.current.get(key)) as Row[]) : [];
  }

  /**
   * Tells whether this command needs this key, so that `find` may be called. Needs of other
   * commands in the round do not count: otherwise a decision would depend on its neighbors.
   */
  holds<Row>(table: Table<Row>, key: string): boolean {
    this.#ownKeys ??= new Set(this.#ownNeeds.map((need) => `${need.table.name} ${need.key}`));
    return this.#ownKeys.has(`${table.name} ${key}`);
  }

  /** Replaces or inserts the row of this key. Rows are never changed in place. */
  put<Row>(table: Table<Row>, key: string, row: Row): void {
    const state = this.#stateOf(table);
    if (state.draft.size === 0) this.#drafted.push(state);
    state.draft.set(key, row);
  }

  /** Adds a row to a journal. */
  append<Row>(journal: Journal<Row>, row: Row): void {
    this.#entries.push({ journal, row });
  }

  newId(): string {
    return newId(this.now);
  }

  /** @param atMs the order's own time, for imported orders of the past */
  newOrderId(atMs: number = this.now): string {
    return newOrderId(atMs);
  }

  /** Keeps the draft of a command that succeeded: the next command sees it. */
  keep(): void {
    for (const { current, before, draft } of this.#drafted) {
      for (const [key, row] of draft) {
        if (!before.has(key)) before.set(key, current.get(key));
        current.set(key, row);
      }
      draft.clear();
    }
    for (const { journal, row } of this.#entries) {
      const rows = this.#journals.get(journal);
      if (rows) rows.push(row);
      else this.#journals.set(journal, [row]);
    }
    this.#drafted.length = 0;
    this.#entries.length = 0;
  }

  /** Drops the draft of a command that refused. */
  drop(): void {
    for (const { draft } of this.#drafted) draft.clear();
    this.#drafted.length = 0;
    this.#entries.length = 0;
  }

  /** Everything to be written, or undefined if no command changed anything. */
  changes(): Changes | undefined {
    const tables = new Map<Table<unknown>, Change<unknown>[]>();
    for (const [table, { before, current }] of this.#tables) {
      if (before.size === 0) continue;
      const changes: Change<unknown>[] = [];
      for (const [key, row] of before) changes.push({ key, before: row, after: current.get(key) });
      tables.set(table, changes);
    }
    if (tables.size === 0 && this.#journals.size === 0) return undefined;
    return { tables, journals: this.#journals };
  }

  #stateOf(table: Table<unknown>, loaded?: Map<string, unknown>): TableState {
    let state = this.#tables.get(table);
    if (!state) {
      state = { current: loaded ?? new Map(), requested: new Set(), before: new Map(), draft: new Map() };
      this.#tables.set(table, state);
    }
    return state;
  }
}
