import { audit as check } from "../audit/audit.ts";
import { readConfig } from "../config.ts";
import type { CliCommand } from "./command-line.ts";
import { storedTimezone } from "../settings/stored-settings.ts";
import { withShopDatabase } from "./own-database.ts";

export const audit: CliCommand = {
  summary: "Check every invariant on the live database",
  usage: `

  --json        print the report as JSON

Reads only, and blocks no other transaction: the shop may go on selling. Exits with 0 if all invariants hold, otherwise with 1.`,
  options: { json: { type: "boolean" } },
  async run({ json }) {
    const config = readConfig(process.env);
    const startedAt = performance.now();
    const { violations, checkedAt } = await withShopDatabase(config, async (url) => check({ url }, await storedTimezone(url, config.timezone)));
    if (json) {
      console.log(JSON.stringify({ violations, checkedAt }, null, 2));
    } else {
      for (const { invariant, what, ...details } of violations) console.log(`invariant ${invariant}: ${what} ${JSON.stringify(details)}`);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(violations.length === 0 ? `All invariants hold (${seconds} s).` : `${violations.length} violations (${seconds} s).`);
    }
    return violations.length === 0 ? 0 : 1;
  },
};
