// Rows are measured in turns, again and again: what the machine does meanwhile befalls all of them alike.

import type { Options } from "../options.ts";
import type { Baseline, Duration } from "../baselines/baseline.ts";
import type { Processor } from "./cores.ts";
import { medianSample, type Sample } from "./sample.ts";

export type Cell = { name: string; waiting: number; contender: Baseline };
/** `median` of `runs`, of each number by itself. */
export type Row = { name: string; waiting: number; median: Sample; runs: Sample[] };

/** Processes whose share of the processor is told, by the name under which it is. */
export type Sides = Record<string, Processor>;

const WARM_UP: Duration = { ms: 300, warmUpMs: 300 };

/** Every cell once per turn, so often, each on a settled disk. Tells how far it is. */
export async function interleave(
  stage: { settle(): Promise<void> },
  sides: Sides,
  cells: Cell[],
  { quick, turns, duration, tell }: Options,
): Promise<Row[]> {
  const runs: Sample[][] = cells.map(() => []);
  for (let turn = quick ? 1 : 0; turn <= turns; turn++) {
    for (const [i, { name, waiting, contender }] of cells.entries()) {
      if (turn === 0) {
        await contender.run(waiting, WARM_UP); // Compilers and caches have seen everything once.
        continue;
      }
      await stage.settle();
      for (const side of Object.values(sides)) side.begin();
      const sample = await contender.run(waiting, duration);
      runs[i]?.push({ ...sample, cores: Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, side.cores()])) });
      tell(`${turn}/${turns} ${name}, ${waiting} waiting: ${Math.round(sample.perSecond)}/s`);
    }
  }
  return cells.map(({ name, waiting }, i) => ({ name, waiting, median: medianSample(runs[i] ?? []), runs: runs[i] ?? [] }));
}
