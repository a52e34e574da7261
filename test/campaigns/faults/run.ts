/**
 * `npm run faults [-- --seconds N --sink-seconds N --per-second N --write]`: breaks everything in turn under load and prints what came of
 * it; `--write` puts it into docs/reliability.md. Ends with 1 where anything was lost, doubled, or not delivered.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runFaults } from "./faults.ts";
import { tableOf } from "./table.ts";

const PAGE = join(import.meta.dirname, "../../../docs/reliability.md");

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    "sink-seconds": { type: "string", default: "60" },
    "per-second": { type: "string", default: "200" },
    write: { type: "boolean", default: false },
  },
});
const report = await runFaults({
  seconds: Number(values.seconds),
  sinkSeconds: Number(values["sink-seconds"]),
  perSecond: Number(values["per-second"]),
  onPhase: ({ name, acknowledged, longestPauseMs }) =>
    console.error(`${name}: ${acknowledged} acknowledged, longest pause ${Math.round(longestPauseMs)} ms`),
});
const text = `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores shared by load, instances, databases and brokers.\n\n${tableOf(report)}`;
console.log(text);
if (values.write) {
  const page = readFileSync(PAGE, "utf8");
  writeFileSync(
    PAGE,
    page.replace(/(<!-- figures -->\n)[\s\S]*(<!-- end of figures -->)/, (_, begin: string, end: string) => `${begin}\n${text}\n${end}`),
  );
}
const { acknowledged: _, ...wrong } = report.reckoning;
process.exit(Object.values(wrong).some((count) => count > 0) || report.violations.length > 0 || report.crashes > 0 ? 1 : 0);
