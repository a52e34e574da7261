// Throughput by the number of concurrent rounds, which the till's default is based on. Not part of the usual run:
// `npm run bench -- --only concurrency`.

import { hot, thousand } from "../baselines/orders.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Section } from "../report/section.ts";
import { CpuMeter } from "../support/cores.ts";
import { type Cell, interleave } from "../support/interleave.ts";
import { Fixture } from "../support/fixture.ts";

const CONCURRENCIES = [1, 2, 3];
const CLIENT_COUNTS = [16, 64, 256, 1000];
const SALES = { "hot product": hot, "1,000 products": thousand };

export async function concurrency(options: Options): Promise<Section> {
  const fixture = await Fixture.open();
  const baselines: TillBaseline[] = [];
  const cells: Cell[] = [];
  try {
    for (const [what, orderOf] of Object.entries(SALES)) {
      for (const count of CONCURRENCIES) {
        const baseline = new TillBaseline(await fixture.database(`${orderOf.name}_${count}`), orderOf, { concurrency: count });
        baselines.push(baseline);
        for (const waiting of CLIENT_COUNTS) cells.push({ name: named(what, count), waiting, baseline });
      }
    }
    const rows = await interleave(fixture, { driver: new CpuMeter(process.pid, false), postgres: new CpuMeter(fixture.pid, true) }, cells, options);
    const ratios = Object.keys(SALES).flatMap((what) =>
      CLIENT_COUNTS.map((waiting) => ({
        name: `${what}, ${waiting} waiting: one round at a time ÷ two`,
        value: perSecondOf(rows, named(what, 1), waiting) / perSecondOf(rows, named(what, 2), waiting),
      })),
    );
    const rounds = baselines.map(
      ({ till: { served } }, i) =>
        `${Object.keys(SALES)[Math.floor(i / CONCURRENCIES.length)]}, ${CONCURRENCIES[i % CONCURRENCIES.length]} at a time: ${Math.round(served.commands / served.rounds)} orders a round on average`,
    );
    return { title: "Concurrent rounds", rows, ratios, notes: rounds };
  } finally {
    await Promise.all(baselines.map((one) => one.close()));
    await fixture.close();
  }
}

const named = (what: string, count: number): string => `till, ${what}, ${count} ${count === 1 ? "round" : "rounds"} at a time`;
