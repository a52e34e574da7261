import { readConfig } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { journalLines } from "../journal/journal-lines.ts";
import type { CliCommand } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";
import { printLines } from "./print-lines.ts";

export const exportJournal: CliCommand = {
  summary: "Write the operators' journal as NDJSON",
  usage: `

Writes every entry of the operators' journal to the standard output, oldest first, one JSON object on each line. Reads only; the shop may be running.`,
  options: {},
  async run() {
    await withShopDatabase(readConfig(process.env), (url) => printLines(url, entriesOf));
    return 0;
  },
};

async function* entriesOf(database: Database): AsyncGenerator<string> {
  for await (const line of journalLines(database)) yield `${line}\n`;
}
