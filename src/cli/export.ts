import { readConfig } from "../config.ts";
import { EXPORTS, exportLines, type ExportName } from "../export/export.ts";
import { storedTimezone } from "../settings/stored-settings.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";
import { printLines } from "./print-lines.ts";

export const exportData: CliCommand = {
  summary: "Write products, orders, users or the ledger to standard output",
  usage: ` ${EXPORTS.join("|")} [--format csv|ndjson]

  --format FORMAT    ndjson (default): a line for each product, order, user or movement of money
                     csv: a row for each variant, line item, user or movement of money

Reads in pages, and blocks no other transaction: the shop may go on selling. Rehearsals are left out. Orders have addresses and notes, so keep
the file as carefully as the shop. Products as NDJSON are in the form that npx jangnal import takes.`,
  options: { format: { type: "string" } },
  async run({ format = "ndjson" }, [name, ...more]) {
    if (!EXPORTS.includes(name as ExportName) || more.length > 0)
      throw new CommandFailed(`Give one of ${EXPORTS.join(", ")}: npx jangnal export orders`);
    if (format !== "csv" && format !== "ndjson") throw new CommandFailed("--format must be csv or ndjson.");
    const config = readConfig(process.env);
    await withShopDatabase(config, async (url) => {
      const timezone = await storedTimezone(url, config.timezone);
      await printLines(url, (database) => exportLines(database, name as ExportName, { format, timezone }));
    });
    return 0;
  },
};
