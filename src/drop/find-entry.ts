import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import { type FoundEntryRow, type OwnEntryRow, selectEntriesOfPeople, selectOwnEntries } from "./entry-list.sql.ts";
import { personKey } from "./person.sql.ts";

/** A person's last entry, as committed. `isDrawn`: its drop was drawn; the rank of an entry that waits is with the draw. */
export type FoundEntry = FoundEntryRow;
/** Finds the rank of an entry by its drop and number. Call it only for a draw that was made. */
export type FindRank = (dropId: string, number: number) => Promise<number | null>;
export type FindEntry = (dropId: string, person: string) => Promise<FoundEntryRow | undefined>;

/** Reads people's last entries in batches. */
export function entryFinder(database: Database): FindEntry {
  const read = new BatchedRead<FoundEntryRow>(
    async (keys) => new Map((await database.rows<FoundEntryRow>(selectEntriesOfPeople(keys))).map((row) => [personKey(row.dropId, row.person), row])),
    { most: 500, atOnce: 2 },
  );
  return (dropId, person) => read.get(personKey(dropId, person));
}

/** Reads people's own entries in batches, one drop after the other. */
export function ownEntryFinder(database: Database): (dropId: string, person: string) => Promise<OwnEntryRow | undefined> {
  const read = new BatchedRead<OwnEntryRow>(
    async (keys) => {
      const found = new Map<string, OwnEntryRow>();
      for (const [dropId, own] of Map.groupBy(keys, (key) => key.slice(0, KEY_DROP_LENGTH))) {
        const persons = own.map((key) => key.slice(KEY_DROP_LENGTH + 1));
        for (const row of await database.rows<OwnEntryRow>(selectOwnEntries(dropId, persons))) found.set(own[row.place - 1] ?? "", row);
      }
      return found;
    },
    { most: 500, atOnce: 2 },
  );
  return (dropId, person) => read.get(personKey(dropId, person));
}

/** The drop's id in a `personKey`. */
const KEY_DROP_LENGTH = 36;
