import { readConfig } from "../config.ts";
import { migrate as applyMigrations } from "../database/migrate.ts";
import type { CliCommand } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";

export const migrate: CliCommand = {
  summary: "Migrate the database to this version",
  usage: "\n\n`serve` does the same when it starts. If several run at once, one migrates and the others wait.",
  options: {},
  async run() {
    const applied = await withShopDatabase(readConfig(process.env), (url) => applyMigrations(url, (message) => console.error(message)), {
      creates: true,
    });
    console.log(applied.length === 0 ? "The database is up to date." : `Applied ${applied.join(", ")}.`);
    return 0;
  },
};
