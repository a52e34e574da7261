/**
 * `npm run faults [-- --seconds N --sink-seconds N --per-second N --write]`: breaks everything in turn under load and prints what came of
 * it; `--write` keeps it, dated, in docs/results. Ends with 1 where anything was lost, doubled, or not delivered.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runFaults } from "./faults.ts";
import { tableOf } from "./table.ts";

const RESULTS = join(import.meta.dirname, "../../../docs/results");

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
const day = new Date().toISOString().slice(0, 10);
const text = `${availableParallelism()} cores shared by load, instances, databases and brokers.\n\n${tableOf(report)}`;
console.log(text);
if (values.write) writeFileSync(join(RESULTS, `${day}-faults.md`), `# Faults under load, ${day}\n\n${text}`);
const { acknowledged: _, ...wrong } = report.reckoning;
process.exit(Object.values(wrong).some((count) => count > 0) || report.violations.length > 0 || report.crashes > 0 ? 1 : 0);
