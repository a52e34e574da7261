import { createHash } from "node:crypto";
import type { Database } from "../database/pool.ts";

/**
 * Returns the prefix of a shop's keys in Redis: the same for all instances on one database, however
 * they connect to it, and different for every other shop. In braces (a hash tag), so that a Redis
 * cluster keeps a shop's keys on one node, where scripts may use several of them.
 */
export async function shopPrefix(database: Database): Promise<string> {
  const [cluster] = await database.rows<{ cluster: string; name: string }>({
    name: "select cluster",
    text: "SELECT system_identifier::text AS cluster, current_database() AS name FROM pg_control_system()",
    values: [],
  });
  return `{jangnal:${createHash("sha256").update(JSON.stringify(cluster)).digest("hex").slice(0, 12)}}`;
}
