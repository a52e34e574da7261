/**
 * `npm run bench` starts the baselines, measures them in turns, audits their databases, and writes the results.
 * It needs nothing installed. See docs/internals/performance.md.
 */
import { markdown } from "./report/table.ts";
import type { Section } from "./report/section.ts";
import { write } from "./report/write.ts";
import { machine } from "./report/machine.ts";
import { type Options, readOptions, RESULTS } from "./options.ts";
import { blocks } from "./sections/blocks.ts";
import { checkpoints } from "./sections/checkpoints.ts";
import { counter } from "./sections/counter.ts";
import { coupons } from "./sections/coupons.ts";
import { draw } from "./sections/draw.ts";
import { drops } from "./sections/drops.ts";
import { growth } from "./sections/growth.ts";
import { http } from "./sections/http.ts";
import { concurrency } from "./sections/concurrency.ts";
import { listeners } from "./sections/listeners.ts";
import { start } from "./sections/start.ts";
import { workers } from "./sections/workers.ts";

const SECTIONS: Record<string, (options: Options) => Promise<Section>> = {
  start,
  counter,
  http,
  coupons,
  growth,
  checkpoints,
  drops,
  draw,
  listeners,
  workers,
  concurrency,
  blocks,
};
/** Run only if named by `--only`. */
const OPTIONAL = new Set(["checkpoints", "drops", "draw", "listeners", "workers", "concurrency", "blocks"]);

const options = readOptions(process.argv.slice(2));
const unknown = options.only.filter((name) => !SECTIONS[name]);
if (unknown.length > 0) throw new Error(`unknown section ${unknown.join(", ")}; sections are ${Object.keys(SECTIONS).join(", ")}`);

const startedAt = new Date();
const results: Section[] = [];
for (const [name, measure] of Object.entries(SECTIONS)) {
  if (options.only.length > 0 ? !options.only.includes(name) : OPTIONAL.has(name)) continue;
  options.log(`\n${name}`);
  results.push(await measure(options));
}
const about = machine(startedAt, options);
console.log([...about.map((line) => `- ${line}`), "", ...results.map(markdown)].join("\n"));
write(options.results, about, results, startedAt, options.only.length === 0 && !options.quick && options.results === RESULTS);
