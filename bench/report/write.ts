// Writes the results of a run as JSON, Markdown tables and a chart. A whole run also writes the tables into docs/performance.md.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chart } from "./chart.ts";
import type { Section } from "./section.ts";
import { markdown } from "./table.ts";

const DOCUMENT = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
const BEGIN = "<!-- written by npm run bench: begin -->";
const END = "<!-- written by npm run bench: end -->";

/** @param whole whether all sections were run and none quickly, so that docs/performance.md may show the results */
export function write(folder: string, about: string[], sections: Section[], startedAt: Date, whole: boolean): void {
  const tables = [...about.map((line) => `- ${line}`), "", ...sections.map(markdown)].join("\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "newest.json"), `${JSON.stringify({ startedAt, about, sections }, rounded, 2)}\n`);
  writeFileSync(join(folder, "newest.md"), tables);
  writeFileSync(join(folder, "newest.svg"), chart(sections));
  if (whole) updateDocument(tables);
}

/** Errors: the document lacks the comments between which the tables belong. */
function updateDocument(tables: string): void {
  const document = readFileSync(DOCUMENT, "utf8");
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} lacks ${BEGIN} or ${END}`);
  const withSubheadings = tables.replaceAll(/^## /gm, "### ").trim();
  writeFileSync(DOCUMENT, `${document.slice(0, from + BEGIN.length)}\n\n${withSubheadings}\n\n${document.slice(to)}`);
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
