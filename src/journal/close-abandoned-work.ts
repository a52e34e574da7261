import type { Database } from "../database/pool.ts";
import type { Till } from "../till/till.ts";
import type { EntryDraft } from "./entry.ts";
import { selectAbandonedWork } from "./journal.sql.ts";
import { endWork } from "./journaled.ts";

/** No request waits longer than this for work to end; its process has died, or the database was away. */
const ABANDONED_AFTER_MS = 15 * 60_000;

/**
 * Writes the entries of operators' work whose end was never noted, with status 202: it was started, and its outcome is unknown. Work that ends
 * later adds no second entry.
 */
export async function closeAbandonedWork({ database, till }: { database: Database; till: Till }, afterMs = ABANDONED_AFTER_MS): Promise<number> {
  const abandoned = await database.rows<{ id: string; entry: EntryDraft }>(selectAbandonedWork(afterMs));
  for (const { entry } of abandoned) await endWork(till, entry, { status: 202 });
  return abandoned.length;
}
