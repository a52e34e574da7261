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
  rank: "int",
  order_id: "uuid",
  ended_at: "timestamptz",
});
const DRAWN_PLACES = columns({ drop_id: "uuid", variant_id: "uuid", quantity: "int", rank: "int" });

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
    const [made, changed]: [EntryRow[], EntryRow[]] = [[], []];
    const [inserted, updated]: [PersonRow[], PersonRow[]] = [[], []];
    for (const { after } of changes) {
      if (after.entry?.made) made.push(entryRow(after, after.entry));
      else if (after.entry?.changed) changed.push(entryRow(after, after.entry));
      (after.stored ? updated : inserted).push(rowOf(after));
    }
    const drawn = changes.flatMap(drawnPlace);
    return [
      ...(made.length > 0 ? [insertEntries(made)] : []),
      ...(changed.length > 0 ? [updateEntries(changed)] : []),
      ...(drawn.length > 0 ? [deleteDrawnPlaces(drawn)] : []),
      ...(inserted.length > 0 ? [insertPeople(inserted)] : []),
      ...(updated.length > 0 ? [updatePeople(updated)] : []),
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

type PersonRow = ReturnType<typeof rowOf>;
type EntryRow = ReturnType<typeof entryRow>;

function rowOf({ dropId, person, units, most, entry }: Person) {
  return { dropId, person, units, most, entry: entry?.number ?? null };
}

function entryRow({ dropId, person }: Person, entry: Entry) {
  return { ...entry, dropId, person, createdAt: entry.made?.createdAt ?? null };
}

/** The place in the drawn line of an entry that stops waiting. */
function drawnPlace({ before, after: { dropId, entry } }: Change<Person>) {
  const waited = before === undefined || before.entry?.status === "WAITING";
  return waited && entry?.changed && entry.rank !== null && entry.status !== "WAITING" ? [{ ...entry, dropId }] : [];
}

function deleteDrawnPlaces(places: ReturnType<typeof drawnPlace>): Statement {
  return {
    name: "delete drawn places",
    text: `DELETE FROM draw_lines l USING ${DRAWN_PLACES.unnest} v(${DRAWN_PLACES.names})
           WHERE l.drop_id = v.drop_id AND l.variant_id = v.variant_id AND l.quantity = v.quantity AND l.rank = v.rank`,
    values: DRAWN_PLACES.arrays(places),
  };
}

function insertEntries(made: EntryRow[]): Statement {
  return {
    name: "insert entries",
    text: `INSERT INTO drop_entries (${INSERTED_ENTRIES.names}) SELECT * FROM ${INSERTED_ENTRIES.unnest}`,
    values: INSERTED_ENTRIES.arrays(made),
  };
}

function updateEntries(changed: EntryRow[]): Statement {
  return {
    name: "update entries",
    text: `UPDATE drop_entries e SET quantity = v.quantity, status = v.status, held_until = v.held_until, rank = coalesce(v.rank, e.rank), order_id = v.order_id, ended_at = v.ended_at
           FROM ${UPDATED_ENTRIES.unnest} v(${UPDATED_ENTRIES.names}) WHERE e.drop_id = v.drop_id AND e.number = v.number`,
    values: UPDATED_ENTRIES.arrays(changed),
    rows: changed.length,
  };
}

function insertPeople(inserted: PersonRow[]): Statement {
  return {
    name: "insert people",
    text: `INSERT INTO drop_people (${INSERTED_PEOPLE.names}) SELECT * FROM ${INSERTED_PEOPLE.unnest}`,
    values: INSERTED_PEOPLE.arrays(inserted),
  };
}

function updatePeople(updated: PersonRow[]): Statement {
  return {
    name: "update people",
    text: `UPDATE drop_people p SET units = v.units, entry = v.entry
           FROM ${UPDATED_PEOPLE.unnest} v(${UPDATED_PEOPLE.names}) WHERE p.drop_id = v.drop_id AND p.person = v.person`,
    values: UPDATED_PEOPLE.arrays(updated),
    rows: updated.length,
  };
}
