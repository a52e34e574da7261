// The draw of a million entries, from its close to its publication.

import { setTimeout as pause } from "node:timers/promises";
import { linesOf } from "../../src/drop/draw/draw-file.ts";
import { verifyDraw } from "../../src/drop/draw/verify-draw.ts";
import type { Options } from "../options.ts";
import type { Section } from "../report/section.ts";
import { type CpuMeter, memoryOf } from "../support/cores.ts";
import { type BenchDrop, closeAt, drawnAt, fillLine, openDrop } from "../support/drop-fixtures.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { assertCorrect } from "../support/verify.ts";

const WINNERS = 1000;
const HOUR_MS = 3_600_000;
const DRAWN_WITHIN_MS = 600_000;

export async function draw({ quick, log }: Options): Promise<Section> {
  const entries = quick ? 100_000 : 1_000_000;
  const fixture = await HttpFixture.open();
  try {
    const target = { url: fixture.shop.url, operator: fixture.operator };
    const lottery = await openDrop(target, WINNERS, { mode: "DRAW", waitlist: true, closesAt: new Date(Date.now() + HOUR_MS).toISOString() });
    await fixture.query((client) => fillLine(client, lottery, entries));
    const drawn = await run(fixture, lottery);
    log(`drawn after ${drawn.seconds.toFixed(1)} s, ${drawn.shop.toFixed(1)} s of the shop, ${drawn.postgres.toFixed(1)} s of PostgreSQL`);
    await verify(target.url, lottery);
    await fixture.idle();
    await assertCorrect(fixture.databaseUrl);
    const of = `a draw of ${entries.toLocaleString("en")} entries`;
    return {
      title: "The draw",
      rows: [],
      ratios: [
        { name: `${of}, from the close to its publication`, value: drawn.seconds, max: 30, unit: " s" },
        { name: `${of}, processor time of shop and PostgreSQL`, value: drawn.shop + drawn.postgres, max: 30, unit: " s" },
      ],
      notes: [
        `${drawn.shop.toFixed(1)} s of processor time of the shop, ${drawn.postgres.toFixed(1)} s of PostgreSQL; the shop's memory ${memoryOf(fixture.shop.pid).peak.toFixed(0)} MB at most`,
        "verify-draw agrees; audit: no violation",
      ],
    };
  } finally {
    await fixture.close();
  }
}

/** Lets a draw close, and waits until it is published. Times in seconds. */
async function run(fixture: HttpFixture, drop: BenchDrop): Promise<{ seconds: number; shop: number; postgres: number }> {
  const target = { url: fixture.shop.url, operator: fixture.operator };
  const { shop, postgres } = fixture.meters as { shop: CpuMeter; postgres: CpuMeter };
  await fixture.settle();
  for (const meter of [shop, postgres]) meter.begin();
  const closesAt = Date.now() + 500;
  await closeAt(target, drop, closesAt);
  for (const deadline = Date.now() + DRAWN_WITHIN_MS; ; await pause(100)) {
    const at = await drawnAt(target, drop);
    if (at !== null) return { seconds: (at - closesAt) / 1000, shop: shop.read().seconds, postgres: postgres.read().seconds };
    if (Date.now() > deadline) throw new Error("the draw was not made in time");
  }
}

/** Errors: the draw does not agree with its public file. */
async function verify(url: string, { id }: BenchDrop): Promise<void> {
  const file = await fetch(new URL(`/drops/${id}/draw/file`, url));
  const failed: string[] = [];
  const agrees = await verifyDraw(
    linesOf(file.body as AsyncIterable<Uint8Array>),
    {},
    ({ result, text }) => void (result === "failed" && failed.push(text)),
  );
  if (!agrees) throw new Error(`the draw does not agree with its file: ${failed.join("; ")}`);
}
