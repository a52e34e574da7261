// Rows 2 to 4, in process: upper bound, textbook and till, on one PostgreSQL, in turns.

import { hot, tenItems, thousand, withCoupon } from "../baselines/orders.ts";
import { UpperBoundBaseline } from "../baselines/upper-bound.ts";
import { TextbookBaseline, type Way } from "../baselines/textbook.ts";
import { PLACE_ORDER } from "../baselines/textbook.sql.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Baseline } from "../baselines/baseline.ts";
import { perSecondOf, type Ratio, rowOf, type Section } from "../report/section.ts";
import type { Options } from "../options.ts";
import { CpuMeter } from "../support/cores.ts";
import { type BytesPerOrder, bytesPerOrder } from "../support/bytes.ts";
import { emptyRounds, flushes } from "../support/flush.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { assertCorrect } from "../support/verify.ts";
import { median, type Sample } from "../support/sample.ts";
import { Fixture } from "../support/fixture.ts";

const CLIENTS = 256;
const WAYS: Way[] = ["locks first", "hot row last", "stored function"];

export async function counter(options: Options): Promise<Section> {
  const { turns, quick, log } = options;
  const fixture = await Fixture.open();
  const baselines: Baseline[] = [];
  try {
    const cells: Cell[] = [];
    const add = (name: string, baseline: Baseline, ...clientCounts: number[]): void => {
      baselines.push(baseline);
      for (const waiting of clientCounts) cells.push({ name, waiting, baseline });
    };
    const till = new TillBaseline(await fixture.database("till"), hot);
    add("till, hot product", till, ...(quick ? [1, CLIENTS] : [1, 64, CLIENTS, 1000, 4000]));
    add("upper bound, one connection", new UpperBoundBaseline(await fixture.database("upper_bound"), 1), CLIENTS);
    add("upper bound, two connections", new UpperBoundBaseline(await fixture.database("upper_bound_2"), 2), CLIENTS);
    const textbook = await fixture.database("textbook");
    await fixture.query("textbook", (client) => client.query(PLACE_ORDER));
    for (const way of WAYS) add(`textbook, ${way}, hot product`, new TextbookBaseline(textbook, way, hot), CLIENTS);
    add("textbook, stored function, 1,000 products", new TextbookBaseline(textbook, "stored function", thousand), CLIENTS);
    add("till, 1,000 products", new TillBaseline(await fixture.database("till_thousand"), thousand), CLIENTS, ...(quick ? [] : [1000]));
    add("till, ten line items", new TillBaseline(await fixture.database("till_ten"), tenItems), CLIENTS);
    add("till, with coupon", new TillBaseline(await fixture.database("till_coupon"), withCoupon()), CLIENTS);

    const minimum = await minimumTimes(fixture, till.url, turns, quick ? 200 : 1000);
    const { served } = till.till;
    const rows = await interleave(fixture, { driver: new CpuMeter(process.pid, false), postgres: new CpuMeter(fixture.pid, true) }, cells, options);
    const bytes = await bytesPerOrder(fixture, options);
    const orders = await check(baselines, log);
    return {
      title: "Orders in process",
      rows,
      ratios: ratios(rows, minimum, bytes),
      notes: [
        ...minimum.notes,
        `an order with one line item: ${Math.round(bytes.disk).toLocaleString("en")} bytes on disk, including indexes (${bytes.orders.toLocaleString("en")} orders)`,
        `over all runs: ${Math.round(served.commands / served.rounds)} orders a round on average`,
        `audit: no violation in ${orders} orders`,
      ],
    };
  } finally {
    await Promise.all(baselines.map((one) => one.close()));
    await fixture.close();
  }
}

type Minimum = { emptyRound: number; notes: string[] };

async function minimumTimes(fixture: Fixture, url: string, turns: number, ms: number): Promise<Minimum> {
  const disk: Sample[] = [];
  const empty: Sample[] = [];
  for (let turn = 0; turn < turns; turn++) {
    disk.push(flushes(fixture.directory, ms));
    empty.push(await emptyRounds(url, ms));
  }
  const emptyRound = median(empty.map(({ p50 }) => p50));
  const notes = [
    `disk: ${Math.round(median(disk.map(({ perSecond }) => perSecond)))} flushes of 8 kB a second, ${median(disk.map(({ p50 }) => p50)).toFixed(2)} ms each`,
    `two round trips and one commit of one row: ${emptyRound.toFixed(2)} ms`,
  ];
  return { emptyRound, notes };
}

async function check(baselines: Baseline[], log: (line: string) => void): Promise<number> {
  let orders = 0;
  for (const url of new Set(baselines.map((one) => one.url))) {
    log(`audit of ${new URL(url).pathname.slice(1)}`);
    orders += await assertCorrect(url);
  }
  return orders;
}

function ratios(rows: Row[], { emptyRound }: Minimum, bytes: BytesPerOrder): Ratio[] {
  const till = perSecondOf(rows, "till, hot product", CLIENTS);
  const upperBound = Math.max(perSecondOf(rows, "upper bound, one connection", CLIENTS), perSecondOf(rows, "upper bound, two connections", CLIENTS));
  const textbook = (way: Way): number => perSecondOf(rows, `textbook, ${way}, hot product`, CLIENTS);
  const thousand = perSecondOf(rows, "till, 1,000 products", CLIENTS);
  const crowded = rows.find((row) => row.name === "till, hot product" && row.waiting === 1000)?.median;
  return [
    {
      name: "till ÷ textbook with a round trip per statement, hot product",
      value: till / Math.max(textbook("locks first"), textbook("hot row last")),
      min: 50,
    },
    { name: "till ÷ best textbook (stored function, hot row last), hot product", value: till / textbook("stored function"), min: 20 },
    { name: "till ÷ best textbook, 1,000 products", value: thousand / perSecondOf(rows, "textbook, stored function, 1,000 products", CLIENTS) },
    { name: "till ÷ upper bound, hot product", value: till / upperBound, min: 0.7 },
    {
      name: "ten line items ÷ one, both of 1,000 products",
      value: perSecondOf(rows, "till, ten line items", CLIENTS) / thousand,
      min: 0.75,
    },
    {
      name: "the same, processor time per order of driver and PostgreSQL",
      value: secondsOf(rows, "till, ten line items") / secondsOf(rows, "till, 1,000 products"),
    },
    { name: "one order alone ÷ a flush and two round trips", value: rowOf(rows, "till, hot product", 1).median.p50 / emptyRound, max: 1.8 },
    { name: `PostgreSQL's processor time per order, hot product, ${CLIENTS} waiting`, value: microsOf(rows, "till, hot product"), unit: " µs" },
    { name: "write-ahead log per order, whole pages after a checkpoint included", value: bytes.log, max: 1200, unit: " B" },
    ...(crowded ? [{ name: "p99 ÷ p50 at 1,000 waiting", value: crowded.p99 / crowded.p50, max: 3 }] : []),
  ];
}

/** The processor time per order of all processes, in seconds. */
function secondsOf(rows: Row[], name: string): number {
  const { cores = {}, perSecond } = rowOf(rows, name, CLIENTS).median;
  return Object.values(cores).reduce((sum, one) => sum + one, 0) / perSecond;
}

/** The processor time of PostgreSQL per order, in µs. */
function microsOf(rows: Row[], name: string): number {
  const { cores, perSecond } = rowOf(rows, name, CLIENTS).median;
  return ((cores?.["postgres"] ?? 0) * 1_000_000) / perSecond;
}
