// Writes the results of a run: all figures as JSON, the tables as Markdown, and the chart. A complete run is also kept, dated, in docs/results.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chart } from "./chart.ts";
import type { Section } from "./section.ts";
import { markdown } from "./table.ts";

const DATED_RESULTS = fileURLToPath(new URL("../../docs/results/", import.meta.url));

/** @param complete all sections ran at full length, so the run is kept in docs/results */
export function write(folder: string, about: string[], sections: Section[], startedAt: Date, complete: boolean): void {
  const tables = [...about.map((line) => `- ${line}`), "", ...sections.map(markdown)].join("\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "newest.json"), `${JSON.stringify({ startedAt, about, sections }, rounded, 2)}\n`);
  writeFileSync(join(folder, "newest.md"), tables);
  writeFileSync(join(folder, "newest.svg"), chart(sections));
  if (complete) writeDated(tables, chart(sections), startedAt.toISOString().slice(0, 10));
}

/** Results of other days stay as they are; a second run of a day replaces that day's first. */
function writeDated(tables: string, picture: string, day: string): void {
  const page = [`# Benchmark, ${day}`, "", `![Commands per second](${day}-bench.svg)`, "", tables.trim(), ""].join("\n");
  writeFileSync(join(DATED_RESULTS, `${day}-bench.md`), page);
  writeFileSync(join(DATED_RESULTS, `${day}-bench.svg`), picture);
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
