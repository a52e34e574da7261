import { type Statement, textArray } from "../database/statement.ts";
import type { FirstComeLock } from "./lock.ts";

/**
 * Admission by PostgreSQL's advisory locks. The round's own transaction takes them in its first
 * round trip and releases them when it ends, whatever happens to its instance.
 * Errors: 55P03 in the transaction after `lock_timeout`, which the till answers with BUSY.
 */
export const postgresLock: FirstComeLock = {
  admit: async (keys) => ({ statement: takeAdvisoryLocks(keys), leave() {} }),
};

/** In order of the keys, so that two rounds never wait for each other in a cycle. */
export function takeAdvisoryLocks(keys: string[]): Statement {
  return {
    name: "take advisory locks",
    text: "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM (SELECT key FROM unnest($1::text[]) key ORDER BY key) keys",
    values: [textArray(keys, (key) => key)],
  };
}
