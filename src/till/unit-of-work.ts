// What a decision sees. Rows come in as they were locked; a command's changes go to a draft, which is kept when it
// succeeds and dropped when it refuses. So each command sees whole what the ones before it did, and nothing of what was refused.

import { newId, newOrderId } from "../ids.ts";
import type { Change, Changes, Journal, Loaded, Need, Table } from "./table.ts";

/** Thrown by a decision whose needs have changed since they were read (a cart that has grown): it is prepared and queued anew. */
export class NeedsChanged extends Error {}

type TableState = { found: Map<string, unknown>; asked: Set<string>; before: Map<string, unknown>; draft: Map<string, unknown> };

export class UnitOfWork {
  /** The instant of the round, in ms since 1970: everyone in it is served at the same time. */
  readonly now: number;
  readonly #tables = new Map<Table<unknown>, TableState>();
  readonly #drafted: TableState[] = [];
  readonly #journals = new Map<Journal<unknown>, unknown[]>();
  readonly #entries: { journal: Journal<unknown>; row: unknown }[] = [];
  #own: readonly Need[] = [];
  #ownRows: Set<string> | undefined;

  constructor(needs: Iterable<Need>, loaded: Loaded, now: number) {
    this.now = now;
    for (const { table: shelf, key } of needs) {
      let tray = this.#tables.get(shelf);
      if (!tray) {
        tray = { found: loaded.get(shelf) ?? new Map(), asked: new Set(), before: new Map(), draft: new Map() };
        this.#tables.set(shelf, tray);
      }
      tray.asked.add(key);
    }
  }

  /** The next command is decided, which has asked for these rows. */
  begin(needs: readonly Need[]): void {
    this.#own = needs;
    this.#ownRows = undefined;
  }

  /** The row as it stands now, this command's own changes included. Reading what was not locked is a bug, and throws. */
  find<Row>(shelf: Table<Row>, key: string): Row | undefined {
    const tray = this.#tables.get(shelf);
    if (tray) {
      const row = tray.draft.get(key) ?? tray.found.get(key);
      if (row !== undefined) return row as Row;
      if (tray.asked.has(key)) return undefined;
    }
    throw new Error(`${shelf.name} ${key} was not asked for in the command's needs`);
  }

  /**
   * Whether this command asked for this key, so that `find` may be called. What only a neighbour in the round has asked for does not
   * count: else what a decision comes to would depend on who happens to stand beside it.
   */
  holds<Row>(shelf: Table<Row>, key: string): boolean {
    this.#ownRows ??= new Set(this.#own.map((need) => `${need.table.name} ${need.key}`));
    return this.#ownRows.has(`${shelf.name} ${key}`);
  }

  /** Replaces the row of this key, or makes it. Rows are never changed in place. */
  put<Row>(shelf: Table<Row>, key: string, row: Row): void {
    let tray = this.#tables.get(shelf);
    if (!tray) {
      tray = { found: new Map(), asked: new Set(), before: new Map(), draft: new Map() };
      this.#tables.set(shelf, tray);
    }
    if (tray.draft.size === 0) this.#drafted.push(tray);
    tray.draft.set(key, row);
  }

  /** Adds a row to a journal. */
  append<Row>(journal: Journal<Row>, row: Row): void {
    this.#entries.push({ journal, row });
  }

  newId(): string {
    return newId(this.now);
  }

  /** @param atMs the order's own time, which history brought in has of its own */
  newOrderId(atMs: number = this.now): string {
    return newOrderId(atMs);
  }

  /** The command succeeded: its draft becomes what the next one sees. */
  keep(): void {
    for (const tray of this.#drafted) {
      for (const [key, row] of tray.draft) {
        if (!tray.before.has(key)) tray.before.set(key, tray.found.get(key));
        tray.found.set(key, row);
      }
      tray.draft.clear();
    }
    for (const { journal, row } of this.#entries) {
      const rows = this.#journals.get(journal);
      if (rows) rows.push(row);
      else this.#journals.set(journal, [row]);
    }
    this.#drafted.length = 0;
    this.#entries.length = 0;
  }

  /** The command refused: nothing of it remains. */
  drop(): void {
    for (const tray of this.#drafted) tray.draft.clear();
    this.#drafted.length = 0;
    this.#entries.length = 0;
  }

  /** What has to be written, or undefined where nobody changed anything. */
  changes(): Changes | undefined {
    const shelves = new Map<Table<unknown>, Change<unknown>[]>();
    for (const [shelf, tray] of this.#tables) {
      if (tray.before.size === 0) continue;
      const changes: Change<unknown>[] = [];
      for (const [key, before] of tray.before) changes.push({ key, before, after: tray.found.get(key) });
      shelves.set(shelf, changes);
    }
    if (shelves.size === 0 && this.#journals.size === 0) return undefined;
    return { tables: shelves, journals: this.#journals };
  }
}
