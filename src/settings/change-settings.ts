// Changes what is stored with the shop, while no instance runs: one that went on would show, and take from its users, what is no longer so.

import { databaseNow } from "../database/clock.ts";
import { ShopClient } from "../database/client.ts";
import { connectionSettings, Database } from "../database/pool.ts";
import { aggregateSales } from "../popular/aggregate-sales.ts";
import { dayOf } from "../popular/day.ts";
import { type Recounted, recountSales } from "../popular/recount-sales.ts";
import { replaceSnapshots } from "../popular/snapshot-popular.ts";
import { CHANGE_STORED, COUNT_INSTANCES, HAS_MONEY_MOVED, TRY_EXCLUSIVE } from "./stored-settings.sql.ts";
import { CHANNEL } from "../till/postgres-store.ts";
import { isSameZone, readStored, SETTINGS_CHANGED, type StoredSettings } from "./stored-settings.ts";

/** Said in one line: the settings can't be changed now. Nothing was. */
export class NotChanged extends Error {}

/**
 * Counts the sales anew in days of this zone, and makes it the shop's, in one transaction: a crash leaves the old zone with its sales.
 * Errors: NotChanged while an instance runs.
 */
export function changeTimezone(url: string, timezone: string): Promise<Recounted> {
  return alone(url, async (database) => {
    const { timezone: before } = await readStored(database);
    // What is sold by now is counted in the old zone first, so that the recount is of everything.
    if (before !== undefined && !isSameZone(before, timezone)) await aggregateSales(database, before);
    const day = dayOf(await databaseNow(database), timezone);
    return recountSales(database, timezone, {
      before: (run) => change(run, "timezone", timezone),
      after: (run) => replaceSnapshots(run, day),
    });
  });
}

/** Errors: NotChanged while an instance runs, or once there is an order or a charge by card: their amounts would become others. */
export function changeCurrency(url: string, currency: string): Promise<void> {
  return alone(url, async (database) => {
    const { currency: before } = await readStored(database);
    await database.transaction(async (run) => {
      const [moved] = await run<{ orders: boolean; charges: boolean }>(HAS_MONEY_MOVED);
      if (before !== currency && (moved?.orders || moved?.charges))
        throw new NotChanged(
          `The currency can be changed only while there is no order and no charge by card, and this shop has ${moved.orders ? "orders" : "charges"}${before === undefined ? "" : ` in ${before}`}.`,
        );
      await change(run, "currency", currency);
    });
  });
}

/** An instance that is there all the same, because the line that held it off broke, hears of it and stops. */
async function change(run: (text: string, values: unknown[]) => Promise<unknown>, name: keyof StoredSettings, value: string): Promise<void> {
  await run(CHANGE_STORED, [name, value]);
  await run("SELECT pg_notify($1, $2)", [CHANNEL, SETTINGS_CHANGED]);
}

/** No instance runs meanwhile, and none can start. */
async function alone<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const client = new ShopClient(connectionSettings(url));
  const database = new Database(url, { size: 2, onError: () => {} });
  let lost = false;
  client.on("error", () => (lost = true));
  try {
    await client.connect();
    const { rows } = await client.query<{ locked: boolean }>(TRY_EXCLUSIVE);
    if (!rows[0]?.locked) {
      const count = (await client.query<{ count: number }>(COUNT_INSTANCES)).rows[0]?.count ?? 0;
      const running = count === 0 ? "Another command is changing the shop's settings" : `${count} instance${count === 1 ? "" : "s"} of the shop run`;
      throw new NotChanged(`${running}${count === 1 ? "s" : ""}. Stop them, then run this again: nothing was changed.`);
    }
    return await work(database);
  } finally {
    if (!lost) await client.end();
    await database.close();
  }
}
