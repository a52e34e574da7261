import type { Database } from "../database/pool.ts";
import { deleteExpiredEntries } from "./journal.sql.ts";

const CHUNK_SIZE = 5000;

/** Deletes the oldest entries whose retention has ended. The anchor keeps the hash with which the rest of the chain begins. */
export async function purgeJournal(database: Database, keep: string): Promise<number> {
  let deleted = 0;
  for (;;) {
    const [chunk] = await database.rows<{ count: number }>(deleteExpiredEntries(keep, CHUNK_SIZE));
    deleted += chunk?.count ?? 0;
    if ((chunk?.count ?? 0) < CHUNK_SIZE) return deleted;
  }
}
