import { readConfig } from "../config.ts";
import { migrate as bringUp } from "../database/migrate.ts";
import type { CliCommand } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";

export const migrate: CliCommand = {
  summary: "Bring the database up to this version",
  usage: "\n\n`serve` does it too, at its start. Of several at once one works and the others wait.",
  options: {},
  async run() {
    const applied = await withShopDatabase(readConfig(process.env), (url) => bringUp(url, (message) => console.error(message)));
    console.log(applied.length === 0 ? "The database is up to date." : `Applied ${applied.join(", ")}.`);
    return 0;
  },
};
