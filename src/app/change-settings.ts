// Changes stored settings while no instance runs: a running instance would go on with the old ones.

import { ShopClient } from "../database/client.ts";
import { databaseNow } from "../database/clock.ts";
import { connectionSettings, Database } from "../database/pool.ts";
import { aggregateSales } from "../popular/aggregate-sales.ts";
import { dayOf } from "../popular/day.ts";
import { type Recounted, recountSales } from "../popular/recount-sales.ts";
import { replaceSnapshots } from "../popular/snapshot-popular.ts";
import { excludeInstances, hasAmounts, isSameZone, readStored, type StoredSettings, updateStored } from "../settings/stored-settings.ts";
import { CHANNEL } from "../till/postgres-store.ts";
import { SETTINGS_CHANGED } from "./invalidation.ts";

/** The settings cannot be changed now, and nothing was changed; `message` is one line. */
export class NotChanged extends Error {}

type Run = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/**
 * Recounts sales in days of this zone and stores the zone, in one transaction: a crash leaves the old zone with its sales.
 * Errors: NotChanged while an instance runs.
 */
export function changeTimezone(url: string, timezone: string): Promise<Recounted> {
  return withoutInstances(url, async (database) => {
    const { timezone: before } = await readStored(database);
    // Sales that are not aggregated yet are counted in the old zone first, so that the recount covers all sales.
    if (before !== undefined && !isSameZone(before, timezone)) await aggregateSales(database, before);
    const day = dayOf(await databaseNow(database), timezone);
    return recountSales(database, timezone, {
      before: (run) => change(run, "timezone", timezone),
      after: (run) => replaceSnapshots(run, day),
    });
  });
}

/** Stores another currency. Errors: NotChanged while an instance runs, or if an order or a card charge exists, whose amounts would change. */
export function changeCurrency(url: string, currency: string): Promise<void> {
  return withoutInstances(url, async (database) => {
    const { currency: before } = await readStored(database);
    await database.transaction(async (run) => {
      const moved = await hasAmounts(run);
      if (before !== currency && (moved?.orders || moved?.charges))
        throw new NotChanged(
          `The currency can be changed only while there is no order and no charge by card, and this shop has ${moved.orders ? "orders" : "charges"}${before === undefined ? "" : ` in ${before}`}.`,
        );
      await change(run, "currency", currency);
    });
  });
}

/** Tells instances too: one may run in spite of the lock, if the lock's connection broke. It stops then. */
async function change(run: Run, name: keyof StoredSettings, value: string): Promise<void> {
  await updateStored(run, name, value);
  await run("SELECT pg_notify($1, $2)", [CHANNEL, SETTINGS_CHANGED]);
}

/** Runs `work` while no instance runs, and none can start. */
async function withoutInstances<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const client = new ShopClient(connectionSettings(url));
  const database = new Database(url, { size: 2, onError: () => {} });
  let lost = false;
  client.on("error", () => (lost = true));
  try {
    await client.connect();
    const blocked = await excludeInstances(client);
    if (blocked) {
      const { instances: count } = blocked;
      const running = count === 0 ? "Another command is changing the shop's settings" : `${count} instance${count === 1 ? "" : "s"} of the shop run`;
      throw new NotChanged(`${running}${count === 1 ? "s" : ""}. Stop them, then run this again: nothing was changed.`);
    }
    return await work(database);
  } finally {
    if (!lost) await client.end();
    await database.close();
  }
}
