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

/** A row that a command of the round has put: as loaded, as kept, and as the present command has it. */
type ChangedRow = { readonly state: TableState; readonly key: string; readonly before: unknown; kept: unknown; draft: unknown; isKept: boolean };

/**
 * The rows of one table in a round. `put` has the rows that any command has put, refused commands included; `kept` those of commands that
 * succeeded, in the order in which they were changed first. Orders of many line items make this the hottest loop of the till, so a row that
 * was not put takes no entry, and a row that was put takes one lookup.
 */
type TableState = { readonly loaded: ReadonlyMap<string, unknown>; readonly put: Map<string, ChangedRow>; readonly kept: ChangedRow[] };

const NO_ROWS: ReadonlyMap<string, unknown> = new Map();

export class UnitOfWork {
  /** The instant of the round in ms since 1970, the same for all of its commands. */
  readonly now: number;
  readonly #needs: readonly Need[];
  readonly #loaded: Loaded;
  readonly #tables = new Map<Table<unknown>, TableState>();
  /** The keys that the round needs, of tables in which a row was found to be absent. */
  readonly #requested = new Map<Table<unknown>, Set<string>>();
  /** The rows that the present command has put. */
  readonly #drafts: ChangedRow[] = [];
  readonly #journals = new Map<Journal<unknown>, unknown[]>();
  readonly #entries: { journal: Journal<unknown>; row: unknown }[] = [];
  #ownNeeds: readonly Need[] = [];
  #ownKeys: Set<string> | undefined;

  constructor(needs: readonly Need[], loaded: Loaded, now: number) {
    this.now = now;
    this.#needs = needs;
    this.#loaded = loaded;
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
    const row = this.peek(table, key);
    if (row !== undefined || this.#requests(table, key)) return row;
    throw new Error(`${table.name} ${key} is not in the command's needs`);
  }

  /**
   * Returns the current row if the round has it, for rows that another row has brought along (the
   * people of a line). Undefined if the round neither loaded nor wrote it.
   */
  peek<Row>(table: Table<Row>, key: string): Row | undefined {
    const { put, loaded } = this.#stateOf(table);
    const row = put.get(key);
    return (row === undefined ? loaded.get(key) : (row.draft ?? row.kept)) as Row | undefined;
  }

  /**
   * Returns the rows that earlier commands of the round have written: a query that was made when the
   * round began has not found them.
   */
  written<Row>(table: Table<Row>): Row[] {
    return this.#stateOf(table).kept.map(({ kept }) => kept as Row);
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
    let changed = state.put.get(key);
    if (changed === undefined) {
      const before = state.loaded.get(key);
      changed = { state, key, before, kept: before, draft: undefined, isKept: false };
      state.put.set(key, changed);
    }
    if (changed.draft === undefined) this.#drafts.push(changed);
    changed.draft = row;
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
    for (const row of this.#drafts) {
      if (!row.isKept) row.state.kept.push(row);
      row.isKept = true;
      row.kept = row.draft;
      row.draft = undefined;
    }
    for (const { journal, row } of this.#entries) {
      const rows = this.#journals.get(journal);
      if (rows) rows.push(row);
      else this.#journals.set(journal, [row]);
    }
    this.#drafts.length = 0;
    this.#entries.length = 0;
  }

  /** Drops the draft of a command that refused. */
  drop(): void {
    for (const row of this.#drafts) row.draft = undefined;
    this.#drafts.length = 0;
    this.#entries.length = 0;
  }

  /** Everything to be written, or undefined if no command changed anything. */
  changes(): Changes | undefined {
    const tables = new Map<Table<unknown>, Change<unknown>[]>();
    for (const [table, { kept: rows }] of this.#tables)
      if (rows.length > 0)
        tables.set(
          table,
          rows.map(({ key, before, kept }) => ({ key, before, after: kept })),
        );
    if (tables.size === 0 && this.#journals.size === 0) return undefined;
    return { tables, journals: this.#journals };
  }

  /** Whether a command of the round needs this key. Asked only for absent rows, so the keys are collected when the first one is. */
  #requests(table: Table<unknown>, key: string): boolean {
    let requested = this.#requested.get(table);
    if (!requested) {
      requested = new Set();
      for (const need of this.#needs) if (need.table === table) requested.add(need.key);
      this.#requested.set(table, requested);
    }
    return requested.has(key);
  }

  #stateOf(table: Table<unknown>): TableState {
    let state = this.#tables.get(table);
    if (!state) {
      state = { loaded: this.#loaded.get(table) ?? NO_ROWS, put: new Map(), kept: [] };
      this.#tables.set(table, state);
    }
    return state;
  }
}
