import { textArray, type Statement } from "../database/statement.ts";

/** Its shared form is held by each running instance, its exclusive form by the command that changes stored settings. */
const LOCK_KEY = 7_264_003;

/** Both last as long as their connection. */
export const TRY_SHARED = `SELECT pg_try_advisory_lock_shared(${LOCK_KEY}) AS locked`;
export const TRY_EXCLUSIVE = `SELECT pg_try_advisory_lock(${LOCK_KEY}) AS locked`;

export const COUNT_INSTANCES = `SELECT count(*) AS count FROM pg_locks
  WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = 0 AND objid = ${LOCK_KEY} AND objsubid = 1 AND mode = 'ShareLock' AND granted`;

export const SELECT_STORED = "SELECT name, value FROM stored_settings";
export const KEEP_STORED = "INSERT INTO stored_settings (name, value) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING";
export const CHANGE_STORED = `INSERT INTO stored_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;

/** 22023 where PostgreSQL has no such zone. */
export const TRY_ZONE = "SELECT clock_timestamp() AT TIME ZONE $1";

/** Whether anything stands in the books, or at the gateway, in the shop's currency. */
export const HAS_MONEY_MOVED = "SELECT EXISTS (SELECT FROM orders) AS orders, EXISTS (SELECT FROM card_charges) AS charges";

export function keptColumns(settings: [name: string, value: string][]): string[] {
  return [textArray(settings, ([name]) => name), textArray(settings, ([, value]) => value)];
}

export function selectStored(): Statement {
  return { name: "select stored settings", text: SELECT_STORED, values: [] };
}
