// Drops: entries beside coupons, and a million who wait.

import { OverHttp } from "../baselines/over-http.ts";
import type { Plan } from "../load/plan.ts";
import type { Options } from "../options.ts";
import { type Ratio, rowOf, type Section } from "../report/section.ts";
import { memoryOf } from "../support/cores.ts";
import { type BenchDrop, fillLine, openDrop } from "../support/drop-fixtures.ts";
import { FIXTURES, openCampaign } from "../support/fixtures.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { times } from "../support/times.ts";
import { assertCorrect } from "../support/verify.ts";

const CLIENTS = 256;
/** Drops and campaigns, one after the other, with an entry or a coupon for each user. */
const SETS = 40;

export async function drops(options: Options): Promise<Section> {
  const waiting = options.quick ? 100_000 : 1_000_000;
  const fixture = await HttpFixture.open();
  try {
    const target = { url: fixture.shop.url, operator: fixture.operator };
    const line = await openDrop(target, 0, { mode: "FIRST_COME", waitlist: true });
    await fixture.query((client) => fillLine(client, line, waiting));
    await showTokens(fixture, line);
    const rows = await interleave(fixture, fixture.meters, await cells(fixture, line), options);
    const memory = memoryOf(fixture.shop.pid).peak;
    await fixture.idle();
    await assertCorrect(fixture.databaseUrl);
    return {
      title: "Drops",
      rows,
      ratios: [
        ...ratios(rows, waiting),
        { name: `the shop's memory while ${count(waiting)} wait, under load`, value: memory, max: 400, unit: " MB" },
      ],
      notes: ["audit: no violation"],
    };
  } finally {
    await fixture.close();
  }
}

/** Sends each user's token once. The first request with a token verifies its signature, which would count for the rows that come first. */
async function showTokens({ load, shop: { url }, tokens }: HttpFixture, { id }: BenchDrop): Promise<void> {
  const once = { first: 0, maxRequests: tokens.length, ms: 0, warmUpMs: 0 };
  await load.send({ url, method: "GET", paths: [`/drops/${id}/entries/mine`], tokens, connections: CLIENTS, ...once }, [200]);
}

const count = (n: number): string => n.toLocaleString("en");

async function cells(fixture: HttpFixture, line: BenchDrop): Promise<Cell[]> {
  const { tokens, shop, load, operator } = fixture;
  const campaigns = times(SETS, (n) => FIXTURES.campaigns + n);
  for (const n of campaigns) await fixture.query((client) => openCampaign(client, n, FIXTURES.users));
  const target = { url: shop.url, operator };
  const entered: BenchDrop[] = [];
  for (let n = 0; n < SETS; n++) entered.push(await openDrop(target, 1, { mode: "FIRST_COME", waitlist: true }));
  const each = FIXTURES.users;
  const cell = (name: string, plan: Omit<Plan, "url" | "first" | "connections" | "ms" | "warmUpMs">, expected: number[]): Cell => ({
    name,
    waiting: CLIENTS,
    baseline: new OverHttp(load, { url: shop.url, ...plan }, expected),
  });
  return [
    cell("coupon issue", { method: "POST", paths: campaigns.map((n) => `/coupons/${idOf("campaign", n)}/issue`), tokens, each }, [201]),
    cell("entry", { method: "POST", paths: entered.map(({ id }) => `/drops/${id}/entries`), tokens, each }, [201]),
    cell("product detail, committed", { method: "GET", paths: [`/products/${idOf("product", 0)}`] }, [200]),
    cell("own entry", { method: "GET", paths: [`/drops/${line.id}/entries/mine`], tokens }, [200]),
    cell("drop", { method: "GET", paths: [`/drops/${line.id}`] }, [200]),
  ];
}

/** Processor time holds on a busy machine; requests per second do not. */
function ratios(rows: Row[], waiting: number): Ratio[] {
  const medianOf = (name: string) => rowOf(rows, name, CLIENTS).median;
  const microsOf = (name: string): number => Object.values({ ...medianOf(name).micros, load: 0, floor: 0 }).reduce((sum, micros) => sum + micros, 0);
  return [
    { name: "entry ÷ coupon issue, a second", value: medianOf("entry").perSecond / medianOf("coupon issue").perSecond, min: 0.8 },
    { name: "coupon issue ÷ entry, processor time of shop and PostgreSQL", value: microsOf("coupon issue") / microsOf("entry"), min: 0.8 },
    {
      name: `own entry of ${count(waiting)} ÷ committed detail, processor time of shop and PostgreSQL`,
      value: microsOf("own entry") / microsOf("product detail, committed"),
      max: 1.5,
    },
  ];
}
