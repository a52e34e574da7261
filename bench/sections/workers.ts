// One process against `--workers 2` and `--workers 4`, each with a database of its own: orders of one product, and the processor time of the
// till's thread and of all processes. Not part of the usual run: `npm run bench -- --only workers`.

import { mintToken } from "../../src/http/tokens.ts";
import { OverHttp } from "../baselines/over-http.ts";
import { Load } from "../load/load.ts";
import type { Options } from "../options.ts";
import { type Ratio, rowOf, type Section } from "../report/section.ts";
import { childWith, CpuMeter } from "../support/cores.ts";
import { Fixture } from "../support/fixture.ts";
import { FIXTURES } from "../support/fixtures.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Meters, type Row } from "../support/interleave.ts";
import { SECRET, ServerProcess } from "../support/server-process.ts";
import { times } from "../support/times.ts";
import { assertCorrect } from "../support/verify.ts";

const CLIENTS = 256;
const WORKERS = [2, 4];
const TOKEN_HOURS = 24;
const ORDER = "order, hot product";
const KEYED = "order, hot product, with Idempotency-Key";

export async function workers(options: Options): Promise<Section> {
  const fixture = await Fixture.open();
  const load = new Load();
  const shops: ServerProcess[] = [];
  const meters: Meters = { postgres: new CpuMeter(fixture.pid, true) };
  const cells: Cell[] = [];
  const urls: string[] = [];
  try {
    for (const count of [1, ...WORKERS]) {
      const url = await fixture.database(`shop_${count}`);
      urls.push(url);
      const settings = { DATABASE_URL: url, DATA_DIR: `${fixture.directory}/${count}`, BALANCE_FUNDING: "open", LOCK_WAIT_MS: "30000" };
      const shop = await ServerProcess.shop(settings, [], count === 1 ? [] : ["--workers", String(count)]);
      shops.push(shop);
      meters[processesOf(count)] = new CpuMeter(shop.pid, count > 1);
      if (count > 1) meters[tillOf(count)] = new CpuMeter(childWith(shop.pid, "--till"), false, true);
      cells.push(...cellsOf(load, shop, count));
    }
    const rows = await interleave(fixture, meters, cells, options);
    let orders = 0;
    for (const url of urls) orders += await assertCorrect(url);
    return { title: "One till, many workers", rows, ratios: ratios(rows), notes: [`audit: no violation in ${orders} orders`] };
  } finally {
    load.close();
    await Promise.all(shops.map((shop) => shop.stop()));
    await fixture.close();
  }
}

const processesOf = (count: number): string => (count === 1 ? "one process" : `all processes of ${count} workers`);
const tillOf = (count: number): string => `till's thread of ${count} workers`;
const named = (name: string, count: number): string => `${name}, ${count === 1 ? "one process" : `${count} workers`}`;

function cellsOf(load: Load, { url }: ServerProcess, count: number): Cell[] {
  const tokens = times(FIXTURES.users, (n) => mintToken(SECRET, { id: idOf("user", n), role: "shopper" }, TOKEN_HOURS));
  const bodies = [JSON.stringify({ orderItems: [{ productId: idOf("product", 0), quantity: 1 }] })];
  const plan = { url, method: "POST" as const, paths: ["/orders"], tokens, bodies };
  return [
    { name: named(ORDER, count), waiting: CLIENTS, baseline: new OverHttp(load, plan, [201]) },
    { name: named(KEYED, count), waiting: CLIENTS, baseline: new OverHttp(load, { ...plan, keyed: true }, [201]) },
  ];
}

function ratios(rows: Row[]): Ratio[] {
  return [ORDER, KEYED].flatMap((name) =>
    WORKERS.flatMap((count) => {
      const one = rowOf(rows, named(name, 1), CLIENTS).median;
      const many = rowOf(rows, named(name, count), CLIENTS).median;
      const microsOf = (sample: typeof one, process: string): number => sample.micros?.[process] ?? Number.NaN;
      return [
        { name: `${name}: ${tillOf(count)} per order`, value: microsOf(many, tillOf(count)), max: 25, unit: " µs" },
        {
          name: `${name}: ${processesOf(count)} ÷ one process, processor time`,
          value: microsOf(many, processesOf(count)) / microsOf(one, "one process"),
          max: 1.15,
        },
        { name: `${name}: ${count} workers ÷ one process, orders per second`, value: many.perSecond / one.perSecond, min: 1 },
      ];
    }),
  );
}
