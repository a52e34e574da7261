// `npm run chaos -- [--seed N] [--runs M]`: more of what test/campaigns/chaos/chaos.test.ts does.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { seed: { type: "string", default: String(Date.now() % 1_000_000_000) }, runs: { type: "string", default: "2000" } },
});
for (const [name, value] of Object.entries(values)) {
  if (!/^\d+$/.test(value)) {
    console.error(`--${name} must be a whole number.`);
    process.exit(1);
  }
}
console.log(`${values.runs} runs from seed ${values.seed}`);
const env = { ...process.env, CHAOS_SEED: values.seed, CHAOS_RUNS: values.runs };
process.exit(
  spawnSync(process.execPath, [join(import.meta.dirname, "../../run.ts"), "test/campaigns/chaos/chaos.test.ts"], { stdio: "inherit", env }).status ??
    1,
);
