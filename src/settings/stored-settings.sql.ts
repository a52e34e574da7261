import { textArray, type Statement } from "../database/statement.ts";

/** Advisory lock: running instances share it, and a command that changes stored settings holds it exclusively. */
const LOCK_KEY = 7_264_003;
/** Shared by instances that know orders in one row. Those of older versions hold only the lock above (migration 0023). */
const ORDER_LAYOUT_KEY = 7_264_004;

/** Both locks last as long as their connection. */
export const TRY_SHARED = `SELECT pg_try_advisory_lock_shared(${LOCK_KEY}) AS locked, pg_try_advisory_lock_shared(${ORDER_LAYOUT_KEY})`;
export const TRY_EXCLUSIVE = `SELECT pg_try_advisory_lock(${LOCK_KEY}) AS locked`;

export const COUNT_INSTANCES = `SELECT count(*) AS count FROM pg_locks
  WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = 0 AND objid = ${LOCK_KEY} AND objsubid = 1 AND mode = 'ShareLock' AND granted`;

/** Without the row `cluster` of migration 0084. */
export const SELECT_STORED = "SELECT name, value FROM stored_settings WHERE name IN ('timezone', 'currency')";
export const INSERT_STORED = "INSERT INTO stored_settings (name, value) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING";
export const UPDATE_STORED = `INSERT INTO stored_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;

/** Fails with 22023 if PostgreSQL does not know the time zone. */
export const TRY_ZONE = "SELECT clock_timestamp() AT TIME ZONE $1";

/** Whether amounts in the shop's currency exist: orders here, or charges at the gateway. */
export const HAS_AMOUNTS = "SELECT EXISTS (SELECT FROM orders) AS orders, EXISTS (SELECT FROM card_charges) AS charges";

export function storedColumns(settings: [name: string, value: string][]): string[] {
  return [textArray(settings, ([name]) => name), textArray(settings, ([, value]) => value)];
}

export function selectStored(): Statement {
  return { name: "select stored settings", text: SELECT_STORED, values: [] };
}
