// Drops: entries beside coupons, a million who wait, and the draw of a million.

import { setTimeout as pause } from "node:timers/promises";
import { linesOf } from "../../src/drop/draw/draw-file.ts";
import { verifyDraw } from "../../src/drop/draw/verify-draw.ts";
import { OverHttp } from "../baselines/over-http.ts";
import type { Plan } from "../load/plan.ts";
import type { Options } from "../options.ts";
import { type Ratio, rowOf, type Section } from "../report/section.ts";
import { CpuMeter, memoryOf } from "../support/cores.ts";
import { type BenchDrop, closeAt, drawnAt, fillLine, openDrop } from "../support/drop-fixtures.ts";
import { FIXTURES, openCampaign } from "../support/fixtures.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { times } from "../support/times.ts";
import { assertCorrect } from "../support/verify.ts";

const CLIENTS = 256;
/** Drops and campaigns, one after the other, with an entry or a coupon for each user. */
const SETS = 40;
const WINNERS = 1000;
const HOUR_MS = 3_600_000;
const DRAWN_WITHIN_MS = 600_000;

export async function drops(options: Options): Promise<Section> {
  const waiting = options.quick ? 100_000 : 1_000_000;
  const fixture = await HttpFixture.open();
  try {
    const target = { url: fixture.shop.url, operator: fixture.operator };
    const line = await openDrop(target, 0, { mode: "FIRST_COME", waitlist: true });
    const lottery = await openDrop(target, WINNERS, { mode: "DRAW", waitlist: true, closesAt: new Date(Date.now() + HOUR_MS).toISOString() });
    for (const drop of [line, lottery]) await fixture.query((client) => fillLine(client, drop, waiting));
    const rows = await interleave(fixture, fixture.meters, await cells(fixture, line), options);
    const memory = memoryOf(fixture.shop.pid).peak;
    const drawn = await draw(fixture, lottery);
    options.log(`drawn after ${drawn.seconds.toFixed(1)} s`);
    await fixture.idle();
    await assertCorrect(fixture.databaseUrl);
    return {
      title: "Drops",
      rows,
      ratios: [
        ...ratios(rows, waiting),
        { name: `the shop's memory while ${count(waiting)} wait, under load`, value: memory, max: 400, unit: " MB" },
        { name: `draw of ${count(waiting)} entries, from the close to its publication`, value: drawn.seconds, max: 30, unit: " s" },
      ],
      notes: [
        `the draw took ${drawn.shop.toFixed(1)} s of processor time of the shop and ${drawn.postgres.toFixed(1)} s of PostgreSQL, and ${memoryOf(fixture.shop.pid).peak.toFixed(0)} MB of the shop's memory at most; verify-draw agrees`,
        "audit: no violation",
      ],
    };
  } finally {
    await fixture.close();
  }
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

/** Lets a draw close, and waits until it is published. Times in seconds. */
async function draw(fixture: HttpFixture, drop: BenchDrop): Promise<{ seconds: number; shop: number; postgres: number }> {
  const target = { url: fixture.shop.url, operator: fixture.operator };
  const { shop, postgres } = fixture.meters as { shop: CpuMeter; postgres: CpuMeter };
  await fixture.settle();
  for (const meter of [shop, postgres]) meter.begin();
  const closesAt = Date.now() + 500;
  await closeAt(target, drop, closesAt);
  let at: number | null = null;
  for (const deadline = Date.now() + DRAWN_WITHIN_MS; at === null; await pause(100)) {
    at = await drawnAt(target, drop);
    if (Date.now() > deadline) throw new Error("the draw was not made in time");
  }
  const used = { seconds: (at - closesAt) / 1000, shop: shop.read().seconds, postgres: postgres.read().seconds };
  const file = await fetch(new URL(`/drops/${drop.id}/draw/file`, target.url));
  const failed: string[] = [];
  const agrees = await verifyDraw(
    linesOf(file.body as AsyncIterable<Uint8Array>),
    {},
    ({ result, text }) => void (result === "failed" && failed.push(text)),
  );
  if (!agrees) throw new Error(`the draw does not agree with its file: ${failed.join("; ")}`);
  return used;
}
