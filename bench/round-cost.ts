/**
 * `node bench/round-cost.ts BEFORE [--after DIR] [--turns N] [--orders hot]`
 *
 * Compares what an order costs PostgreSQL in two source trees: processor time of the till's backends per order, by the kernel's count in ns, and
 * bytes, records and full-page images of WAL. Each tree's till runs in this process on a database of its own, without HTTP and without the relay,
 * with 256 orders waiting. The trees take turns, so that other load on the machine affects both alike; the ratio is the median of all turns' ratios.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as orders from "./baselines/orders.ts";
import type { TillBaseline } from "./baselines/till.ts";
import { Fixture } from "./support/fixture.ts";
import { median } from "./support/sample.ts";

const WAITING = 256;
const ORDERS = 80 * WAITING;

type Costs = { micros: number; bytes: number; records: number; images: number; rounds: number };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    after: { type: "string", default: join(import.meta.dirname, "..") },
    turns: { type: "string", default: "8" },
    orders: { type: "string", default: "hot" },
    quick: { type: "boolean", default: false },
  },
});
const before = positionals[0];
if (before === undefined) throw new Error("give the directory of the tree to compare with");
const orderOf = { hot: orders.hot, thousand: orders.thousand, tenItems: orders.tenItems }[values.orders];
if (orderOf === undefined) throw new Error("--orders is hot, thousand or tenItems");

/** The number of the next order. */
let next = 0;
const fixture = await Fixture.open();
const names = ["before", "after"] as const;
const tills: { name: string; till: TillBaseline; costs: Costs[] }[] = [];
try {
  for (const [i, tree] of [before, values.after].entries()) {
    const { TillBaseline: Baseline } = (await import(join(tree, "bench/baselines/till.ts"))) as { TillBaseline: typeof TillBaseline };
    const name = names[i] as string;
    tills.push({ name, till: new Baseline(await fixture.database(name), orderOf), costs: [] });
  }
  // The first turn warms up and is not counted.
  for (let turn = 0; turn <= Number(values.turns); turn++) {
    await fixture.settle();
    for (const { name, till, costs } of tills) {
      const cost = await costOf(name, till);
      console.log(`${turn} ${name}: ${describe(cost)}`);
      if (turn > 0) costs.push(cost);
    }
  }
  for (const { name, costs } of tills)
    console.log(
      `${name}: ${describe(Object.fromEntries(Object.keys(costs[0] as Costs).map((key) => [key, median(costs.map((cost) => cost[key as keyof Costs]))])) as Costs)}`,
    );
  const [one, two] = tills.map(({ costs }) => costs.map(({ micros }) => micros)) as [number[], number[]];
  console.log(`after ÷ before, processor time of PostgreSQL: ${median(two.map((micros, i) => micros / (one[i] as number))).toFixed(3)}`);
} finally {
  await Promise.all(tills.map(({ till }) => till.close()));
  await fixture.close();
}

async function costOf(database: string, till: TillBaseline): Promise<Costs> {
  const [from, runtime, roundsBefore] = [await wal(), await runtimeOf(database), till.till.served.rounds];
  const last = next + ORDERS;
  const client = async (): Promise<void> => {
    while (next < last) await till.order(next++);
  };
  await Promise.all(Array.from({ length: WAITING }, client));
  const to = await wal();
  return {
    micros: ((await runtimeOf(database)) - runtime) / 1000 / ORDERS,
    bytes: (to.bytes - from.bytes) / ORDERS,
    records: (to.records - from.records) / ORDERS,
    images: (to.images - from.images) / ORDERS,
    rounds: till.till.served.rounds - roundsBefore,
  };
}

/** Processor time in ns that the backends of this database have used since their start. The till keeps its connections. */
async function runtimeOf(database: string): Promise<number> {
  const backends = await rows<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND application_name = 'jangnal'`);
  return backends.reduce((sum, { pid }) => sum + Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]), 0);
}

/** Counters of the whole server; without those of a backend's last moments, which come late. */
async function wal(): Promise<Omit<Costs, "micros" | "rounds">> {
  const [counters] = await rows<{ bytes: string; records: string; images: string }>(
    "SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes, wal_records AS records, wal_fpi AS images FROM pg_stat_wal",
  );
  return { bytes: Number(counters?.bytes), records: Number(counters?.records), images: Number(counters?.images) };
}

async function rows<Row>(text: string): Promise<Row[]> {
  return fixture.query("postgres", async (client) => (await client.query(text)).rows as Row[]);
}

function describe({ micros, bytes, records, images, rounds }: Costs): string {
  const wal = `${bytes.toFixed(0)} B of WAL, ${records.toFixed(2)} records, ${images.toFixed(3)} full-page images`;
  return `${micros.toFixed(1)} µs of PostgreSQL per order, ${wal}, ${Math.round(rounds)} rounds of ${ORDERS} orders`;
}
