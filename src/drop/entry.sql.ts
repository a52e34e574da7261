import { arrayOf, columns, type Statement } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { Entry } from "./drop.ts";

export const ENTRY = `e.id, e.drop_id AS "dropId", e.number, e.user_id AS "userId", e.person, e.variant_id AS "variantId", e.quantity, e.status,
  e.held_until AS "heldUntil", e.rank, e.order_id AS "orderId"`;

const ENTERED = columns({
  drop_id: "uuid",
  number: "int",
  id: "uuid",
  user_id: "uuid",
  person: "text",
  variant_id: "uuid",
  quantity: "int",
  status: "text",
  held_until: "timestamptz",
  order_id: "uuid",
  created_at: "timestamptz",
});
const CHANGED = columns({ drop_id: "uuid", number: "int", quantity: "int", status: "text", held_until: "timestamptz", order_id: "uuid" });

/** Entries by `entryKey`, protected by their drop's lock. */
export const entries: Table<Entry> = {
  name: "entries",
  load: (keys) => ({
    name: "read entries",
    // OFFSET 0 forces an index lookup per entry, whatever statistics the planner had.
    text: `SELECT e.* FROM unnest($1::uuid[], $2::int[]) k(drop_id, number) CROSS JOIN LATERAL
             (SELECT ${ENTRY} FROM drop_entries e WHERE e.drop_id = k.drop_id AND e.number = k.number OFFSET 0) e`,
    values: [arrayOf(keys, (key) => key.slice(0, 36)), arrayOf(keys, (key) => key.slice(37))],
  }),
  read: (row) => [entryKey(row["dropId"] as string, row["number"] as number), row as Entry],
  save(changes) {
    // An entry that gets its turn was read with its line, and has no version before.
    const made = changes.flatMap(({ before, after }) => (before === undefined && after.made ? [{ ...after, createdAt: after.made.createdAt }] : []));
    const changed = changes.flatMap(({ before, after }) => (before === undefined && after.made ? [] : [after]));
    return [...(made.length > 0 ? [insertEntries(made)] : []), ...(changed.length > 0 ? [updateEntries(changed)] : [])];
  },
};

export function entryKey(dropId: string, number: number): string {
  return `${dropId}:${number}`;
}

function insertEntries(rows: (Entry & { createdAt: number })[]): Statement {
  return {
    name: "insert entries",
    text: `INSERT INTO drop_entries (${ENTERED.names}) SELECT * FROM ${ENTERED.unnest}`,
    values: ENTERED.arrays(rows),
  };
}

function updateEntries(rows: Entry[]): Statement {
  return {
    name: "update entries",
    text: `UPDATE drop_entries e SET quantity = v.quantity, status = v.status, held_until = v.held_until, order_id = v.order_id
           FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE e.drop_id = v.drop_id AND e.number = v.number`,
    values: CHANGED.arrays(rows),
    rows: rows.length,
  };
}
