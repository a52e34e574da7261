// How many rounds may be under way at once? Not part of the usual run: `npm run bench -- --only concurrency` decides the till's default.

import { hot, thousand } from "../baselines/baskets.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Section } from "../report/section.ts";
import { Processor } from "../support/cores.ts";
import { type Cell, interleave } from "../support/interleave.ts";
import { Fixture } from "../support/fixture.ts";

const LANES = [1, 2, 3];
const CROWDS = [16, 64, 256, 1000];
const SALES = { "hot product": hot, "1,000 products": thousand };

export async function concurrency(options: Options): Promise<Section> {
  const stage = await Fixture.open();
  const contenders: TillBaseline[] = [];
  const cells: Cell[] = [];
  try {
    for (const [what, basket] of Object.entries(SALES)) {
      for (const count of LANES) {
        const contender = new TillBaseline(await stage.database(`${basket.name}_${count}`), basket, { concurrency: count });
        contenders.push(contender);
        for (const waiting of CROWDS) cells.push({ name: named(what, count), waiting, contender });
      }
    }
    const rows = await interleave(stage, { driver: new Processor(process.pid, false), postgres: new Processor(stage.pid, true) }, cells, options);
    const ratios = Object.keys(SALES).flatMap((what) =>
      CROWDS.map((waiting) => ({
        name: `${what}, ${waiting} waiting: one lane ÷ two`,
        value: perSecondOf(rows, named(what, 1), waiting) / perSecondOf(rows, named(what, 2), waiting),
      })),
    );
    const rounds = contenders.map(
      ({ till: { served } }, i) =>
        `${Object.keys(SALES)[Math.floor(i / LANES.length)]}, ${LANES[i % LANES.length]} at once: ${Math.round(served.commands / served.rounds)} orders a round on average`,
    );
    return { title: "Lanes", rows, ratios, notes: rounds };
  } finally {
    await Promise.all(contenders.map((one) => one.close()));
    await stage.close();
  }
}

const named = (what: string, count: number): string => `till, ${what}, ${count} ${count === 1 ? "lane" : "concurrency"}`;
