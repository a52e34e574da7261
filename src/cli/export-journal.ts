import { once } from "node:events";
import { readConfig } from "../config.ts";
import { Database } from "../database/pool.ts";
import { journalLines } from "../journal/journal-lines.ts";
import type { CliCommand } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";

export const exportJournal: CliCommand = {
  summary: "Write the operators' journal as NDJSON",
  usage: `

Writes every entry of the operators' journal to the standard output, oldest first, one JSON object on each line. Reads only; the shop may be running.`,
  options: {},
  async run() {
    await withShopDatabase(readConfig(process.env), async (url) => {
      const database = new Database(url, { size: 1, onError: () => {} });
      try {
        for await (const line of journalLines(database)) if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
      } finally {
        await database.close();
      }
    });
    return 0;
  },
};
