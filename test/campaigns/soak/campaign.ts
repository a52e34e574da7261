import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { campaign, SEED } from "../campaign.ts";
import type { Leak } from "./arrangement.ts";
import { chart } from "./chart.ts";
import { reportOf } from "./report.ts";
import { soak, type SoakRun } from "./soak.ts";

const RESULTS = join(import.meta.dirname, "../../../docs/results");
const LEAKS: readonly string[] = ["descriptor", "memory", "transaction"] satisfies Leak[];
const PRINT_EVERY_MS = 60_000;

export default campaign({
  summary: "steady traffic at a shop with all its parts; memory, descriptors, connections, tables and logs must not grow beyond the work done",
  options: {
    seed: SEED,
    minutes: { type: "number", default: 60, help: "duration" },
    sessions: { type: "number", default: 3, help: "visits of shoppers per second" },
    every: { type: "number", default: 10_000, help: "time between two samples in ms" },
    leak: { type: "text", help: `a control: the harness leaks; ${LEAKS.join(", ")}` },
    "leak-every": { type: "number", default: 1, help: "one of this number of requests leaks" },
    save: { type: "text", help: "write all samples to this file" },
    from: { type: "text", help: "judge the samples of such a file again" },
    write: { type: "flag", help: "write the report and its chart, dated, to docs/results" },
  },
  async run({ seed, minutes, sessions, every, leak, "leak-every": leakEvery, save, from, write }) {
    if (leak !== undefined && !LEAKS.includes(leak)) throw new Error(`--leak must be one of ${LEAKS.join(", ")}`);
    let printedAt = 0;
    const run: SoakRun =
      from === undefined
        ? await soak({
            seed,
            minutes,
            sessionsPerSecond: sessions,
            everyMs: every,
            leak: leak as Leak | undefined,
            leakEvery,
            onSample({ at, work, processes, database }) {
              if (at - printedAt < PRINT_EVERY_MS) return;
              printedAt = at;
              console.error(
                `${JSON.stringify(work)} ${processes.map(({ name, cpuMs }) => `${name} ${Math.round(cpuMs / 1000)} s`).join(", ")}, ${Math.round(database.bytes / 1e6)} MB`,
              );
            },
          })
        : (JSON.parse(readFileSync(from, "utf8")) as SoakRun);
    if (save !== undefined) writeFileSync(save, JSON.stringify(run));
    const { text, grows } = reportOf(run);
    console.log(text);
    if (write) {
      const day = new Date(run.to).toISOString().slice(0, 10);
      writeFileSync(join(RESULTS, `${day}-soak.svg`), chart(run));
      writeFileSync(join(RESULTS, `${day}-soak.md`), `# Soak, ${day}\n\n${text}\n\n![Series of the run](${day}-soak.svg)\n`);
    }
    return leak === undefined ? grows.length === 0 && run.findings.length === 0 : grows.length > 0;
  },
});
