import { readConfig } from "../config.ts";
import { databaseNow } from "../database/clock.ts";
import { Database } from "../database/pool.ts";
import { openGateway } from "../gateway/open-gateway.ts";
import { reconcile as compareLedgers, reconciledPeriod } from "../settlement/reconcile.ts";
import { dayOrInstant } from "../order/day-or-instant.ts";
import { storedTimezone } from "../settings/stored-settings.ts";
import { withBooking } from "./book-cancels.ts";
import { csvOf, summaryOf, tableOf } from "./reconciliation-table.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";

export const reconcile: CliCommand = {
  summary: "Compare the shop's card payments with the gateway's ledger",
  usage: ` [--from DAY] [--to DAY] [--json | --csv]

  --from, --to  dates (YYYY-MM-DD) in the shop's time zone, both included, or instants; default: the last 24 hours
  --json        print the result as JSON
  --csv         print the differences as CSV

Books payments that were cancelled as a whole in the gateway's dashboard. Exits with 0 if both sides agree, otherwise with 1. If cards are
simulated, it reads the simulator's ledger in DATA_DIR and books nothing.`,
  options: { from: { type: "string" }, to: { type: "string" }, json: { type: "boolean" }, csv: { type: "boolean" } },
  async run({ from: start, to: end, json, csv }) {
    const config = readConfig(process.env);
    if (config.gateway.kind === "none") throw new CommandFailed("No payment gateway is configured: set PAYMENT_GATEWAY_URL.");
    const { gateway, close } = await openGateway(config.gateway, { dataDir: config.dataDir });
    try {
      const result = await withShopDatabase(config, async (url) => {
        const timezone = await storedTimezone(url, config.timezone);
        const until = dayOrInstant("/to", end as string | undefined, timezone, "end");
        const since = dayOrInstant("/from", start as string | undefined, timezone, "start");
        const database = new Database(url, { size: 2, onError: () => {} });
        try {
          const now = await databaseNow(database);
          const { from, to } = reconciledPeriod(since, until, now);
          const parts = { database, gateway, now };
          // A simulated gateway of this process would not tell the shop's of a refund.
          if (config.gateway.kind === "simulated") return await compareLedgers(parts, from, to);
          return await withBooking({ config, url, database, gateway, now: () => now }, (book) => compareLedgers({ ...parts, book }, from, to));
        } finally {
          await database.close();
        }
      });
      if (json) console.log(JSON.stringify(result, null, 2));
      else if (csv) console.log(csvOf(result.differences));
      else {
        if (result.differences.length > 0) console.log(tableOf(result.differences));
        console.log(summaryOf(result));
      }
      return result.differenceCount === 0 ? 0 : 1;
    } finally {
      await close();
    }
  },
};
