// What the till knows of the shop's tables: a shelf holds rows that decisions look at and change, a journal only takes new rows.
// Each noun's `*.sql.ts` makes its own; the till handles all of them alike.

import type { Statement } from "../database/statement.ts";
import type { TableName } from "./lock-order.ts";

/** One row as a round found it and as it leaves it. `before` is undefined for a row that the round made. */
export type Change<Row> = { key: string; before: Row | undefined; after: Row };

export interface Table<Row> {
  readonly name: TableName;
  /** Whole crowds meet at one of these rows: instances are admitted to it one at a time (lock/first-come.ts). */
  readonly firstCome?: true;
  /** Locks the rows of these keys (`ORDER BY id FOR NO KEY UPDATE`), or reads what another lock guards. */
  load(keys: string[]): Statement;
  /** The key and the row of one record that `load` gave. */
  read(record: Record<string, unknown>): [key: string, row: Row];
  /** Set-based writes of everything that one round changed. */
  save(changes: Change<Row>[]): Statement[];
}

export interface Journal<Row> {
  readonly name: string;
  append(rows: Row[]): Statement;
}

/** One row that a command must see: it is locked, in its place in the order, before the command is decided. */
export type Need = { table: Table<unknown>; key: string };

/** Says that a command needs the row of this key, whether or not it exists. */
export function need<Row>(table: Table<Row>, key: string): Need {
  return { table, key };
}

/** The rows that a round found on each shelf; a key that was asked for and is absent has no entry. */
export type Loaded = Map<Table<unknown>, Map<string, unknown>>;

/** Everything that one round writes. */
export type Changes = { tables: Map<Table<unknown>, Change<unknown>[]>; journals: Map<Journal<unknown>, unknown[]> };
