/**
 * What it costs the shop to be watched by ten: first the processor's time that the seconds themselves take, in a shop where nothing else happens,
 * and that it takes to count an answer; then the processor's time of the shop per order over HTTP, in many short turns with watchers of
 * `GET /admin/live` and with none, in pairs, each compared with its neighbour. `npm run bench:watching [-- PAIRS]`. Orders per second depend on whatever
 * else the machine does in that second; time per order hardly does, and it is what a shop whose thread is full has less of.
 */
import { readdirSync, readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { variants } from "../src/catalog/catalog.sql.ts";
import { Counters } from "../src/live/counters.ts";
import type { Changes } from "../src/till/table.ts";
import { HttpFixture } from "./support/http-fixture.ts";
import { idOf } from "./support/ids.ts";

const WATCHERS = 10;
const CROWD = 256;
const MS = 1000;
const IDLE_MS = 8000;
const MOVED = 8;
const WARM_UP_MS = 300;
const pairs = Number(process.argv[2] ?? 20);

const stage = await HttpFixture.open();
try {
  const bodies = [JSON.stringify({ orderItems: [{ productId: idOf("product", 0), quantity: 1 }] })];
  const plan = { url: stage.shop.url, method: "POST" as const, paths: ["/orders"], tokens: stage.tokens, bodies, connections: CROWD };
  await stage.settle();
  await stage.quiet();
  const idle = await coresOver(IDLE_MS);
  const streams = await watchers();
  // As much as a second can tell of: so many variants have moved, while somebody watched.
  const moved = Array.from({ length: MOVED }, (_, n) => JSON.stringify({ orderItems: [{ productId: idOf("product", n), quantity: 1 }] }));
  await stage.load.send({ ...plan, bodies: moved, first: 0, connections: 1, ms: 1, warmUpMs: 0, most: MOVED }, [201]);
  await pause(WARM_UP_MS);
  const watchedIdle = await coresOver(IDLE_MS);
  for (const stream of streams) stream.destroy();
  const seconds = watchedIdle.shop - idle.shop;
  console.log(
    `nothing else to do, ${WATCHERS} watchers: ${percent(seconds)} of a core of the shop's, ${percent(watchedIdle.postgres - idle.postgres)} of PostgreSQL's`,
  );
  const counting = countingNs();
  console.log(`an order that is counted: ${counting.toFixed(0)} ns`);

  let first = 0;
  const orders = async (ms: number): Promise<Turn> => {
    const began = processorMs(stage.shop.pid);
    const loaded = await stage.load.send({ ...plan, first, ms, warmUpMs: 0 }, [201]);
    const took = processorMs(stage.shop.pid) - began;
    first = loaded.next;
    return { perSecond: (loaded.latencies.length * 1000) / loaded.elapsedMs, usPerOrder: (took * 1000) / loaded.latencies.length };
  };
  if (pairs > 0) await orders(4000); // Compilers and caches have seen everything.
  const compared: { without: Turn; beside: Turn }[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    // Whoever comes second finds a fuller database: so they take turns at that, too.
    const watchedFirst = pair % 2 === 0;
    const one = watchedFirst ? await watched() : await orders(MS);
    const other = watchedFirst ? await orders(MS) : await watched();
    compared.push(watchedFirst ? { without: other, beside: one } : { without: one, beside: other });
  }
  const us = (pick: (pair: (typeof compared)[number]) => Turn): string => median(compared.map((pair) => pick(pair).usPerOrder)).toFixed(1);
  if (pairs > 0)
    console.log(
      `processor's time of the shop per order: ${us(({ without }) => without)} µs unwatched, ${us(({ beside }) => beside)} µs with ${WATCHERS}`,
    );
  tell(
    "the same, each pair",
    compared.map(({ without, beside }) => beside.usPerOrder / without.usPerOrder),
  );
  if (pairs > 0) {
    const perSecond = median(compared.map(({ beside }) => beside.perSecond));
    console.log(`both together, at ${Math.round(perSecond)} orders a second: ${percent(seconds + (counting * perSecond) / 1e9)} of a core`);
  }
  tell(
    "orders a second, each pair",
    compared.map(({ without, beside }) => beside.perSecond / without.perSecond),
  );

  async function watched(): Promise<Turn> {
    const streams = await watchers();
    try {
      // They are told of the seconds before, once; what it costs to be watched comes after.
      await pause(WARM_UP_MS);
      return await orders(MS);
    } finally {
      for (const stream of streams) stream.destroy();
    }
  }
} finally {
  await stage.close();
}

type Turn = { perSecond: number; usPerOrder: number };

/** What all threads of a process have taken of processors so far. */
function processorMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6, 0);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] as number) + (sorted[Math.ceil((sorted.length - 1) / 2)] as number)) / 2;
}

/** The median, the quartiles, and between what the median lies with 95 % (by the signs alone: nothing is supposed of how they are spread). */
function tell(name: string, ratios: number[]): void {
  if (ratios.length === 0) return;
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (place: number): string => (sorted[Math.max(0, Math.min(sorted.length - 1, place))] as number).toFixed(4);
  const half = 0.98 * Math.sqrt(sorted.length);
  const [low, high] = [Math.floor(sorted.length / 2 - half), Math.ceil(sorted.length / 2 + half) - 1];
  const quartile = (share: number): string => at(Math.round((sorted.length - 1) * share));
  console.log(
    `${name}, watched ÷ unwatched: median ${median(ratios).toFixed(4)} (95 %: ${at(low)}–${at(high)}), quartiles ${quartile(0.25)}–${quartile(0.75)}, ${ratios.length} pairs`,
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** How much of a core each side takes. */
async function coresOver(ms: number): Promise<{ shop: number; postgres: number }> {
  const { postgres } = stage.sides;
  postgres?.begin();
  const [at, began] = [performance.now(), processorMs(stage.shop.pid)];
  await pause(ms);
  return { shop: (processorMs(stage.shop.pid) - began) / (performance.now() - at), postgres: postgres?.cores() ?? Number.NaN };
}

/** What it takes to count one order, its answer and what it has moved, in this process. */
function countingNs(): number {
  const tally = new Counters({ served: { rounds: 0, commands: 0, largest: 0, retries: 0 }, waiting: 0 });
  const changes = { shelves: new Map([[variants, [{ key: idOf("product", 0) }]]]) } as unknown as Changes;
  const count = (answers: number): number => {
    const began = process.cpuUsage();
    for (let i = 0; i < answers; i++) {
      tally.answered({ method: "POST", route: "/orders", status: 201, tookMs: 1 + (i % 100), refusal: null, rehearsal: false });
      tally.committed(changes, i);
    }
    const { user, system } = process.cpuUsage(began);
    return ((user + system) * 1000) / answers;
  };
  count(1_000_000);
  return count(1_000_000);
}

function watchers(): Promise<IncomingMessage[]> {
  return Promise.all(Array.from({ length: WATCHERS }, watch));
}

function watch(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${stage.operator}` };
    get(`${stage.shop.url}/admin/live`, { headers, agent: false }, (response) => resolve(response.on("error", () => {}).resume())).on(
      "error",
      reject,
    );
  });
}
