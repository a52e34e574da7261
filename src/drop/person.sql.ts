import { arrayOf, columns, type Statement, textArray } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import type { Entry, Person } from "./drop.ts";

const INSERTED_PEOPLE = columns({ drop_id: "uuid", person: "text", units: "int", most: "int", entry: "int" });
const UPDATED_PEOPLE = columns({ drop_id: "uuid", person: "text", units: "int", entry: "int" });
const INSERTED_ENTRIES = columns({
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
  ended_at: "timestamptz",
});
const UPDATED_ENTRIES = columns({
  drop_id: "uuid",
  number: "int",
  quantity: "int",
  status: "text",
  held_until: "timestamptz",
  order_id: "uuid",
  ended_at: "timestamptz",
});

/** The entry `e` as JSON, null if there is none. Instants are ms. */
export const ENTRY_JSON = `CASE WHEN e.number IS NOT NULL THEN json_build_object('id', e.id, 'number', e.number, 'userId', e.user_id, 'variantId', e.variant_id,
  'quantity', e.quantity, 'status', e.status, 'heldUntil', floor(extract(epoch FROM e.held_until) * 1000), 'rank', e.rank, 'orderId', e.order_id,
  'endedAt', floor(extract(epoch FROM e.ended_at) * 1000)) END`;

/** People by `personKey`, each with the last entry, protected by the drop's lock. */
export const people: Table<Person> = {
  name: "people",
  load: (keys) => ({
    name: "read people",
    // OFFSET 0 forces an index lookup per person, whatever statistics the planner had.
    text: `SELECT p.drop_id AS "dropId", p.person, p.units, p.most, ${ENTRY_JSON} AS entry FROM unnest($1::uuid[], $2::text[]) k(drop_id, person)
           CROSS JOIN LATERAL (SELECT * FROM drop_people WHERE drop_id = k.drop_id AND person = k.person OFFSET 0) p
           LEFT JOIN LATERAL (SELECT * FROM drop_entries WHERE drop_id = p.drop_id AND number = p.entry OFFSET 0) e ON true`,
    values: [arrayOf(keys, (key) => key.slice(0, 36)), textArray(keys, (key) => key.slice(37))],
  }),
  read(row) {
    const person = personOf(row);
    return [personKey(person.dropId, person.person), person];
  },
  save(changes) {
    const rows = changes.map(rowOf);
    const made = changes.flatMap(({ after }) => (after.entry?.made ? [entryRow(after, after.entry)] : []));
    const changed = changes.flatMap(({ after }) => (after.entry?.changed && !after.entry.made ? [entryRow(after, after.entry)] : []));
    const inserted = rows.filter(({ stored }) => !stored);
    const updated = rows.filter(({ stored }) => stored);
    return [
      ...(made.length > 0 ? [insert("insert entries", "drop_entries", INSERTED_ENTRIES, made)] : []),
      ...(changed.length > 0 ? [update("update entries", "drop_entries", "number", UPDATED_ENTRIES, changed)] : []),
      ...(inserted.length > 0 ? [insert("insert people", "drop_people", INSERTED_PEOPLE, inserted)] : []),
      ...(updated.length > 0 ? [update("update people", "drop_people", "person", UPDATED_PEOPLE, updated)] : []),
    ];
  },
};

export function personKey(dropId: string, person: string): string {
  return `${dropId}:${person}`;
}

/** A person from a record with drop, person, units, most and the entry as JSON. */
export function personOf(row: Record<string, unknown>): Person {
  const { dropId, person, units, most, entry } = row as Person;
  return { dropId, person, units, most, entry, stored: true };
}

function rowOf({ after }: Change<Person>) {
  const { dropId, person, units, most, entry, stored } = after;
  return { dropId, person, units, most, entry: entry?.number ?? null, stored };
}

function entryRow({ dropId, person }: Person, entry: Entry) {
  return { ...entry, dropId, person, createdAt: entry.made?.createdAt ?? null };
}

type Rows = { names: string; unnest: string; arrays(rows: never): string[] };

function insert(name: string, table: string, { names, unnest, arrays }: Rows, rows: unknown[]): Statement {
  return { name, text: `INSERT INTO ${table} (${names}) SELECT * FROM ${unnest}`, values: arrays(rows as never) };
}

/** @param key the column that makes a row's key together with `drop_id` */
function update(name: string, table: string, key: string, { names, unnest, arrays }: Rows, rows: unknown[]): Statement {
  const sets = names
    .split(", ")
    .filter((column) => column !== "drop_id" && column !== key)
    .map((column) => `${column} = v.${column}`);
  return {
    name,
    text: `UPDATE ${table} t SET ${sets.join(", ")} FROM ${unnest} v(${names}) WHERE t.drop_id = v.drop_id AND t.${key} = v.${key}`,
    values: arrays(rows as never),
    rows: rows.length,
  };
}
