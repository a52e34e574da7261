// Building blocks of a larger shop (docs/internals/beyond-one-primary.md). Not part of the usual run: `npm run bench -- --only blocks`.

import type { Statement } from "../../src/database/statement.ts";
import { newOrderId } from "../../src/ids.ts";
import { hot, thousand } from "../baselines/orders.ts";
import type { Baseline } from "../baselines/baseline.ts";
import { ReadingBaseline } from "../baselines/reading.ts";
import { TillBaseline, TwoTills } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Section } from "../report/section.ts";
import { CpuMeter } from "../support/cores.ts";
import { type Cell, interleave } from "../support/interleave.ts";
import { fillMonths, firstIdOf, idInMonths, MONTHS } from "../support/months.ts";
import { assertCorrect } from "../support/verify.ts";
import { Fixture } from "../support/fixture.ts";

const CLIENTS = 256;
const WRITERS = 8;
const BATCH = 256;
const SALES = { "hot product": hot, "1,000 products": thousand };
const TABLES = { "one table": "orders_plain", [`${MONTHS} monthly partitions`]: "orders_by_month" };
const SHARES = [1, 4];

export async function blocks(options: Options): Promise<Section> {
  const fixture = await Fixture.open();
  const cells: Cell[] = [];
  const add = (name: string, waiting: number, baseline: Baseline): void => void cells.push({ name, waiting, baseline });
  const rowsPerMonth = options.quick ? 200 : 20_000;
  try {
    const shops: string[] = [];
    for (const [what, orderOf] of Object.entries(SALES)) {
      const [alone, shared] = [await fixture.database(`${orderOf.name}_one`), await fixture.database(`${orderOf.name}_two`)];
      shops.push(alone, shared);
      add(`one till, ${what}`, CLIENTS, new TillBaseline(alone, orderOf));
      add(`two tills on one database, ${what}`, CLIENTS, new TwoTills(shared, orderOf));
    }
    const months = await fixture.database("months");
    await fixture.query("months", (client) => fillMonths(client, Object.values(TABLES), rowsPerMonth));
    for (const [what, table] of Object.entries(TABLES)) {
      add(`${BATCH} orders into ${what}`, WRITERS, new ReadingBaseline(months, () => insertInto(table)));
      add(`an order by its id, ${what}`, WRITERS, new ReadingBaseline(months, (n) => lookUp(table, idInMonths(n, rowsPerMonth))));
    }
    const shares = await fixture.database("shares");
    await fixture.query("shares", (client) =>
      client.query(`CREATE TABLE shares (id integer PRIMARY KEY, stock bigint NOT NULL) WITH (fillfactor = 50);
                    INSERT INTO shares SELECT n, 1000000000000 FROM generate_series(0, 15) n`),
    );
    for (const count of SHARES) add(named(count), WRITERS, new ReadingBaseline(shares, (n) => take(n % count)));

    const rows = await interleave(fixture, { driver: new CpuMeter(process.pid, false), postgres: new CpuMeter(fixture.pid, true) }, cells, options);
    const compared = (name: string, by: string, waiting: number): { name: string; value: number } => ({
      name: `${name} ÷ ${by}`,
      value: perSecondOf(rows, name, waiting) / perSecondOf(rows, by, waiting),
    });
    const [plain = "", parted = ""] = Object.keys(TABLES);
    const [one = 0, several = 0] = SHARES;
    const ratios = [
      ...Object.keys(SALES).map((what) => compared(`two tills on one database, ${what}`, `one till, ${what}`, CLIENTS)),
      compared(`${BATCH} orders into ${parted}`, `${BATCH} orders into ${plain}`, WRITERS),
      compared(`an order by its id, ${parted}`, `an order by its id, ${plain}`, WRITERS),
      compared(named(several), named(one), WRITERS),
    ];
    for (const url of shops) await assertCorrect(url);
    return { title: "Building blocks", rows, ratios, notes: [await dropOldestMonth(fixture, rowsPerMonth)] };
  } finally {
    await Promise.all(cells.map(({ baseline }) => baseline.close()));
    await fixture.close();
  }
}

const named = (shares: number): string => (shares === 1 ? "rounds at one hot row" : `rounds at ${shares} shares of it`);
const take = (share: number): Statement => ({
  name: "take",
  text: "UPDATE shares SET stock = stock - 256 WHERE id = $1",
  values: [share],
});
const lookUp = (table: string, id: string): Statement => ({
  name: `look up ${table}`,
  text: `SELECT * FROM ${table} WHERE id = $1`,
  values: [id],
});

function insertInto(table: string): Statement {
  const now = Date.now();
  return {
    name: `insert ${table}`,
    text: `INSERT INTO ${table} (id, user_id, status, changes, total_amount, discount_amount, created_at, completed_at)
           SELECT id, gen_random_uuid(), 'COMPLETED', 1, 1000, 0, now(), now() FROM unnest($1::uuid[]) AS id`,
    values: [Array.from({ length: BATCH }, () => newOrderId(now))],
  };
}

/** Times the removal of the oldest month: as a partition, and row by row. */
async function dropOldestMonth(fixture: Fixture, rowsPerMonth: number): Promise<string> {
  return fixture.query("months", async (client) => {
    const timed = async (...statements: string[]): Promise<string> => {
      const startedAt = performance.now();
      for (const text of statements) await client.query(text);
      return `${(performance.now() - startedAt).toFixed(0)} ms`;
    };
    const deleted = await timed(`DELETE FROM orders_plain WHERE id < '${firstIdOf(1)}'`, "VACUUM orders_plain");
    const detached = await timed("ALTER TABLE orders_by_month DETACH PARTITION orders_by_month_0");
    return `the oldest month of ${MONTHS}, ${rowsPerMonth.toLocaleString("en")} orders: detached in ${detached}, deleted and vacuumed in ${deleted}`;
  });
}
