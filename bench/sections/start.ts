// Row 9: time from the command line to the first response, including the database, and memory when idle.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Options } from "../options.ts";
import type { Section } from "../report/section.ts";
import { memoryOf } from "../support/cores.ts";
import { median } from "../support/sample.ts";
import { ServerProcess } from "../support/server-process.ts";

const IDLE_MS = 2000;

type Start = { firstMs: number; laterMs: number; idleMb: number };

export async function start({ turns, log }: Options): Promise<Section> {
  const starts: Start[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const directory = mkdtempSync(join(tmpdir(), "jangnal-bench-"));
    try {
      const first = await timed(directory);
      const later = await timed(directory);
      starts.push({ firstMs: first.ms, laterMs: later.ms, idleMb: later.idleMb });
      log(`${turn + 1}/${turns} first start ${first.ms.toFixed(0)} ms, later ${later.ms.toFixed(0)} ms`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  const of = (pick: (start: Start) => number): string => median(starts.map(pick)).toFixed(0);
  return {
    title: "Start",
    rows: [],
    ratios: [],
    notes: [
      `from the command line to the first response: ${of((s) => s.firstMs)} ms including the creation of the database, ${of((s) => s.laterMs)} ms later on`,
      `the shop's memory when idle: ${of((s) => s.idleMb)} MB, without PostgreSQL's`,
    ],
  };
}

async function timed(directory: string): Promise<{ ms: number; idleMb: number }> {
  const startedAt = performance.now();
  const shop = await ServerProcess.shop({ DATA_DIR: directory });
  const response = await fetch(`${shop.url}/products`);
  await response.arrayBuffer();
  const ms = performance.now() - startedAt;
  if (response.status !== 200) throw new Error(`the first response had status ${response.status}`);
  await pause(IDLE_MS);
  const idleMb = memoryOf(shop.pid).now;
  await shop.stop();
  return { ms, idleMb };
}
