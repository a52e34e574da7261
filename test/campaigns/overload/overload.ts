// A shop to which many times more people come than it can serve. Whoever is served is served as ever, whoever is not is told so at once,
// and when the crowd has gone nothing of it is left but what was sold.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../support/process.ts";
import { requestText } from "../../support/raw.ts";
import { Client, good } from "../../support/shop.ts";
import type { Came, Plan } from "./crowd.ts";

export type OverloadOptions = {
  seconds: number;
  /** How many times what the shop can serve. */
  times?: number;
  /** Of each order: what is dear to the shop is dear by these. */
  lines?: number;
};

export type Report = {
  /** What it serves, with as many at once as it likes best. */
  servedPerSecond: number;
  calm: Came;
  rush: Came;
  /** Resident, in MB: at the end of the calm, and the most in the rush. */
  calmMb: number;
  mostMb: number;
  /** From the last arrival to the first order that was placed as ever. */
  backAfterMs: number;
  lost: number;
  /** Orders that are there although their buyers were told otherwise, or nothing: of those who were told nothing, that may be. */
  unheard: number;
  violations: unknown[];
};

const CALM_SECONDS = 3;
const LOCK_WAIT_MS = 1000;
const CALM_AT_ONCE = 64;
const BUYERS = 500;
export const CONNECTIONS = 4000;
const PRODUCTS = 200;

export async function overload({ seconds, times = 10, lines = 1 }: OverloadOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-overload-"));
  const shop = await serve({ DATA_DIR: folder, DEMO: "off", LOCK_WAIT_MS: String(LOCK_WAIT_MS) });
  const crowd = fork(join(import.meta.dirname, "crowd.ts"), ["crowd"], { serialization: "advanced" });
  const operator = new Client(shop.url, "an-operator", "operator");
  try {
    const requests = await buyers();
    const calm = await send({ url: shop.url, requests: requests("calm"), atOnce: CALM_AT_ONCE, seconds: CALM_SECONDS, connections: CALM_AT_ONCE });
    const servedPerSecond = Math.round((calm.answered["201"]?.length ?? 0) / CALM_SECONDS);
    const calmMb = residentMb();
    let mostMb = 0;
    const watch = setInterval(() => (mostMb = Math.max(mostMb, residentMb())), 100);
    const rush = await send({
      url: shop.url,
      requests: requests("rush"),
      perSecond: servedPerSecond * times,
      seconds,
      // The first of a rush are a crowd like any other, and as long as they are served the others are turned away.
      laterMs: LOCK_WAIT_MS,
      connections: CONNECTIONS,
    });
    clearInterval(watch);

    const wentAt = performance.now();
    const [last = ""] = requests("after");
    while ((await send({ url: shop.url, requests: [last], atOnce: 1, seconds: 0, connections: 1 })).answered["201"] === undefined);
    const backAfterMs = performance.now() - wentAt;

    const there = new Set(await orders());
    const told = [...calm.orderIds, ...rush.orderIds];
    const lost = told.filter((id) => !there.has(id)).length;
    const { violations } = good(await operator.get("/admin/audit"), 200);
    return { servedPerSecond, calm, rush, calmMb, mostMb, backAfterMs, lost, unheard: there.size - 1 - (told.length - lost), violations };
  } finally {
    crowd.disconnect();
    shop.child.kill("SIGTERM");
    await shop.ended;
    rmSync(folder, { recursive: true, force: true });
  }

  /** Everybody's order, of a product each or of many. */
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
        const orderItems = Array.from({ length: lines }, (_, line) => ({ productId: made[(i + line) % made.length]?.id, quantity: 1 }));
        const headers = { Authorization: `Bearer ${new Client(shop.url, id, "shopper").token}`, "Idempotency-Key": `${name}-{key}` };
        return requestText("POST", "/orders", headers, JSON.stringify({ orderItems }));
      });
  }

  async function send(plan: Plan): Promise<Came> {
    crowd.send(plan);
    const [came] = (await once(crowd, "message")) as [Came];
    return came;
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
