// Row 8: speed with millions of orders in the tables: the same sales and reads, the aggregation of a day, and the audit.

import { ignore } from "../support/ignore.ts";
import { selectProducts } from "../../src/catalog/read-catalog.sql.ts";
import { Database } from "../../src/database/pool.ts";
import { LAST_ID, type Statement } from "../../src/database/statement.ts";
import { selectUserOrders } from "../../src/order/order.sql.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { hot, thousand } from "../baselines/orders.ts";
import type { Baseline } from "../baselines/baseline.ts";
import { ReadingBaseline } from "../baselines/reading.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Ratio, type Section } from "../report/section.ts";
import { CpuMeter } from "../support/cores.ts";
import { FIXTURES } from "../support/fixtures.ts";
import { fillDatabase, writeHistory } from "../support/history.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { assertCorrect } from "../support/verify.ts";
import { Fixture } from "../support/fixture.ts";

const CLIENTS = 256;
const READERS = 64;
const TIMEZONE = "Asia/Seoul";
const FEW = "few_orders";
/** Kinds of orders measured on each database, by name. */
const SALES = { "hot product": hot, "1,000 products": thousand };

export async function growth(options: Options): Promise<Section> {
  const { quick, millions, log } = options;
  const sizes = quick ? [0, 60_000] : [0, ...millions.map((one) => one * 1_000_000)];
  const fixture = await Fixture.open();
  const baselines: Baseline[] = [];
  const notes: string[] = [];
  try {
    const cells: Cell[] = [];
    const add = (name: string, waiting: number, baseline: Baseline): void => {
      baselines.push(baseline);
      cells.push({ name, waiting, baseline });
    };
    for (const size of sizes) {
      const name = sized(size);
      const url = await fixture.database(databaseOf(size));
      if (size > 0) notes.push(...(await fill(fixture, size, log)));
      for (const [what, orderOf] of Object.entries(SALES)) add(`till, ${what}, ${name}`, CLIENTS, new TillBaseline(url, orderOf));
      const read = size > 0 ? url : await oneOrderEach(fixture);
      add(`a user's newest order, ${name}`, READERS, new ReadingBaseline(read, newestOrder));
      add(`product detail, ${name}`, READERS, new ReadingBaseline(url, (n) => selectProducts([idOf("product", n % FIXTURES.products)])));
    }
    const rows = await interleave(fixture, { driver: new CpuMeter(process.pid, false), postgres: new CpuMeter(fixture.pid, true) }, cells, options);
    for (const size of sizes) {
      const startedAt = performance.now();
      const orders = await assertCorrect(fixture.url(databaseOf(size)));
      notes.push(`audit of ${orders.toLocaleString("en")} orders: ${seconds(startedAt)}, no violation`);
    }
    return { title: "With full tables", rows, ratios: ratios(rows, sizes), notes };
  } finally {
    await Promise.all(baselines.map((one) => one.close()));
    await fixture.close();
  }
}

/** An empty shop has no orders to read. This one has one order per user, so that both return the same amount of data. */
async function oneOrderEach(fixture: Fixture): Promise<string> {
  const url = await fixture.database(FEW);
  await fixture.query(FEW, async (client) => {
    await writeHistory(client, 0, FIXTURES.users, FIXTURES.users);
    await client.query("VACUUM (ANALYZE)");
  });
  return url;
}

const newestOrder = (n: number): Statement => selectUserOrders([{ userId: idOf("user", n % FIXTURES.users), before: LAST_ID, most: 1 }]);

const sized = (orders: number): string => (orders === 0 ? "empty" : `${orders.toLocaleString("en")} orders`);
const databaseOf = (orders: number): string => `orders_${orders}`;
const seconds = (startedAt: number): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

/** Fills a database, and times the aggregation of its last day. */
async function fill(fixture: Fixture, size: number, log: (line: string) => void): Promise<string[]> {
  const day = await fillDatabase(fixture, databaseOf(size), size, log);
  await fixture.settle();
  const database = new Database(fixture.url(databaseOf(size)), { size: 1, onError: ignore });
  try {
    const aggregatingAt = performance.now();
    await aggregateSales(database, TIMEZONE);
    return [`aggregation of a day of ${day.toLocaleString("en")} among ${size.toLocaleString("en")} orders: ${seconds(aggregatingAt)}`];
  } finally {
    await database.close();
  }
}

function ratios(rows: Row[], sizes: number[]): Ratio[] {
  return sizes.slice(1).flatMap((size) =>
    [
      ...Object.keys(SALES).map((what) => ({ what: `till, ${what}`, waiting: CLIENTS })),
      { what: "a user's newest order", waiting: READERS },
      { what: "product detail", waiting: READERS },
    ].map(({ what, waiting }) => ({
      name: `${what}: ${sized(size)} ÷ empty`,
      value: perSecondOf(rows, `${what}, ${sized(size)}`, waiting) / perSecondOf(rows, `${what}, empty`, waiting),
      min: 0.85,
    })),
  );
}
