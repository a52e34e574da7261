import { createHash } from "node:crypto";
import type { Database } from "../database/pool.ts";

/**
 * What a shop's keys in Redis begin with: the same for all instances on one database, however they reach it, and another for every
 * other shop. In braces, so that a Redis cluster keeps a shop's keys together and scripts may touch several.
 */
export async function shopPrefix(database: Database): Promise<string> {
  const [found] = await database.rows<{ cluster: string; name: string }>({
    name: "select cluster",
    text: "SELECT system_identifier::text AS cluster, current_database() AS name FROM pg_control_system()",
    values: [],
  });
  return `{jangnal:${createHash("sha256").update(JSON.stringify(found)).digest("hex").slice(0, 12)}}`;
}
