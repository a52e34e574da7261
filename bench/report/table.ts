// Formats a section as Markdown, for the terminal, bench/results and docs/results.

import { isMet, type Ratio, type Section } from "./section.ts";

export function markdown({ title, rows, ratios, notes }: Section): string {
  const lines = [`## ${title}`, ""];
  if (rows.length > 0) {
    const metered = rows.some(({ median }) => Object.keys(median.micros ?? {}).length > 0);
    const used = metered ? "µs per request" : "cores";
    lines.push(`| | waiting | per second | lowest–highest run | p50 ms | p99 ms | ${used} |`, "| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for (const { name, waiting, median, runs } of rows) {
      const speeds = runs.map(({ perSecond }) => perSecond);
      const processes = Object.entries((metered ? median.micros : median.cores) ?? {})
        .filter(([, cpu]) => !metered || cpu >= 1)
        .map(([process, cpu]) => `${process} ${cpu.toFixed(1)}`)
        .join(", ");
      lines.push(
        `| ${name} | ${count(waiting)} | ${count(median.perSecond)} | ${count(Math.min(...speeds))}–${count(Math.max(...speeds))} | ${ms(median.p50)} | ${ms(median.p99)} | ${processes} |`,
      );
    }
    lines.push("");
  }
  if (ratios.length > 0) {
    lines.push("| ratio | measured | target | |", "| --- | ---: | ---: | --- |");
    for (const ratio of ratios) lines.push(`| ${ratio.name} | ${shown(ratio)} | ${target(ratio)} | ${outcome(ratio)} |`);
    lines.push("");
  }
  return [...lines, ...notes.map((note) => `- ${note}`), ""].join("\n");
}

const count = (value: number): string => Math.round(value).toLocaleString("en");
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);

function shown({ value, unit = "" }: Ratio): string {
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}${unit}`;
}

function target({ min, max, unit = "" }: Ratio): string {
  if (min !== undefined) return `≥ ${min}${unit}`;
  return max === undefined ? "" : `≤ ${max}${unit}`;
}

function outcome(ratio: Ratio): string {
  const met = isMet(ratio);
  return met === undefined ? "" : met ? "met" : "**not met**";
}
