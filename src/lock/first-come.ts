import { textArray, type Statement } from "../database/statement.ts";

/**
 * Admits one instance at a time to these contended keys, until its round ends: PostgreSQL's advisory locks, taken in the round's
 * own first flight, so they cost no round trip and go with the transaction whatever happens to its instance. They spare the
 * contended row the crowd of waiting sessions; the row lock behind them stays the last word.
 * Errors: 55P03 after `lock_timeout`, which the till answers with BUSY.
 */
export function firstComeLock(keys: string[]): Statement {
  return {
    name: "first come",
    text: "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM (SELECT key FROM unnest($1::text[]) key ORDER BY key) keys",
    values: [textArray(keys, (key) => key)],
  };
}
