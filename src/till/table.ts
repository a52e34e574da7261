// The till's view of the shop's tables. A table holds rows that decisions read and change; a
// journal only takes new rows. Each noun's `*.sql.ts` declares its own; the till treats all of them
// alike.

import type { Statement } from "../database/statement.ts";
import type { TableName } from "./lock-order.ts";

/** One row before and after a round. `before` is undefined for a row that the round inserts. */
export type Change<Row> = { key: string; before: Row | undefined; after: Row };

export interface Table<Row> {
  readonly name: TableName;
  /**
   * Rows that many instances want at the same moment: instances are admitted to such a row one at a
   * time (lock/lock.ts).
   */
  readonly firstCome?: true;
  /**
   * Locks the rows of these keys (`ORDER BY id FOR NO KEY UPDATE`), or reads rows that another lock
   * guards.
   * @param most for each key how much of its row the round's commands need together, in a unit of
   * the table's own (`Need.most`)
   */
  load(keys: string[], most: number[]): Statement;
  /** Returns the key and the row of one record that `load` selected. */
  read(record: Record<string, unknown>): [key: string, row: Row];
  /** Returns set-based writes for all changes of one round. */
  save(changes: Change<Row>[]): Statement[];
}

export interface Journal<Row> {
  readonly name: string;
  append(rows: Row[]): Statement;
}

/**
 * A row that a command must see. It is locked in the global order before the command is decided.
 */
export type Need = { table: Table<unknown>; key: string; most?: number };

/**
 * Declares that a command needs the row of this key, whether or not the row exists.
 * @param most how much of the row, if the table reads only as much of it as is needed
 */
export function need<Row>(table: Table<Row>, key: string, most?: number): Need {
  return most === undefined ? { table, key } : { table, key, most };
}

/** The rows that a round loaded, by table and key. An absent row has no entry. */
export type Loaded = Map<Table<unknown>, Map<string, unknown>>;

/** Everything that one round writes. */
export type Changes = { tables: Map<Table<unknown>, Change<unknown>[]>; journals: Map<Journal<unknown>, unknown[]> };
