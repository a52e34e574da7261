// Settings that stored data depends on are stored with it. An instance that is set otherwise would put a refund on another day than its
// sale, or read won as cents: it does not start, and one that is running stops when they are changed.

import type pg from "pg";
import { ConfigError } from "../env.ts";
import { Database } from "../database/pool.ts";
import { KEEP_STORED, keptColumns, SELECT_STORED, selectStored, TRY_SHARED, TRY_ZONE } from "./stored-settings.sql.ts";

export type StoredSettings = { timezone: string; currency: string };
/** What instances are told when they are changed. */
export const SETTINGS_CHANGED = "settings";

type StoredRow = { name: keyof StoredSettings; value: string };
type Run = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/**
 * Joins the instances that run on this database, for as long as this connection lives. The first to come stores what it is set to.
 * Errors: ConfigError where its settings are not the shop's, or are being changed.
 */
export async function joinInstances(client: pg.Client, { timezone, currency }: StoredSettings): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>(TRY_SHARED);
  if (!rows[0]?.locked) throw new ConfigError("The shop's settings are being changed (npx jangnal recount); start again when that is done.");
  await client.query(TRY_ZONE, [timezone]).catch((error: pg.DatabaseError) => {
    throw error.code === UNKNOWN_ZONE ? new ConfigError(`SHOP_TIMEZONE ${timezone} is not known to the database's server.`) : error;
  });
  await client.query(
    KEEP_STORED,
    keptColumns([
      ["timezone", timezone],
      ["currency", currency],
    ]),
  );
  refuseOthers(fromRows((await client.query<StoredRow>(SELECT_STORED)).rows), { timezone, currency });
}

/** An instance's settings are still the shop's. Errors: ConfigError. */
export async function checkStored(database: Database, settings: StoredSettings): Promise<void> {
  refuseOthers(await readStored(database), settings);
}

function refuseOthers(stored: Partial<StoredSettings>, { timezone, currency }: StoredSettings): void {
  if (stored.timezone !== undefined && !isSameZone(stored.timezone, timezone)) throw new ConfigError(otherTimezone(stored.timezone, timezone));
  if (stored.currency !== undefined && stored.currency !== currency)
    throw new ConfigError(
      `SHOP_CURRENCY is ${currency}, but this shop's amounts are in ${stored.currency}. Set it to that; or, while there is no order, change the shop's: npx jangnal recount --currency ${currency}`,
    );
}

/** What is stored with the shop; nothing before its first start. Errors: the database's. */
export async function readStored(database: Pick<Database, "rows">): Promise<Partial<StoredSettings>> {
  return fromRows(await database.rows<StoredRow>(selectStored()));
}

/** The zone of a shop that need not run. @param otherwise where it stores none: it has not been started since it would */
export async function storedTimezone(url: string, otherwise: string): Promise<string> {
  const database = new Database(url, { size: 1, onError: () => {} });
  try {
    return (await readStored(database)).timezone ?? otherwise;
  } catch (error) {
    if ((error as pg.DatabaseError).code === NO_TABLE) return otherwise;
    throw error;
  } finally {
    await database.close();
  }
}

/** In the transaction of what is counted in days. Errors: ConfigError where the shop's zone is another by now. */
export async function checkTimezone(run: Run, timezone: string): Promise<void> {
  const { timezone: stored = timezone } = fromRows(await run<StoredRow>(SELECT_STORED));
  if (!isSameZone(stored, timezone)) throw new ConfigError(otherTimezone(stored, timezone));
}

/** One zone has several spellings, and releases of its data differ in which of them is the first. */
export function isSameZone(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

function canonical(zone: string): string {
  return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
}

function fromRows(rows: StoredRow[]): Partial<StoredSettings> {
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

function otherTimezone(stored: string, timezone: string): string {
  return `SHOP_TIMEZONE is ${timezone}, but this shop counts its days in ${stored}. Set it to that; or stop every instance and change the shop's: npx jangnal recount --timezone ${timezone}`;
}

/** Of PostgreSQL: undefined_table, invalid_parameter_value. */
const NO_TABLE = "42P01";
const UNKNOWN_ZONE = "22023";
