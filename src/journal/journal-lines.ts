import type { Database } from "../database/pool.ts";
import type { ChainEntry } from "./entry.ts";
import { selectEntriesAfter } from "./journal.sql.ts";

const CHUNK_SIZE = 500;

/** All entries of the journal as JSON, in the order of the chain. Without `hash`, a line is the text that the hash covers. */
export async function* journalLines(database: Database): AsyncGenerator<string> {
  for (let after = 0; ;) {
    const entries = await database.rows<ChainEntry>(selectEntriesAfter(after, CHUNK_SIZE));
    for (const { content, hash } of entries) yield `${content.slice(0, -1)},"hash":"${hash}"}`;
    const last = entries.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}
