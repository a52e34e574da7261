// What one instance has done in the last second. Nothing is counted while nobody watches.

import { performance } from "node:perf_hooks";
import { campaigns } from "../coupon/campaign.sql.ts";
import { variants } from "../catalog/catalog.sql.ts";
import type { Changes } from "../till/table.ts";
import type { Till } from "../till/till.ts";
import { type Buckets, Latency } from "./latency.ts";

/** An answer, as far as a watcher cares. */
export type Answered = { method: string; route: string; status: number; tookMs: number; refusal: string | null; rehearsal: boolean };

/** What one instance tells the others of its last second. Counts, over `overMs`. */
export type InstanceSecond = {
  id: string;
  uptimeS: number;
  /** Of one core. */
  cpu: number;
  /** How much of the time its thread was not idle. */
  busy: number;
  memoryMb: number;
  waiting: number;
  overMs: number;
  answers: number;
  orders: number;
  claims: number;
  /** What a rehearsal's buyers got, which is in neither of the two. An instance of the version before counts it there and tells none. */
  rehearsal?: { orders: number; claims: number };
  commands: number;
  rounds: number;
  refusals: Record<string, number>;
  latency: Buckets;
  /** What has moved in the last minutes. */
  variants: string[];
  campaigns: string[];
};

const REMEMBERED_MS = 5 * 60_000;
const MOST_REMEMBERED = 8;
const SALES = new Set(["POST /orders", "POST /coupons/:couponId/issue"]);

export class Counters {
  readonly #till: Pick<Till, "served" | "waiting">;
  readonly #latency = new Latency();
  readonly #moved = { variants: new Map<string, number>(), campaigns: new Map<string, number>() };
  #counted = nothingCounted();
  #refusals: Record<string, number> = {};
  #last: { at: number; commands: number; rounds: number; cpu: NodeJS.CpuUsage; thread: ReturnType<typeof performance.eventLoopUtilization> };

  constructor(till: Pick<Till, "served" | "waiting">) {
    this.#till = till;
    this.#last = this.#mark();
  }

  /** Begins anew: what was counted before the pause is of no second. */
  restart(): void {
    this.#latency.take();
    this.#counted = nothingCounted();
    this.#refusals = {};
    this.#last = this.#mark();
  }

  answered({ method, route, status, tookMs, refusal, rehearsal }: Answered): void {
    this.#counted.answers++;
    if (refusal !== null) this.#refusals[refusal] = (this.#refusals[refusal] ?? 0) + 1;
    const name = `${method} ${route}`;
    if (!SALES.has(name)) return;
    this.#latency.add(tookMs);
    if (status !== 201) return;
    const sales = rehearsal ? this.#counted.rehearsal : this.#counted;
    if (name === "POST /orders") sales.orders++;
    else sales.claims++;
  }

  committed({ tables: shelves }: Changes, now: number): void {
    for (const { key } of shelves.get(variants) ?? []) remember(this.#moved.variants, key, now);
    for (const { key } of shelves.get(campaigns) ?? []) remember(this.#moved.campaigns, key, now);
  }

  /** The time since it was last asked. */
  take(id: string, now: number): InstanceSecond {
    const mark = this.#mark();
    const since = this.#last;
    const overMs = mark.at - since.at;
    const cpu = process.cpuUsage(since.cpu);
    const second = {
      id,
      uptimeS: Math.round(process.uptime()),
      cpu: round((cpu.user + cpu.system) / 1000 / overMs),
      busy: round(performance.eventLoopUtilization(mark.thread, since.thread).utilization),
      memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576),
      waiting: this.#till.waiting,
      overMs: Math.round(overMs),
      ...this.#counted,
      commands: mark.commands - since.commands,
      rounds: mark.rounds - since.rounds,
      refusals: this.#refusals,
      latency: this.#latency.take(),
      variants: recent(this.#moved.variants, now),
      campaigns: recent(this.#moved.campaigns, now),
    };
    this.#last = mark;
    this.#counted = nothingCounted();
    this.#refusals = {};
    return second;
  }

  #mark() {
    const { commands, rounds } = this.#till.served;
    return { at: performance.now(), commands, rounds, cpu: process.cpuUsage(), thread: performance.eventLoopUtilization() };
  }
}

const round = (share: number): number => Math.round(share * 1000) / 1000;

const nothingCounted = () => ({ answers: 0, orders: 0, claims: 0, rehearsal: { orders: 0, claims: 0 } });

/** The latest last. */
function remember(moved: Map<string, number>, key: string, now: number): void {
  moved.delete(key);
  moved.set(key, now);
  if (moved.size > MOST_REMEMBERED) moved.delete(moved.keys().next().value as string);
}

function recent(moved: Map<string, number>, now: number): string[] {
  return [...moved].filter(([, at]) => now - at < REMEMBERED_MS).map(([key]) => key);
}
