import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { faultsOf } from "../../support/verification.ts";
import { campaign } from "../campaign.ts";
import { runFaults } from "./faults.ts";
import { tableOf } from "./table.ts";

const RESULTS = join(import.meta.dirname, "../../../docs/results");

export default campaign({
  summary: "a failure of Redis, NATS, a webhook receiver, an instance and the PostgreSQL primary in turn, under load",
  options: {
    seconds: { type: "number", default: 10, help: "duration of each phase" },
    "sink-seconds": { type: "number", default: 60, help: "duration of the webhook receiver's failure" },
    "per-second": { type: "number", default: 200, help: "orders per second" },
    write: { type: "flag", help: "write the report, dated, to docs/results" },
  },
  hasHistory: true,
  async run({ seconds, "sink-seconds": sinkSeconds, "per-second": perSecond, write }) {
    const report = await runFaults({
      seconds,
      sinkSeconds,
      perSecond,
      onPhase: ({ name, acknowledged, longestPauseMs }) =>
        console.error(`${name}: ${acknowledged} acknowledged, longest pause ${Math.round(longestPauseMs)} ms`),
    });
    const day = new Date().toISOString().slice(0, 10);
    const text = `${availableParallelism()} cores shared by load, instances, databases and brokers.\n\n${tableOf(report)}`;
    console.log(text);
    if (write) writeFileSync(join(RESULTS, `${day}-faults.md`), `# Faults under load, ${day}\n\n${text}`);
    return Object.values(faultsOf(report.verification)).every(({ length }) => length === 0) && report.violations.length === 0 && report.crashes === 0;
  },
});
