// The report of a soak test in Markdown.

import { judge, type Verdict } from "./judge.ts";
import { seriesOf } from "./series.ts";
import type { Sample } from "./samples.ts";
import type { SoakRun } from "./soak.ts";

const FINDINGS_PRINTED = 50;
const TABLES_PRINTED = 14;

/** `grows`: the series that grow more than allowed. */
export function reportOf(run: SoakRun): { text: string; grows: Verdict[] } {
  const verdicts = seriesOf(run.samples, run.probes).map((series) => judge(series, run));
  const grows = verdicts.filter(({ verdict }) => verdict === "grows");
  const [first, last] = [run.samples[0], run.samples.at(-1)];
  if (!first || !last) throw new Error("there are no samples");
  const text = [workOf(run, first, last), verdictTable(verdicts), tableTable(run.samples), findingsOf(run)].join("\n\n");
  return { text, grows };
}

function workOf({ from, to, events, answers }: SoakRun, first: Sample, last: Sample): string {
  const seconds = (to - from) / 1000;
  const count = (status: RegExp): number => answers.filter(([answer]) => status.test(answer)).reduce((sum, [, times]) => sum + times, 0);
  const cpu = last.processes.map(({ name, pid, cpuMs }) => {
    const before = first.processes.find((process) => process.pid === pid)?.cpuMs ?? 0;
    return `${name} ${((cpuMs - before) / seconds / 10).toFixed(1)} %`;
  });
  const vacuums = last.database.tables.reduce((sum, { autovacuums }) => sum + autovacuums, 0);
  return [
    "| | |",
    "| --- | --- |",
    `| duration | ${Math.round(seconds / 60)} min |`,
    `| requests; orders; drops; streams | ${last.work.requests}; ${last.work.orders}; ${last.work.drops}; ${last.work.streams} |`,
    `| answers 503 | ${count(/ (BUSY|UNAVAILABLE)$/)} |`,
    `| events of orders at the webhook receiver | ${events} |`,
    `| processor time of a core | ${cpu.join(", ")} |`,
    `| database; logs of the shop and of PostgreSQL | ${mb(last.database.bytes)}; ${mb(last.shopLogBytes)} and ${mb(last.database.logBytes)} |`,
    `| runs of autovacuum; temporary files | ${vacuums}; ${last.database.tempFiles} |`,
  ].join("\n");
}

/** Small tables whose size did not grow are only counted. */
function verdictTable(all: Verdict[]): string {
  const verdicts = all.filter(({ name, verdict }) => !(verdict === "flat" && /^table .*, bytes$/.test(name)));
  const smallTables = all.length - verdicts.length;
  const value = (number: number, unit: string): string => (Number.isNaN(number) ? "–" : `${round(number)} ${unit}`.trim());
  return [
    "| Series | Level after the warm-up | Growth since then | Allowed | |",
    "| --- | ---: | ---: | ---: | --- |",
    ...verdicts.map(
      ({ name, unit, level, growth, allowed, verdict }) =>
        `| ${name} | ${value(level, unit)} | ${value(growth, unit)} | ${value(allowed, unit)} | ${verdict === "grows" ? "**grows**" : verdict} |`,
    ),
    `| ${smallTables} tables whose rows hardly grow in number, bytes | – | – | 1 MB and a fifth each | flat |`,
  ].join("\n");
}

function round(number: number): string {
  return String(Number(number.toPrecision(3)));
}

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** The largest tables at the end. */
function tableTable(samples: Sample[]): string {
  const tables = (samples.at(-1)?.database.tables ?? []).toSorted((a, b) => b.heapBytes + b.indexBytes - a.heapBytes - a.indexBytes);
  return [
    "| Table | Rows | Dead | Table | Indexes | Runs of autovacuum |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...tables
      .slice(0, TABLES_PRINTED)
      .map(
        ({ name, live, dead, heapBytes, indexBytes, autovacuums }) =>
          `| ${name} | ${live} | ${dead} | ${mb(heapBytes)} | ${mb(indexBytes)} | ${autovacuums} |`,
      ),
  ].join("\n");
}

function findingsOf({ findings }: SoakRun): string {
  if (findings.length === 0)
    return "Findings: none. The audit is clean, each acknowledged order is there once, and each event was delivered in order.";
  return [`Findings: ${findings.length}.`, "", ...findings.slice(0, FINDINGS_PRINTED).map((finding) => `- ${finding}`)].join("\n");
}
