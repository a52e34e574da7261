// The shop's seconds, as they come. EventSource could not say who asks, so the stream is read by hand; one that breaks is opened anew.

import { effect, signal } from "@preact/signals";
import { listen } from "../api.ts";
import { session } from "../session.ts";

export type Second = {
  at: string;
  instances: { id: string; uptimeS: number; cpu: number; busy: number; memoryMb: number; waiting: number; own: boolean }[];
  database: { tookMs: number } | null;
  perSecond: {
    answers: number;
    orders: number;
    claims: number;
    commands: number;
    rounds: number;
    flushes: number | null;
    refusals: Record<string, number>;
  };
  roundSize: number | null;
  waiting: number;
  latencyMs: { p50: number; p95: number; p99: number; max: number } | null;
  stock: { variantId: string; productId: string; name: string; left: number }[];
  coupons: { couponId: string; name: string; left: number; total: number }[];
  /** What a rehearsal sells, which the figures above leave out. */
  rehearsal?: Pick<Second, "stock" | "coupons"> & { orders: number; claims: number };
};

const KEPT = 180;
const AGAIN_MS = 1500;

export const seconds = signal<Second[]>([]);
export const connected = signal(false);

/** The most that was left of each thing since one began to look: what its bar is measured by. */
export const most = signal<Record<string, number>>({});

/** Watches until `stop` is called. */
export function watch(): () => void {
  const left = new AbortController();
  const stop = effect(() => {
    const token = session.value?.token;
    if (token !== undefined) void keepWatching(token, left.signal);
  });
  return () => {
    stop();
    left.abort();
    connected.value = false;
  };
}

async function keepWatching(token: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && session.peek()?.token === token) {
    try {
      await read(token, signal);
    } catch {
      // Whatever it was, the shop may be there again in a moment.
    }
    if (signal.aborted) return;
    connected.value = false;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function read(token: string, signal: AbortSignal): Promise<void> {
  const response = await listen("/admin/live", {
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
    signal,
    cache: "no-store",
  });
  if (!response.ok || response.body === null) return;
  connected.value = true;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    take(events.flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []).map((data) => withRehearsal(JSON.parse(data) as Second)));
  }
}

/** The page shows a rehearsal like a sale, below a notice that one is under way: it is watched in order to see how the real one would look. */
function withRehearsal(second: Second): Second {
  const { rehearsal, perSecond, stock, coupons } = second;
  if (!rehearsal) return second;
  const { orders, claims } = perSecond;
  return {
    ...second,
    perSecond: { ...perSecond, orders: orders + rehearsal.orders, claims: claims + rehearsal.claims },
    stock: [...rehearsal.stock, ...stock],
    coupons: [...rehearsal.coupons, ...coupons],
  };
}

/** What is told again after a new beginning is known already. */
function take(told: Second[]): void {
  const last = seconds.value.at(-1)?.at ?? "";
  const fresh = told.filter(({ at }) => at > last);
  if (fresh.length === 0) return;
  seconds.value = [...seconds.value, ...fresh].slice(-KEPT);
  const highest = { ...most.value };
  for (const { stock } of fresh) for (const { variantId, left } of stock) highest[variantId] = Math.max(highest[variantId] ?? 0, left);
  most.value = highest;
}
