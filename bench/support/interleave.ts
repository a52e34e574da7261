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

const WARM_UP: Duration = { ms: 300, warmUpMs: 300 };

/** Measures every cell once per turn, each time after a flush of the disk, and logs its progress. */
export async function interleave(
  fixture: { settle(): Promise<void> },
  meters: Meters,
  cells: Cell[],
  { quick, turns, duration, log }: Options,
): Promise<Row[]> {
  const runs: Sample[][] = cells.map(() => []);
  for (let turn = quick ? 1 : 0; turn <= turns; turn++) {
    for (const [i, { name, waiting, baseline }] of cells.entries()) {
      if (turn === 0) {
        await baseline.run(waiting, WARM_UP); // Warms up compilers and caches.
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

function metered(sample: Sample, meters: Meters): Sample {
  const read = Object.entries(meters).map(([process, meter]) => [process, meter.read()] as const);
  const cores = Object.fromEntries(read.map(([process, used]) => [process, used.cores]));
  const { sent } = sample;
  if (sent === undefined) return { ...sample, cores };
  return { ...sample, cores, micros: Object.fromEntries(read.map(([process, used]) => [process, (used.seconds * 1_000_000) / sent])) };
}
