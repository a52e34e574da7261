// What a larger shop would be built of (docs/internals/beyond-one-primary.md). Not part of the usual run: `npm run bench -- --only blocks`.

import type { Statement } from "../../src/database/statement.ts";
import { newOrderId } from "../../src/ids.ts";
import { hot, thousand } from "../baselines/baskets.ts";
import type { Baseline } from "../baselines/baseline.ts";
import { ReadingBaseline } from "../baselines/reading.ts";
import { TillBaseline, TwoTills } from "../baselines/till.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Section } from "../report/section.ts";
import { Processor } from "../support/cores.ts";
import { type Cell, interleave } from "../support/interleave.ts";
import { fillMonths, firstIdOf, idInMonths, MONTHS } from "../support/months.ts";
import { assertCorrect } from "../support/verify.ts";
import { Fixture } from "../support/fixture.ts";

const CROWD = 256;
const WRITERS = 8;
const BATCH = 256;
const SALES = { "hot product": hot, "1,000 products": thousand };
const TABLES = { "one table": "orders_plain", [`${MONTHS} monthly partitions`]: "orders_by_month" };
const SHARES = [1, 4];

export async function blocks(options: Options): Promise<Section> {
  const stage = await Fixture.open();
  const cells: Cell[] = [];
  const enter = (name: string, waiting: number, contender: Baseline): void => void cells.push({ name, waiting, contender });
  const rowsPerMonth = options.quick ? 200 : 20_000;
  try {
    const shops: string[] = [];
    for (const [what, basket] of Object.entries(SALES)) {
      const [alone, shared] = [await stage.database(`${basket.name}_one`), await stage.database(`${basket.name}_two`)];
      shops.push(alone, shared);
      enter(`one till, ${what}`, CROWD, new TillBaseline(alone, basket));
      enter(`two tills on one database, ${what}`, CROWD, new TwoTills(shared, basket));
    }
    const months = await stage.database("months");
    await stage.query("months", (client) => fillMonths(client, Object.values(TABLES), rowsPerMonth));
    for (const [what, table] of Object.entries(TABLES)) {
      enter(`${BATCH} orders into ${what}`, WRITERS, new ReadingBaseline(months, () => insertInto(table)));
      enter(`an order by its id, ${what}`, WRITERS, new ReadingBaseline(months, (n) => lookUp(table, idInMonths(n, rowsPerMonth))));
    }
    const shares = await stage.database("shares");
    await stage.query("shares", (client) =>
      client.query(`CREATE TABLE shares (id integer PRIMARY KEY, stock bigint NOT NULL) WITH (fillfactor = 50);
                    INSERT INTO shares SELECT n, 1000000000000 FROM generate_series(0, 15) n`),
    );
    for (const count of SHARES) enter(named(count), WRITERS, new ReadingBaseline(shares, (n) => take(n % count)));

    const rows = await interleave(stage, { driver: new Processor(process.pid, false), postgres: new Processor(stage.pid, true) }, cells, options);
    const compared = (name: string, by: string, waiting: number): { name: string; value: number } => ({
      name: `${name} ÷ ${by}`,
      value: perSecondOf(rows, name, waiting) / perSecondOf(rows, by, waiting),
    });
    const [plain = "", parted = ""] = Object.keys(TABLES);
    const [one = 0, several = 0] = SHARES;
    const ratios = [
      ...Object.keys(SALES).map((what) => compared(`two tills on one database, ${what}`, `one till, ${what}`, CROWD)),
      compared(`${BATCH} orders into ${parted}`, `${BATCH} orders into ${plain}`, WRITERS),
      compared(`an order by its id, ${parted}`, `an order by its id, ${plain}`, WRITERS),
      compared(named(several), named(one), WRITERS),
    ];
    for (const url of shops) await assertCorrect(url);
    return { title: "Building blocks", rows, ratios, notes: [await weigh(stage, options), await forget(stage, rowsPerMonth)] };
  } finally {
    await Promise.all(cells.map(({ contender }) => contender.close()));
    await stage.close();
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

/** What an order of one line takes: on the disk, and in the log that standbys and backups follow. */
async function weigh(stage: Fixture, { duration }: Options): Promise<string> {
  const url = await stage.database("weighed");
  const till = new TillBaseline(url, hot);
  const state = async (): Promise<{ size: number; log: number; orders: number }> => {
    const { rows } = await stage.query("weighed", (client) =>
      client.query<{ size: string; log: string; orders: string }>(
        `SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) AS size,
                pg_current_wal_lsn() - '0/0' AS log, (SELECT count(*) FROM orders) AS orders`,
      ),
    );
    const { size = 0, log = 0, orders: count = 0 } = rows[0] ?? {};
    return { size: Number(size), log: Number(log), orders: Number(count) };
  };
  try {
    await till.run(CROWD, duration);
    await stage.settle();
    const before = await state();
    await till.run(CROWD, { ...duration, ms: 4 * duration.ms });
    const after = await state();
    const sold = after.orders - before.orders;
    const each = (name: "size" | "log"): string => Math.round((after[name] - before[name]) / sold).toLocaleString("en");
    return `an order of one line: ${each("size")} bytes on the disk, indexes included, and ${each("log")} bytes of log, full pages after a checkpoint included (${sold.toLocaleString("en")} orders)`;
  } finally {
    await till.close();
  }
}

/** The oldest month goes: as a partition, and row by row. */
async function forget(stage: Fixture, rowsPerMonth: number): Promise<string> {
  return stage.query("months", async (client) => {
    const timed = async (...statements: string[]): Promise<string> => {
      const beganAt = performance.now();
      for (const text of statements) await client.query(text);
      return `${(performance.now() - beganAt).toFixed(0)} ms`;
    };
    const deleted = await timed(`DELETE FROM orders_plain WHERE id < '${firstIdOf(1)}'`, "VACUUM orders_plain");
    const detached = await timed("ALTER TABLE orders_by_month DETACH PARTITION orders_by_month_0");
    return `the oldest month of ${MONTHS}, ${rowsPerMonth.toLocaleString("en")} orders: detached in ${detached}, deleted and vacuumed in ${deleted}`;
  });
}
