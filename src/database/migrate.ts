// Migrations: the SQL files in `migrations/`, each applied once, in the order of their names.

import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ShopClient } from "./client.ts";
import { connectionSettings } from "./pool.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
/** The advisory lock of a running migration. */
export const LOCK_KEY = 7_264_001;
/**
 * How long a migration waits for a table that is in use. Later queries wait behind it, so it gives
 * up soon and retries. It also gives up before the server looks for a deadlock (`deadlock_timeout`,
 * 1 s), because that might abort one of the shop's rounds.
 */
const LOCK_TIMEOUT_MS = 400;
const RETRY_MS = 100;
const MAX_TRIES = 600;
/** PostgreSQL's lock_not_available and deadlock_detected. */
const RETRIABLE = new Set(["55P03", "40P01"]);

/**
 * Migrates the database to this version and returns the names of the applied files. If several
 * instances call it at once, one works and the others wait. Each file is one transaction. Then it
 * lets the outbox continue if the database came from another cluster or went back in time (0084).
 *
 * Instances of the previous version may be serving. A file that has to wait for a lock rolls back
 * and retries, for minutes. It should change one table that is in use, not two: rounds lock them in
 * an order of their own, and under load the file would never get both.
 * @param warn called with RAISE WARNING messages: changes that an operator should know of
 */
export async function migrate(url: string, warn: (message: string) => void = () => {}): Promise<string[]> {
  const client = new ShopClient(connectionSettings(url));
  client.on("notice", ({ severity, message }) => severity === "WARNING" && message !== undefined && warn(message));
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
    await client.query("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())");
    const done = new Set((await client.query<{ name: string }>("SELECT name FROM migrations")).rows.map((row) => row.name));
    const missing = migrationNames().filter((name) => !done.has(name));
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    for (const name of missing) {
      for (let tries = 1; !(await apply(client, name, tries === MAX_TRIES)); tries++) await sleep(RETRY_MS);
    }
    for (let tries = 1; !(await adopt(client, tries === MAX_TRIES)); tries++) await sleep(RETRY_MS);
    return missing;
  } finally {
    await client.end();
  }
}

/** Returns false if a lock was not available. @param last throws instead */
async function adopt(client: ShopClient, last: boolean): Promise<boolean> {
  return client.query("SELECT adopt_cluster()").then(
    () => true,
    (error: unknown) => {
      if (last || !isRetriable(error)) throw error;
      return false;
    },
  );
}

/**
 * Applies a file. Returns false if a lock was not available: then nothing of it was applied.
 * @param last throws instead
 */
async function apply(client: ShopClient, name: string, last: boolean): Promise<boolean> {
  try {
    await client.query("BEGIN");
    await client.query(readFileSync(new URL(name, FOLDER), "utf8"));
    await client.query("INSERT INTO migrations (name) VALUES ($1)", [name]);
    await client.query("COMMIT");
    return true;
  } catch (error) {
    await client.query("ROLLBACK");
    if (last || !isRetriable(error)) throw error;
    return false;
  }
}

function isRetriable(error: unknown): boolean {
  return RETRIABLE.has(String((error as { code?: unknown }).code));
}

/** The names of the files, in order. */
export function migrationNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}
