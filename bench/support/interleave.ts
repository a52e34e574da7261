// Rows are measured in turns, again and again: what the machine does meanwhile befalls all of them alike.

import type { Contender, Duration } from "../contenders/contender.ts";
import { Processor } from "./cores.ts";
import { medianSample, type Sample } from "./sample.ts";
import type { Stage } from "./stage.ts";

export type Cell = { name: string; waiting: number; contender: Contender };
/** `median` of `runs`, of each number by itself. */
export type Row = { name: string; waiting: number; median: Sample; runs: Sample[] };

/** Every cell once per turn, so often, each on a settled disk. Tells how far it is. */
export async function interleave(stage: Stage, cells: Cell[], turns: number, duration: Duration, tell: (line: string) => void): Promise<Row[]> {
  const runs: Sample[][] = cells.map(() => []);
  const here = new Processor(process.pid, false);
  const postgres = new Processor(stage.pid, true);
  for (let turn = 1; turn <= turns; turn++) {
    for (const [i, { name, waiting, contender }] of cells.entries()) {
      await stage.settle();
      here.begin();
      postgres.begin();
      const sample = await contender.run(waiting, duration);
      runs[i]?.push({ ...sample, cores: { driver: here.cores(), postgres: postgres.cores() } });
      tell(`${turn}/${turns} ${name}, ${waiting} waiting: ${Math.round(sample.perSecond)}/s`);
    }
  }
  return cells.map(({ name, waiting }, i) => ({ name, waiting, median: medianSample(runs[i] ?? []), runs: runs[i] ?? [] }));
}
