// Row 8: does it stay as quick when the tables are full? Orders by the million, then the same crowds, a day's statistics and the audit.

import { ignore } from "../support/ignore.ts";
import { selectProducts } from "../../src/catalog/catalog.sql.ts";
import { Database } from "../../src/database/pool.ts";
import { LAST_ID, type Statement } from "../../src/database/statement.ts";
import { selectUserOrders } from "../../src/order/order.sql.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { hot, thousand } from "../baselines/baskets.ts";
import type { Baseline } from "../baselines/baseline.ts";
import { ReadingBaseline } from "../baselines/reading.ts";
import { TillBaseline } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Ratio, type Section } from "../report/section.ts";
import { Processor } from "../support/cores.ts";
import { FIXTURES } from "../support/fixtures.ts";
import { withoutIndexes, writeHistory } from "../support/history.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { assertCorrect } from "../support/verify.ts";
import { Fixture } from "../support/fixture.ts";

const CROWD = 256;
const READERS = 64;
const TIMEZONE = "Asia/Seoul";
/** One of thirty days is written apart, to be added up by itself. */
const DAYS = 30;
const FEW = "few_orders";
/** What is measured on each database, by name. */
const SALES = { "hot product": hot, "1,000 products": thousand };

export async function growth(options: Options): Promise<Section> {
  const { quick, millions, tell } = options;
  const sizes = quick ? [0, 60_000] : [0, ...millions.map((one) => one * 1_000_000)];
  const stage = await Fixture.open();
  const contenders: Baseline[] = [];
  const notes: string[] = [];
  try {
    const cells: Cell[] = [];
    const enter = (name: string, waiting: number, contender: Baseline): void => {
      contenders.push(contender);
      cells.push({ name, waiting, contender });
    };
    for (const size of sizes) {
      const name = sized(size);
      const url = await stage.database(databaseOf(size));
      if (size > 0) notes.push(...(await fill(stage, size, tell)));
      for (const [what, basket] of Object.entries(SALES)) enter(`till, ${what}, ${name}`, CROWD, new TillBaseline(url, basket));
      const read = size > 0 ? url : await oneOrderEach(stage);
      enter(`a user's newest order, ${name}`, READERS, new ReadingBaseline(read, newestOrder));
      enter(`product detail, ${name}`, READERS, new ReadingBaseline(url, (n) => selectProducts([idOf("product", n % FIXTURES.products)])));
    }
    const rows = await interleave(stage, { driver: new Processor(process.pid, false), postgres: new Processor(stage.pid, true) }, cells, options);
    for (const size of sizes) {
      const beganAt = performance.now();
      const orders = await assertCorrect(stage.url(databaseOf(size)));
      notes.push(`audit of ${orders.toLocaleString("en")} orders: ${seconds(beganAt)}, no violation`);
    }
    return { title: "With full tables", rows, ratios: ratios(rows, sizes), notes };
  } finally {
    await Promise.all(contenders.map((one) => one.close()));
    await stage.close();
  }
}

/** An empty shop has no orders to be read: this one has one for each user, so that both answer the same. */
async function oneOrderEach(stage: Fixture): Promise<string> {
  const url = await stage.database(FEW);
  await stage.query(FEW, async (client) => {
    await writeHistory(client, 0, FIXTURES.users, FIXTURES.users);
    await client.query("VACUUM (ANALYZE)");
  });
  return url;
}

const newestOrder = (n: number): Statement => selectUserOrders([{ userId: idOf("user", n % FIXTURES.users), before: LAST_ID, most: 1 }]);

const sized = (orders: number): string => (orders === 0 ? "empty" : `${orders.toLocaleString("en")} orders`);
const databaseOf = (orders: number): string => `orders_${orders}`;
const seconds = (beganAt: number): string => `${((performance.now() - beganAt) / 1000).toFixed(1)} s`;

async function fill(stage: Fixture, size: number, tell: (line: string) => void): Promise<string[]> {
  const name = databaseOf(size);
  const beganAt = performance.now();
  // Whole shares for every user and every product, so that each has the same.
  const step = FIXTURES.users;
  const earlier = size - Math.max(step, Math.floor(size / DAYS / step) * step);
  const database = new Database(stage.url(name), { size: 1, onError: ignore });
  try {
    await stage.query(name, (client) => withoutIndexes(client, () => writeHistory(client, 0, earlier, size)));
    await aggregateSales(database, TIMEZONE);
    await stage.query(name, async (client) => {
      await writeHistory(client, earlier, size, size);
      await client.query("VACUUM (ANALYZE)");
    });
    tell(`filled with ${sized(size)} in ${seconds(beganAt)}`);
    await stage.settle();
    const aggregatingAt = performance.now();
    await aggregateSales(database, TIMEZONE);
    return [`adding up a day of ${(size - earlier).toLocaleString("en")} among ${size.toLocaleString("en")} orders: ${seconds(aggregatingAt)}`];
  } finally {
    await database.close();
  }
}

function ratios(rows: Row[], sizes: number[]): Ratio[] {
  return sizes.slice(1).flatMap((size) =>
    [
      ...Object.keys(SALES).map((what) => ({ what: `till, ${what}`, waiting: CROWD })),
      { what: "a user's newest order", waiting: READERS },
      { what: "product detail", waiting: READERS },
    ].map(({ what, waiting }) => ({
      name: `${what}: ${sized(size)} ÷ empty`,
      value: perSecondOf(rows, `${what}, ${sized(size)}`, waiting) / perSecondOf(rows, `${what}, empty`, waiting),
      least: 0.9,
    })),
  );
}
