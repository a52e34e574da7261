// Measures the rows in turns, repeatedly, so that other load on the machine affects all of them alike.

import type { Options } from "../options.ts";
import type { Baseline, Duration } from "../baselines/baseline.ts";
import type { CpuMeter } from "./cores.ts";
import { medianSample, type Sample } from "./sample.ts";

export type Cell = { name: string; waiting: number; baseline: Baseline };
/** `median` is that of each figure of `runs` separately. */
export type Row = { name: string; waiting: number; median: Sample; runs: Sample[] };

/** Processes whose CPU time is reported, by name. */
export type Meters = Record<string, CpuMeter>;

const WARM_UP: Duration = { ms: 700, warmUpMs: 300 };
const MOST_WARM_UPS = 6;
/** A cost at least this large a share of the one before it is stable. */
const STABLE = 0.95;

/** Measures every cell once per turn, each time after a flush of the disk, and logs its progress. */
export async function interleave(
  fixture: { settle(): Promise<void> },
  meters: Meters,
  cells: Cell[],
  { quick, turns, duration, log }: Options,
): Promise<Row[]> {
  const runs: Sample[][] = cells.map(() => []);
  for (let turn = quick ? 1 : 0; turn <= turns; turn++) {
    for (const [i, cell] of cells.entries()) {
      const { name, waiting, baseline } = cell;
      if (turn === 0) {
        await warmUp(cell, meters);
        continue;
      }
      await fixture.settle();
      for (const meter of Object.values(meters)) meter.begin();
      const sample = metered(await baseline.run(waiting, duration), meters);
      runs[i]?.push(sample);
      const perRequest = Object.entries(sample.micros ?? {}).map(([process, micros]) => `, ${process} ${micros.toFixed(1)} µs`);
      log(`${turn}/${turns} ${name}, ${waiting} waiting: ${Math.round(sample.perSecond)}/s${perRequest.join("")}`);
    }
  }
  return cells.map(({ name, waiting }, i) => ({ name, waiting, median: medianSample(runs[i] ?? []), runs: runs[i] ?? [] }));
}

/** Runs a cell until compilers and caches no longer make its requests cheaper. */
async function warmUp({ baseline, waiting }: Cell, meters: Meters): Promise<void> {
  let last = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MOST_WARM_UPS; i++) {
    for (const meter of Object.values(meters)) meter.begin();
    const { micros } = metered(await baseline.run(waiting, WARM_UP), meters);
    if (micros === undefined) return;
    const cost = Object.values(micros).reduce((sum, one) => sum + one, 0);
    if (cost > last * STABLE) return;
    last = cost;
  }
}

function metered(sample: Sample, meters: Meters): Sample {
  const read = Object.entries(meters).map(([process, meter]) => [process, meter.read()] as const);
  const cores = Object.fromEntries(read.map(([process, used]) => [process, used.cores]));
  const { sent } = sample;
  if (sent === undefined) return { ...sample, cores };
  return { ...sample, cores, micros: Object.fromEntries(read.map(([process, used]) => [process, (used.seconds * 1_000_000) / sent])) };
}
