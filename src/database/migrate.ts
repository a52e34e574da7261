// Migrations are the SQL files beside this one, applied once each in the order of their names.

import { readFileSync, readdirSync } from "node:fs";
import { ShopClient } from "./client.ts";
import { connectionSettings } from "./pool.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
const LOCK_KEY = 7_264_001;

/**
 * Brings the database up to this version. Several instances may call it at once: one works, the others wait.
 * Each file is one transaction. Answers the names that were applied.
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new ShopClient(connectionSettings(url));
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
    await client.query("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())");
    const done = new Set((await client.query<{ name: string }>("SELECT name FROM migrations")).rows.map((row) => row.name));
    const missing = migrationNames().filter((name) => !done.has(name));
    for (const name of missing) {
      await client.query("BEGIN");
      await client.query(readFileSync(new URL(name, FOLDER), "utf8"));
      await client.query("INSERT INTO migrations (name) VALUES ($1)", [name]);
      await client.query("COMMIT");
    }
    return missing;
  } finally {
    await client.end();
  }
}

/** The files' names, in order. */
export function migrationNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}
