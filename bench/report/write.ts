// What is kept of a run: everything as JSON, the tables as text, and the picture; of a whole run also the part of docs/performance.md
// that shows it, so that what is read there is what was measured.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chart } from "./chart.ts";
import type { Section } from "./section.ts";
import { markdown } from "./table.ts";

const DOCUMENT = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
const BEGIN = "<!-- written by npm run bench: begin -->";
const END = "<!-- written by npm run bench: end -->";

/** @param whole every section was run, in earnest: the document shows it */
export function write(folder: string, about: string[], sections: Section[], startedAt: Date, whole: boolean): void {
  const tables = [...about.map((line) => `- ${line}`), "", ...sections.map(markdown)].join("\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "newest.json"), `${JSON.stringify({ startedAt, about, sections }, rounded, 2)}\n`);
  writeFileSync(join(folder, "newest.md"), tables);
  writeFileSync(join(folder, "newest.svg"), chart(sections));
  if (whole) show(tables);
}

/** Errors: the document has lost the marks between which its tables stand. */
function show(tables: string): void {
  const document = readFileSync(DOCUMENT, "utf8");
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no place for the tables, between ${BEGIN} and ${END}`);
  const smaller = tables.replaceAll(/^## /gm, "### ").trim();
  writeFileSync(DOCUMENT, `${document.slice(0, from + BEGIN.length)}\n\n${smaller}\n\n${document.slice(to)}`);
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
