import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import { type FoundEntryRow, selectEntriesOfPeople } from "./entry-list.sql.ts";
import { personKey } from "./person.sql.ts";

/** The units that a person's last entry wants, as committed. */
export type FoundEntry = { productId: string; variantId: string; quantity: number };
export type FindEntry = (dropId: string, person: string) => Promise<FoundEntryRow | undefined>;

/** Reads people's last entries in batches. */
export function entryFinder(database: Database): FindEntry {
  const read = new BatchedRead<FoundEntryRow>(
    async (keys) => new Map((await database.rows<FoundEntryRow>(selectEntriesOfPeople(keys))).map((row) => [personKey(row.dropId, row.person), row])),
    { most: 500, atOnce: 2 },
  );
  return (dropId, person) => read.get(personKey(dropId, person));
}
