// The effect of the server's settings for checkpoints and memory, with millions of orders in the tables.

import { TillBaseline } from "../baselines/till.ts";
import { thousand } from "../baselines/orders.ts";
import type { Options } from "../options.ts";
import type { Ratio, Section } from "../report/section.ts";
import { CpuMeter } from "../support/cores.ts";
import { fillDatabase } from "../support/history.ts";
import type { Row } from "../support/interleave.ts";
import { medianSample, type Sample } from "../support/sample.ts";
import { Fixture } from "../support/fixture.ts";
import { assertCorrect } from "../support/verify.ts";

const CLIENTS = 256;
const NAME = "orders";
const AS_STARTED = "as `npm start` has it";

/** Settings of the server, each in place of those of `npm start`. */
const VARIANTS: Record<string, Record<string, string>> = {
  [AS_STARTED]: {},
  "max_wal_size = 128MB": { max_wal_size: "128MB", min_wal_size: "80MB" },
  "max_wal_size = 4GB": { max_wal_size: "4GB", min_wal_size: "1GB" },
  "checkpoint_timeout = 30s": { checkpoint_timeout: "30s" },
  "wal_compression = pglz": { wal_compression: "pglz" },
  "shared_buffers = 512MB": { shared_buffers: "512MB" },
  "shared_buffers = 2GB, max_wal_size = 4GB": { shared_buffers: "2GB", max_wal_size: "4GB", min_wal_size: "1GB" },
};

type Writing = { log: number; pages: number; checkpoints: number };
type Run = { sample: Sample; orders: number } & Writing;

/**
 * Each run starts the server with the settings, ends a checkpoint, and sells 1,000 products without a pause, so that it pays for whole pages in the
 * WAL, for the checkpoints of its own WAL, and for pages that are not in memory. `--seconds` should be 30 or more.
 */
export async function checkpoints({ quick, millions, turns, duration, log }: Options): Promise<Section> {
  const size = quick ? 60_000 : Math.max(...millions) * 1_000_000;
  const fixture = await Fixture.open();
  try {
    await fixture.database(NAME);
    await fillDatabase(fixture, NAME, size, log);
    const runs = new Map<string, Run[]>(Object.keys(VARIANTS).map((name) => [name, []]));
    for (let turn = 1; turn <= turns; turn++)
      for (const [name, settings] of Object.entries(VARIANTS)) {
        await fixture.restart(settings);
        const run = await sell(fixture, duration);
        runs.get(name)?.push(run);
        log(`${turn}/${turns} ${name}: ${Math.round(run.sample.perSecond)}/s, ${Math.round(run.log / run.orders)} B of WAL`);
      }
    await fixture.restart({});
    const orders = await assertCorrect(fixture.url(NAME));
    return {
      title: `Checkpoints and memory with ${size.toLocaleString("en")} orders`,
      rows: [...runs].map(([name, all]): Row => {
        const samples = all.map(({ sample }) => sample);
        return { name, waiting: CLIENTS, median: medianSample(samples), runs: samples };
      }),
      ratios: ratios(runs),
      notes: [...runs].map(([name, all]) => noteOf(name, all)).concat(`audit: no violation in ${orders.toLocaleString("en")} orders`),
    };
  } finally {
    await fixture.close();
  }
}

async function sell(fixture: Fixture, duration: Options["duration"]): Promise<Run> {
  const till = new TillBaseline(fixture.url(NAME), thousand);
  try {
    await fixture.settle();
    const [before, done] = [await writing(fixture), till.till.served.commands];
    const meters = { driver: new CpuMeter(process.pid, false), postgres: new CpuMeter(fixture.pid, true) };
    const sample = await till.run(CLIENTS, { ...duration, warmUpMs: duration.ms / 4 });
    const used = Object.entries(meters).map(([name, meter]) => [name, meter.read().seconds] as const);
    const [after, orders] = [await writing(fixture), till.till.served.commands - done];
    const written = { log: after.log - before.log, pages: after.pages - before.pages, checkpoints: after.checkpoints - before.checkpoints };
    const micros = Object.fromEntries(used.map(([name, seconds]) => [name, (seconds * 1_000_000) / orders]));
    return { sample: { ...sample, micros }, orders, ...written };
  } finally {
    await till.close();
  }
}

async function writing(fixture: Fixture): Promise<Writing> {
  const { rows } = await fixture.query(NAME, (client) =>
    client.query<Record<keyof Writing, string>>(
      `SELECT pg_current_wal_lsn() - '0/0' AS log, (SELECT wal_fpi FROM pg_stat_wal) AS pages,
              (SELECT num_timed + num_requested FROM pg_stat_checkpointer) AS checkpoints`,
    ),
  );
  const { log = 0, pages = 0, checkpoints: ended = 0 } = rows[0] ?? {};
  return { log: Number(log), pages: Number(pages), checkpoints: Number(ended) };
}

const average = (runs: Run[], of: (run: Run) => number): number => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
const microsOf = (runs: Run[]): number => average(runs, ({ sample }) => sample.micros?.["postgres"] ?? Number.NaN);

function ratios(runs: Map<string, Run[]>): Ratio[] {
  const base = runs.get(AS_STARTED) ?? [];
  return [...runs]
    .filter(([name]) => name !== AS_STARTED)
    .map(([name, all]) => ({ name: `PostgreSQL's processor time per order: ${name} ÷ ${AS_STARTED}`, value: microsOf(all) / microsOf(base) }));
}

function noteOf(name: string, runs: Run[]): string {
  const log = Math.round(average(runs, (run) => run.log / run.orders)).toLocaleString("en");
  const pages = average(runs, (run) => run.pages / run.orders).toFixed(2);
  const ended = average(runs, (run) => run.checkpoints).toFixed(1);
  return `${name}: ${log} B of WAL per order, of these ${pages} whole pages; ${microsOf(runs).toFixed(1)} µs of PostgreSQL; ${ended} checkpoints in a run`;
}
