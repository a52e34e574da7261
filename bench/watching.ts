/**
 * The cost of ten watchers of `GET /admin/live`: `npm run bench:watching [-- PAIRS]`.
 *
 * First measures the CPU time of the metrics snapshots in an otherwise idle shop, and of counting one response. Then measures the
 * shop's CPU time per order over HTTP in many short turns, with watchers and without, and compares the turns in pairs. Orders per
 * second depend on other load of the machine; CPU time per order hardly does, and it limits a shop whose thread is saturated.
 */
import { readdirSync, readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { variants } from "../src/catalog/catalog.sql.ts";
import { Counters } from "../src/live/counters.ts";
import type { Changes, Table } from "../src/till/table.ts";
import { HttpFixture } from "./support/http-fixture.ts";
import { idOf } from "./support/ids.ts";

const WATCHERS = 10;
const CLIENTS = 256;
const MS = 1000;
const IDLE_MS = 8000;
const CHANGED_VARIANTS = 8;
const WARM_UP_MS = 300;
const pairs = Number(process.argv[2] ?? 20);

const fixture = await HttpFixture.open();
try {
  const bodies = [JSON.stringify({ orderItems: [{ productId: idOf("product", 0), quantity: 1 }] })];
  const plan = { url: fixture.shop.url, method: "POST" as const, paths: ["/orders"], tokens: fixture.tokens, bodies, connections: CLIENTS };
  await fixture.settle();
  await fixture.idle();
  const idle = await coresOver(IDLE_MS);
  const streams = await watchers();
  // Changes the stock of as many variants as a snapshot can report, while it is watched.
  const changes = Array.from({ length: CHANGED_VARIANTS }, (_, n) =>
    JSON.stringify({ orderItems: [{ productId: idOf("product", n), quantity: 1 }] }),
  );
  await fixture.load.send({ ...plan, bodies: changes, first: 0, connections: 1, ms: 1, warmUpMs: 0, maxRequests: CHANGED_VARIANTS }, [201]);
  await pause(WARM_UP_MS);
  const watchedIdle = await coresOver(IDLE_MS);
  for (const stream of streams) stream.destroy();
  const snapshots = watchedIdle.shop - idle.shop;
  console.log(
    `idle shop with ${WATCHERS} watchers: ${percent(snapshots)} of a core in the shop, ${percent(watchedIdle.postgres - idle.postgres)} in PostgreSQL`,
  );
  const counting = countingNs();
  console.log(`counting an order: ${counting.toFixed(0)} ns`);

  let first = 0;
  const orders = async (ms: number): Promise<Turn> => {
    const cpuBefore = cpuMs(fixture.shop.pid);
    const loaded = await fixture.load.send({ ...plan, first, ms, warmUpMs: 0 }, [201]);
    const took = cpuMs(fixture.shop.pid) - cpuBefore;
    first = loaded.next;
    return { perSecond: (loaded.latencies.length * 1000) / loaded.elapsedMs, usPerOrder: (took * 1000) / loaded.latencies.length };
  };
  if (pairs > 0) await orders(4000); // Warms up compilers and caches.
  const compared: { unwatched: Turn; watched: Turn }[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    // The second turn of a pair has a fuller database, so the order within pairs alternates.
    const watchedFirst = pair % 2 === 0;
    const one = watchedFirst ? await watchedOrders() : await orders(MS);
    const other = watchedFirst ? await orders(MS) : await watchedOrders();
    compared.push(watchedFirst ? { unwatched: other, watched: one } : { unwatched: one, watched: other });
  }
  const us = (pick: (pair: (typeof compared)[number]) => Turn): string => median(compared.map((pair) => pick(pair).usPerOrder)).toFixed(1);
  if (pairs > 0)
    console.log(
      `CPU time of the shop per order: ${us(({ unwatched }) => unwatched)} µs unwatched, ${us(({ watched }) => watched)} µs with ${WATCHERS} watchers`,
    );
  logRatios(
    "CPU time per order",
    compared.map(({ unwatched, watched }) => watched.usPerOrder / unwatched.usPerOrder),
  );
  if (pairs > 0) {
    const perSecond = median(compared.map(({ watched }) => watched.perSecond));
    console.log(
      `snapshots and counting, at ${Math.round(perSecond)} orders a second: ${percent(snapshots + (counting * perSecond) / 1e9)} of a core`,
    );
  }
  logRatios(
    "orders per second",
    compared.map(({ unwatched, watched }) => watched.perSecond / unwatched.perSecond),
  );

  async function watchedOrders(): Promise<Turn> {
    const streams = await watchers();
    try {
      // New watchers first receive past snapshots, which is not the cost to measure.
      await pause(WARM_UP_MS);
      return await orders(MS);
    } finally {
      for (const stream of streams) stream.destroy();
    }
  }
} finally {
  await fixture.close();
}

type Turn = { perSecond: number; usPerOrder: number };

/** CPU time of all threads of a process so far. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6, 0);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] as number) + (sorted[Math.ceil((sorted.length - 1) / 2)] as number)) / 2;
}

/** Logs the median with a 95 % confidence interval by the sign test, which assumes no distribution, and the quartiles. */
function logRatios(name: string, ratios: number[]): void {
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

/** CPU time of the shop and of PostgreSQL over `ms`, in cores. */
async function coresOver(ms: number): Promise<{ shop: number; postgres: number }> {
  const { postgres } = fixture.meters;
  postgres?.begin();
  const [at, cpuBefore] = [performance.now(), cpuMs(fixture.shop.pid)];
  await pause(ms);
  return { shop: (cpuMs(fixture.shop.pid) - cpuBefore) / (performance.now() - at), postgres: postgres?.read().cores ?? Number.NaN };
}

/** CPU time in ns of counting one order: its response and its changes. Measured in this process. */
function countingNs(): number {
  const counters = new Counters({ served: { rounds: 0, commands: 0, largest: 0, retries: 0 }, waiting: 0 });
  const variantChange = { key: idOf("product", 0), before: undefined, after: undefined };
  const changes: Changes = { tables: new Map([[variants as Table<unknown>, [variantChange]]]), journals: new Map() };
  const count = (responses: number): number => {
    const cpuBefore = process.cpuUsage();
    for (let i = 0; i < responses; i++) {
      counters.answered({ method: "POST", route: "/orders", status: 201, tookMs: 1 + (i % 100), refusal: null, rehearsal: false });
      counters.committed(changes, i);
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    return ((user + system) * 1000) / responses;
  };
  count(1_000_000);
  return count(1_000_000);
}

function watchers(): Promise<IncomingMessage[]> {
  return Promise.all(Array.from({ length: WATCHERS }, watch));
}

function watch(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${fixture.operator}` };
    get(`${fixture.shop.url}/admin/live`, { headers, agent: false }, (response) => resolve(response.on("error", () => {}).resume())).on(
      "error",
      reject,
    );
  });
}
