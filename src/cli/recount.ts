import { readConfig } from "../config.ts";
import { currencyOf, timezoneOf } from "../env.ts";
import { migrate } from "../database/migrate.ts";
import { Database } from "../database/pool.ts";
import { aggregateSales } from "../popular/aggregate-sales.ts";
import { type Recounted, recountSales } from "../popular/recount-sales.ts";
import { changeCurrency, changeTimezone, NotChanged } from "../app/change-settings.ts";
import { storedTimezone } from "../settings/stored-settings.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";

export const recount: CliCommand = {
  summary: "Recount sales from the orders; change the shop's time zone or currency",
  usage: ` [--timezone ZONE] [--currency CODE]

  --timezone ZONE    count sales in days of this time zone, past sales too (Asia/Seoul, America/New_York, …)
  --currency CODE    the currency of all amounts (KRW, USD, …); only while there is no order

Time zone and currency are stored in the database, and an instance with other settings does not start. Change them while no instance runs, and
set SHOP_TIMEZONE and SHOP_CURRENCY of every instance to the same. Without an option, sales are recounted in the shop's time zone; the shop may
go on selling.`,
  options: { timezone: { type: "string" }, currency: { type: "string" } },
  async run({ timezone, currency }) {
    const zone = timezone === undefined ? undefined : timezoneOf("--timezone", String(timezone));
    const code = currency === undefined ? undefined : currencyOf("--currency", String(currency));
    const config = readConfig(process.env);
    try {
      await withShopDatabase(config, async (url) => {
        await migrate(url);
        if (code !== undefined) {
          await changeCurrency(url, code);
          console.log(`The shop's amounts are in ${code}. Start every instance with SHOP_CURRENCY=${code}.`);
        }
        if (zone !== undefined) {
          const recounted = await changeTimezone(url, zone);
          console.log(`The shop counts its days in ${zone}: ${describe(recounted)} Start every instance with SHOP_TIMEZONE=${zone}.`);
        }
        if (zone === undefined && code === undefined)
          console.log(`Sales were recounted: ${describe(await recountInStoredZone(url, config.timezone))}`);
      });
    } catch (error) {
      throw error instanceof NotChanged ? new CommandFailed(error.message) : error;
    }
    return 0;
  },
};

/** @param timezone for a shop that was never started and has stored none */
async function recountInStoredZone(url: string, timezone: string): Promise<Recounted> {
  const stored = await storedTimezone(url, timezone);
  const database = new Database(url, { size: 2, onError: () => {} });
  try {
    await aggregateSales(database, stored);
    return await recountSales(database, stored);
  } finally {
    await database.close();
  }
}

function describe({ rows, corrected }: Recounted): string {
  return `${rows} totals per product and day, ${corrected} of them corrected.`;
}
