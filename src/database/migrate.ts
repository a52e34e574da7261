// Migrations are the SQL files beside this one, applied once each in the order of their names.

import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ShopClient } from "./client.ts";
import { connectionSettings } from "./pool.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
/** Held by who migrates. */
export const LOCK_KEY = 7_264_001;
/**
 * How long a migration waits for a table that others are using, and how often it comes again. Whoever comes after it waits behind it, so it gives
 * way soon, and before the server would look for a deadlock (`deadlock_timeout`, a second) and might end one of the shop's rounds for it.
 */
const GIVES_WAY_AFTER_MS = 400;
const PAUSE_MS = 100;
const TRIES = 600;
/** Of PostgreSQL: lock_not_available, deadlock_detected. */
const IN_THE_WAY = new Set(["55P03", "40P01"]);

/**
 * Brings the database up to this version. Several instances may call it at once: one works, the others wait.
 * Each file is one transaction. Answers the names that were applied. Instances of the version before may be serving meanwhile: a file that finds
 * somebody in its way gives way, undoes what it has done, and comes again, for minutes. It should change one table that is in use, not two: rounds
 * take theirs in an order of their own, and under load it would never find them both free.
 * @param warn is told what a file has done to rows that an operator should know of (RAISE WARNING)
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
    await client.query(`SET lock_timeout = ${GIVES_WAY_AFTER_MS}`);
    for (const name of missing) {
      for (let tries = 1; !(await apply(client, name, tries === TRIES)); tries++) await pause(PAUSE_MS);
    }
    return missing;
  } finally {
    await client.end();
  }
}

/** Whether it was applied. If not, somebody was in its way, and nothing of it was done. @param last throws where somebody still is */
async function apply(client: ShopClient, name: string, last: boolean): Promise<boolean> {
  try {
    await client.query("BEGIN");
    await client.query(readFileSync(new URL(name, FOLDER), "utf8"));
    await client.query("INSERT INTO migrations (name) VALUES ($1)", [name]);
    await client.query("COMMIT");
    return true;
  } catch (error) {
    await client.query("ROLLBACK");
    if (last || !IN_THE_WAY.has(String((error as { code?: unknown }).code))) throw error;
    return false;
  }
}

/** The files' names, in order. */
export function migrationNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}
