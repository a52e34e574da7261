/**
 * What it costs the shop to be watched by ten: first the processor's time that the seconds themselves take, in a shop where nothing else happens,
 * and that it takes to count an answer; then orders of one product over HTTP, in turns with watchers of `GET /admin/live` and with none.
 * `npm run bench:watching [-- TURNS]`. The first is certain to a few thousandths of a core on any machine; the second needs a quiet one and many turns.
 */
import { get, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Tally } from "../src/live/tally.ts";
import { HttpStage } from "./support/http-stage.ts";
import { idOf } from "./support/ids.ts";

const WATCHERS = 10;
const CROWD = 256;
const MS = 2500;
const IDLE_MS = 12_000;
const WARM_UP_MS = 500;
const turns = Number(process.argv[2] ?? 12);

const stage = await HttpStage.open();
try {
  await stage.settle();
  await stage.quiet();
  const idle = await coresOver(IDLE_MS);
  const streams = await watchers();
  await pause(WARM_UP_MS);
  const watchedIdle = await coresOver(IDLE_MS);
  for (const stream of streams) stream.destroy();
  for (const [name, cores] of Object.entries(watchedIdle))
    console.log(`${name}, nothing else to do: ${((cores - (idle[name] ?? 0)) * 100).toFixed(2)} % of a core for ${WATCHERS} watchers`);
  console.log(`each answer that is counted: ${countingNs().toFixed(0)} ns`);

  const bodies = [JSON.stringify({ orderItems: [{ productId: idOf("product", 0), quantity: 1 }] })];
  const plan = { url: stage.shop.url, method: "POST" as const, paths: ["/orders"], tokens: stage.tokens, bodies, connections: CROWD };
  let first = 0;
  const orders = async (ms: number): Promise<{ perSecond: number; perCore: number }> => {
    const side = stage.sides["shop"];
    side?.begin();
    const loaded = await stage.load.send({ ...plan, first, ms, warmUpMs: WARM_UP_MS }, [201]);
    const cores = side?.cores() ?? Number.NaN;
    first = loaded.next;
    const perSecond = (loaded.latencies.length * 1000) / loaded.elapsedMs;
    return { perSecond, perCore: perSecond / cores };
  };
  if (turns > 0) await orders(3000); // Compilers and caches have seen everything.
  const ratios: { perSecond: number; perCore: number }[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    // Whoever comes second finds a fuller database: so they take turns at that, too.
    const [one, other] = turn % 2 === 0 ? [await watched(), await orders(MS)] : [await orders(MS), await watched()];
    const [without, beside] = turn % 2 === 0 ? [other, one] : [one, other];
    ratios.push({ perSecond: beside.perSecond / without.perSecond, perCore: beside.perCore / without.perCore });
    console.log(`${turn}/${turns} unwatched ${Math.round(without.perSecond)}/s, with ${WATCHERS} watchers ${Math.round(beside.perSecond)}/s`);
  }
  const tell = (name: string, values: number[]): void => {
    if (values.length === 0) return;
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.round((sorted.length - 1) * share)] as number).toFixed(3);
    console.log(`${name}, watched ÷ unwatched: median ${at(0.5)}, quartiles ${at(0.25)}–${at(0.75)}`);
  };
  tell(
    "orders a second",
    ratios.map(({ perSecond }) => perSecond),
  );
  tell(
    "orders per second of the shop's processor",
    ratios.map(({ perCore }) => perCore),
  );

  async function watched(): Promise<{ perSecond: number; perCore: number }> {
    const streams = await watchers();
    try {
      return await orders(MS);
    } finally {
      for (const stream of streams) stream.destroy();
    }
  }
} finally {
  await stage.close();
}

/** How much of a core each side takes. */
async function coresOver(ms: number): Promise<Record<string, number>> {
  const { shop, postgres } = stage.sides;
  const sides = Object.entries({ shop, postgres }).filter((side) => side[1] !== undefined) as [string, NonNullable<typeof shop>][];
  for (const [, side] of sides) side.begin();
  await pause(ms);
  return Object.fromEntries(sides.map(([name, side]) => [name, side.cores()]));
}

/** What it takes to count one answer, in this process. */
function countingNs(): number {
  const tally = new Tally({ served: { rounds: 0, commands: 0, largest: 0, retries: 0 }, waiting: 0 });
  const count = (answers: number): number => {
    const began = process.cpuUsage();
    for (let i = 0; i < answers; i++) tally.answered({ method: "POST", route: "/orders", status: 201, tookMs: 1 + (i % 100), refusal: null });
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
