// What is kept of a run: everything as JSON, the tables as text, and the picture.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chart } from "./chart.ts";
import type { Section } from "./section.ts";
import { markdown } from "./table.ts";

export async function write(folder: string, about: string[], sections: Section[], startedAt: Date): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "newest.json"), `${JSON.stringify({ startedAt, about, sections }, rounded, 2)}\n`);
  writeFileSync(join(folder, "newest.md"), [...about.map((line) => `- ${line}`), "", ...sections.map(markdown)].join("\n"));
  writeFileSync(join(folder, "newest.svg"), chart(sections));
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
