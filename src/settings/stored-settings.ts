// Settings on which stored data depends are stored with it. An instance with other settings would book a refund on another day than its
// sale, or read won as cents. So it does not start, and a running instance stops when they are changed.

import type pg from "pg";
import { Database } from "../database/pool.ts";
import { ConfigError } from "../env.ts";
import {
  COUNT_INSTANCES,
  HAS_AMOUNTS,
  INSERT_STORED,
  SELECT_STORED,
  selectStored,
  storedColumns,
  TRY_EXCLUSIVE,
  TRY_SHARED,
  TRY_ZONE,
  UPDATE_STORED,
} from "./stored-settings.sql.ts";

export type StoredSettings = { timezone: string; currency: string };

type StoredRow = { name: keyof StoredSettings; value: string };
type Run = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/**
 * Joins the instances that run on this database, for as long as this connection lives. The first instance stores its settings.
 * Errors: ConfigError if the settings differ from the stored ones, or are being changed.
 */
export async function joinInstances(client: pg.Client, { timezone, currency }: StoredSettings): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>(TRY_SHARED);
  if (!rows[0]?.locked) throw new ConfigError("The shop's settings are being changed (npx jangnal recount); start again when that is done.");
  await client.query(TRY_ZONE, [timezone]).catch((error: pg.DatabaseError) => {
    throw error.code === UNKNOWN_ZONE ? new ConfigError(`SHOP_TIMEZONE ${timezone} is unknown to the database server.`) : error;
  });
  await client.query(
    INSERT_STORED,
    storedColumns([
      ["timezone", timezone],
      ["currency", currency],
    ]),
  );
  compare(fromRows((await client.query<StoredRow>(SELECT_STORED)).rows), { timezone, currency });
}

/**
 * Takes the lock that keeps instances out for as long as this connection lives. Gives null if it is taken, otherwise how many instances
 * hold it.
 */
export async function excludeInstances(client: pg.Client): Promise<{ instances: number } | null> {
  const { rows } = await client.query<{ locked: boolean }>(TRY_EXCLUSIVE);
  if (rows[0]?.locked) return null;
  return { instances: (await client.query<{ count: number }>(COUNT_INSTANCES)).rows[0]?.count ?? 0 };
}

/** Compares an instance's settings with the stored ones. Errors: ConfigError if they differ. */
export async function checkStored(database: Database, settings: StoredSettings): Promise<void> {
  compare(await readStored(database), settings);
}

function compare(stored: Partial<StoredSettings>, { timezone, currency }: StoredSettings): void {
  if (stored.timezone !== undefined && !isSameZone(stored.timezone, timezone)) throw new ConfigError(otherTimezone(stored.timezone, timezone));
  if (stored.currency !== undefined && stored.currency !== currency)
    throw new ConfigError(
      `SHOP_CURRENCY is ${currency}, but this shop's amounts are in ${stored.currency}. Set it to that; or, while there is no order, change the shop's: npx jangnal recount --currency ${currency}`,
    );
}

/** The stored settings; none before the shop's first start. Errors: the database's. */
export async function readStored(database: Pick<Database, "rows">): Promise<Partial<StoredSettings>> {
  return fromRows(await database.rows<StoredRow>(selectStored()));
}

/** Stores one setting. */
export async function updateStored(run: Run, name: keyof StoredSettings, value: string): Promise<void> {
  await run(UPDATE_STORED, [name, value]);
}

/** Whether orders or card charges exist, whose amounts are in the stored currency. */
export async function hasAmounts(run: Run): Promise<{ orders: boolean; charges: boolean } | undefined> {
  return (await run<{ orders: boolean; charges: boolean }>(HAS_AMOUNTS))[0];
}

/** The stored time zone of a shop that need not run. @param fallback for a shop that has stored none, because it was never started */
export async function storedTimezone(url: string, fallback: string): Promise<string> {
  const database = new Database(url, { size: 1, onError: () => {} });
  try {
    return (await readStored(database)).timezone ?? fallback;
  } catch (error) {
    if ((error as pg.DatabaseError).code === UNDEFINED_TABLE) return fallback;
    throw error;
  } finally {
    await database.close();
  }
}

/** Checks the time zone in the transaction that counts by days. Errors: ConfigError if another zone is stored. */
export async function checkTimezone(run: Run, timezone: string): Promise<void> {
  const { timezone: stored = timezone } = fromRows(await run<StoredRow>(SELECT_STORED));
  if (!isSameZone(stored, timezone)) throw new ConfigError(otherTimezone(stored, timezone));
}

/** Whether two names mean one time zone. A zone has several names, and releases of the time zone data differ in the canonical one. */
export function isSameZone(a: string, b: string): boolean {
  return a === b || canonical(a) === canonical(b);
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

/** PostgreSQL's error codes undefined_table and invalid_parameter_value. */
const UNDEFINED_TABLE = "42P01";
const UNKNOWN_ZONE = "22023";
