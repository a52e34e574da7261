// Rows 2 to 4, in process: the limit, the textbook, and the till, on one PostgreSQL, in turns.

import { hot, tenLines, thousand, withCoupon } from "../baselines/baskets.ts";
import { UpperBoundBaseline } from "../baselines/upper-bound.ts";
import { TextbookBaseline, type Way } from "../baselines/textbook.ts";
import { PLACE_ORDER } from "../baselines/textbook.sql.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Baseline } from "../baselines/baseline.ts";
import { perSecondOf, type Ratio, rowOf, type Section } from "../report/section.ts";
import type { Options } from "../options.ts";
import { Processor } from "../support/cores.ts";
import { emptyRounds, flushes } from "../support/flush.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { assertCorrect } from "../support/verify.ts";
import { median, type Sample } from "../support/sample.ts";
import { Fixture } from "../support/fixture.ts";

const CROWD = 256;
const WAYS: Way[] = ["locks first", "hot row last", "stored function"];

export async function counter(options: Options): Promise<Section> {
  const { turns, quick, tell } = options;
  const stage = await Fixture.open();
  const contenders: Baseline[] = [];
  try {
    const cells: Cell[] = [];
    const enter = (name: string, contender: Baseline, ...crowds: number[]): void => {
      contenders.push(contender);
      for (const waiting of crowds) cells.push({ name, waiting, contender });
    };
    const till = new TillBaseline(await stage.database("till"), hot);
    enter("till, hot product", till, ...(quick ? [1, CROWD] : [1, 64, CROWD, 1000, 4000]));
    enter("limit, one connection", new UpperBoundBaseline(await stage.database("limit"), 1), CROWD);
    enter("limit, two connections", new UpperBoundBaseline(await stage.database("limit_2"), 2), CROWD);
    const textbook = await stage.database("textbook");
    await stage.query("textbook", (client) => client.query(PLACE_ORDER));
    for (const way of WAYS) enter(`textbook, ${way}, hot product`, new TextbookBaseline(textbook, way, hot), CROWD);
    enter("textbook, stored function, 1,000 products", new TextbookBaseline(textbook, "stored function", thousand), CROWD);
    enter("till, 1,000 products", new TillBaseline(await stage.database("till_thousand"), thousand), CROWD, ...(quick ? [] : [1000]));
    enter("till, ten lines", new TillBaseline(await stage.database("till_ten"), tenLines), CROWD);
    enter("till, with coupon", new TillBaseline(await stage.database("till_coupon"), withCoupon()), CROWD);

    const least = await leastTimes(stage, till.url, turns, quick ? 200 : 1000);
    const { served } = till.till;
    const rows = await interleave(stage, { driver: new Processor(process.pid, false), postgres: new Processor(stage.pid, true) }, cells, options);
    const orders = await check(contenders, tell);
    return {
      title: "At the counter, in process",
      rows,
      ratios: ratios(rows, least),
      notes: [
        ...least.notes,
        `all crowds together: ${Math.round(served.commands / served.rounds)} orders a round on average`,
        `audit: no violation in ${orders} orders`,
      ],
    };
  } finally {
    await Promise.all(contenders.map((one) => one.close()));
    await stage.close();
  }
}

type Least = { emptyRound: number; notes: string[] };

async function leastTimes(stage: Fixture, url: string, turns: number, ms: number): Promise<Least> {
  const disk: Sample[] = [];
  const empty: Sample[] = [];
  for (let turn = 0; turn < turns; turn++) {
    disk.push(flushes(stage.directory, ms));
    empty.push(await emptyRounds(url, ms));
  }
  const emptyRound = median(empty.map(({ p50 }) => p50));
  const notes = [
    `disk: ${Math.round(median(disk.map(({ perSecond }) => perSecond)))} flushes of 8 kB a second, ${median(disk.map(({ p50 }) => p50)).toFixed(2)} ms each`,
    `two round trips and one commit of one row: ${emptyRound.toFixed(2)} ms`,
  ];
  return { emptyRound, notes };
}

async function check(contenders: Baseline[], tell: (line: string) => void): Promise<number> {
  let orders = 0;
  for (const url of new Set(contenders.map((one) => one.url))) {
    tell(`audit of ${new URL(url).pathname.slice(1)}`);
    orders += await assertCorrect(url);
  }
  return orders;
}

function ratios(rows: Row[], { emptyRound }: Least): Ratio[] {
  const till = perSecondOf(rows, "till, hot product", CROWD);
  const limit = Math.max(perSecondOf(rows, "limit, one connection", CROWD), perSecondOf(rows, "limit, two connections", CROWD));
  const textbook = (way: Way): number => perSecondOf(rows, `textbook, ${way}, hot product`, CROWD);
  const thousand = perSecondOf(rows, "till, 1,000 products", CROWD);
  const crowded = rows.find((row) => row.name === "till, hot product" && row.waiting === 1000)?.median;
  return [
    {
      name: "till ÷ textbook with a round trip per statement, hot product",
      value: till / Math.max(textbook("locks first"), textbook("hot row last")),
      least: 50,
    },
    { name: "till ÷ best textbook (stored function, hot row last), hot product", value: till / textbook("stored function"), least: 20 },
    { name: "till ÷ best textbook, 1,000 products", value: thousand / perSecondOf(rows, "textbook, stored function, 1,000 products", CROWD) },
    { name: "till ÷ limit, hot product", value: till / limit, least: 0.7 },
    { name: "one lonely order ÷ its own flush and two round trips", value: rowOf(rows, "till, hot product", 1).median.p50 / emptyRound, most: 1.3 },
    ...(crowded ? [{ name: "p99 ÷ p50 at 1,000 waiting", value: crowded.p99 / crowded.p50, most: 3 }] : []),
  ];
}
