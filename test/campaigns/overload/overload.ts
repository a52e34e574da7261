// Sends a shop many times more orders than it can serve. The shop must serve some with normal latency and reject the others at once,
// and must have recovered as soon as the load ends.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addExchanges, keepLedgers } from "../../support/history.ts";
import { serve } from "../../support/process.ts";
import { requestText } from "../../support/raw.ts";
import { Client, good } from "../../support/shop.ts";
import type { LoadResult, Plan } from "./load-generator.ts";

export type OverloadOptions = {
  seconds: number;
  /** Arrival rate as a multiple of the measured capacity. */
  times?: number;
  /** Line items per order, which make an order expensive. */
  items?: number;
};

export type OverloadReport = {
  /** The capacity: orders per second under closed-loop load. */
  servedPerSecond: number;
  normal: LoadResult;
  overload: LoadResult;
  /** Resident set size in MB: after the normal load, and the maximum during the overload. */
  normalMb: number;
  maxMb: number;
  /** Time from the end of the load to the next successful order. */
  recoveredAfterMs: number;
  lost: number;
  /** Orders without a 201 response. Legitimate for requests whose connection broke. */
  unacknowledged: number;
  violations: unknown[];
};

const NORMAL_SECONDS = 3;
const LOCK_WAIT_MS = 1000;
const NORMAL_CONCURRENCY = 64;
const BUYERS = 500;
export const CONNECTIONS = 4000;
const PRODUCTS = 200;

export async function overload({ seconds, times = 10, items = 1 }: OverloadOptions): Promise<OverloadReport> {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-overload-"));
  const shop = await serve({ DATA_DIR: folder, DEMO: "off", LOCK_WAIT_MS: String(LOCK_WAIT_MS) });
  const generator = fork(join(import.meta.dirname, "load-generator.ts"), ["load-generator"], { serialization: "advanced" });
  const operator = new Client(shop.url, "an-operator", "operator");
  try {
    const requests = await buyers();
    const normal = await send({
      url: shop.url,
      requests: requests("normal"),
      concurrency: NORMAL_CONCURRENCY,
      seconds: NORMAL_SECONDS,
      connections: NORMAL_CONCURRENCY,
    });
    const servedPerSecond = Math.round((normal.responses["201"]?.length ?? 0) / NORMAL_SECONDS);
    const normalMb = residentMb();
    let maxMb = 0;
    const watch = setInterval(() => (maxMb = Math.max(maxMb, residentMb())), 100);
    const rush = await send({
      url: shop.url,
      requests: requests("overload"),
      perSecond: servedPerSecond * times,
      seconds,
      // Until the first batch of arrivals is served, nearly all others are rejected.
      laterMs: LOCK_WAIT_MS,
      connections: CONNECTIONS,
    });
    clearInterval(watch);

    const endedAt = performance.now();
    const [last = ""] = requests("after");
    while ((await send({ url: shop.url, requests: [last], concurrency: 1, seconds: 0, connections: 1 })).responses["201"] === undefined);
    const recoveredAfterMs = performance.now() - endedAt;

    const present = new Set(await orders());
    const acknowledged = [...normal.orderIds, ...rush.orderIds];
    const lost = acknowledged.filter((id) => !present.has(id)).length;
    const { violations } = good(await operator.get("/admin/audit"), 200);
    return {
      servedPerSecond,
      normal,
      overload: rush,
      normalMb,
      maxMb,
      recoveredAfterMs,
      lost,
      unacknowledged: present.size - 1 - (acknowledged.length - lost),
      violations,
    };
  } finally {
    const socket = readFileSync(join(folder, "postgres.socket"), "utf8");
    await keepLedgers(`postgresql:///jangnal?host=${encodeURIComponent(socket)}&port=5432&user=jangnal&sslmode=disable`);
    generator.disconnect();
    shop.child.kill("SIGTERM");
    await shop.ended;
    rmSync(folder, { recursive: true, force: true });
  }

  /** Creates buyers and products. Returns a function that makes one order request per buyer. */
  async function buyers(): Promise<(name: string) => string[]> {
    const users = good(await operator.post("/admin/users", { users: Array.from({ length: BUYERS }, () => ({ name: "손님" })) }), 201).users as {
      id: string;
    }[];
    good(await operator.post("/admin/balances/grant", { grants: users.map(({ id: userId }) => ({ userId, amount: 1e9, reason: "overload" })) }), 200);
    const made = good(
      await operator.post("/admin/products", { products: Array.from({ length: PRODUCTS }, () => ({ name: "사과", price: 1, stock: 1e9 })) }),
      201,
    ).products as { id: string }[];
    return (name) =>
      users.map(({ id }, i) => {
        const orderItems = Array.from({ length: items }, (_, item) => ({ productId: made[(i + item) % made.length]?.id, quantity: 1 }));
        const headers = { Authorization: `Bearer ${new Client(shop.url, id, "shopper").token}`, "Idempotency-Key": `${name}-{key}` };
        return requestText("POST", "/orders", headers, JSON.stringify({ orderItems }));
      });
  }

  async function send(plan: Plan): Promise<LoadResult> {
    generator.send(plan);
    const [result] = (await once(generator, "message")) as [LoadResult];
    addExchanges(result.history.exchanges, result.history.origin);
    return result;
  }

  function residentMb(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${shop.child.pid}/status`, "utf8"))?.[1]) / 1024;
  }

  async function orders(): Promise<string[]> {
    const all: string[] = [];
    for (let cursor = ""; ;) {
      const page = good(await operator.get(`/admin/orders?limit=100${cursor}`), 200);
      all.push(...(page.orders as { orderId: string }[]).map(({ orderId }) => orderId));
      if (page.nextCursor === null) return all;
      cursor = `&cursor=${page.nextCursor}`;
    }
  }
}
