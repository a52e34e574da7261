/**
 * What it costs the shop to be watched: orders of one product over HTTP, in turns with ten watchers of `GET /admin/live` and with none.
 * `npm run bench:watching [-- TURNS]`; says both, and the median of each turn's ratio.
 */
import { get, type IncomingMessage } from "node:http";
import { HttpStage } from "./support/http-stage.ts";
import { idOf } from "./support/ids.ts";

const WATCHERS = 10;
const CROWD = 256;
const MS = 2500;
const WARM_UP_MS = 500;
const turns = Number(process.argv[2] ?? 12);

const stage = await HttpStage.open();
try {
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
  await orders(3000); // Compilers and caches have seen everything.
  const ratios: { perSecond: number; perCore: number }[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    // Whoever comes second finds a fuller database: so they take turns at that, too.
    const [one, other] = turn % 2 === 0 ? [await watched(), await orders(MS)] : [await orders(MS), await watched()];
    const [without, beside] = turn % 2 === 0 ? [other, one] : [one, other];
    ratios.push({ perSecond: beside.perSecond / without.perSecond, perCore: beside.perCore / without.perCore });
    console.log(`${turn}/${turns} unwatched ${Math.round(without.perSecond)}/s, with ${WATCHERS} watchers ${Math.round(beside.perSecond)}/s`);
  }
  const tell = (name: string, values: number[]): void => {
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
    const streams = await Promise.all(Array.from({ length: WATCHERS }, watch));
    try {
      return await orders(MS);
    } finally {
      for (const stream of streams) stream.destroy();
    }
  }
} finally {
  await stage.close();
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
