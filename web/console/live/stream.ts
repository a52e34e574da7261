// The live metrics, one snapshot a second. EventSource cannot send a token, so this reads the stream with fetch and reconnects when it breaks.

import { effect, signal } from "@preact/signals";
import { fetchAndWatch } from "../api.ts";
import { session } from "../session.ts";

export type Snapshot = {
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
  /** Sales of a rehearsal. The figures above leave them out. */
  rehearsal?: Pick<Snapshot, "stock" | "coupons"> & { orders: number; claims: number };
};

const HISTORY_LENGTH = 180;
const RECONNECT_MS = 1500;

export const snapshots = signal<Snapshot[]>([]);
export const connected = signal(false);

/** The highest stock of each variant since the page was opened, as 100 % of its bar. */
export const highestStock = signal<Record<string, number>>({});

/** Reads the stream until the returned function is called. */
export function watch(): () => void {
  const controller = new AbortController();
  const stop = effect(() => {
    const token = session.value?.token;
    if (token !== undefined) void keepWatching(token, controller.signal);
  });
  return () => {
    stop();
    controller.abort();
    connected.value = false;
  };
}

async function keepWatching(token: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && session.peek()?.token === token) {
    try {
      await read(token, signal);
    } catch {
      // The loop connects again, whatever the reason was.
    }
    if (signal.aborted) return;
    connected.value = false;
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

async function read(token: string, signal: AbortSignal): Promise<void> {
  const response = await fetchAndWatch("/admin/live", {
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
    signal,
    cache: "no-store",
  });
  if (!response.ok || response.body === null) return;
  connected.value = true;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    buffer += part.value;
    const events = buffer.split("\n\n");
    buffer = events.pop() ?? "";
    append(events.flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []).map((data) => withRehearsal(JSON.parse(data) as Snapshot)));
  }
}

/** Adds a rehearsal's sales to the shop's: operators watch a rehearsal to see how the real drop would look. A notice tells that it is one. */
function withRehearsal(snapshot: Snapshot): Snapshot {
  const { rehearsal, perSecond, stock, coupons } = snapshot;
  if (!rehearsal) return snapshot;
  const { orders, claims } = perSecond;
  return {
    ...snapshot,
    perSecond: { ...perSecond, orders: orders + rehearsal.orders, claims: claims + rehearsal.claims },
    stock: [...rehearsal.stock, ...stock],
    coupons: [...rehearsal.coupons, ...coupons],
  };
}

/** Skips the snapshots that the shop repeats after a reconnect. */
function append(received: Snapshot[]): void {
  const last = snapshots.value.at(-1)?.at ?? "";
  const fresh = received.filter(({ at }) => at > last);
  if (fresh.length === 0) return;
  snapshots.value = [...snapshots.value, ...fresh].slice(-HISTORY_LENGTH);
  const highest = { ...highestStock.value };
  for (const { stock } of fresh) for (const { variantId, left } of stock) highest[variantId] = Math.max(highest[variantId] ?? 0, left);
  highestStock.value = highest;
}
