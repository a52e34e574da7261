// Counts what one instance has done in the last second. Counts only while live metrics are watched.

import { performance } from "node:perf_hooks";
import { changedVariantIds } from "../catalog/catalog-changes.ts";
import { changedCampaignIds } from "../coupon/campaign-changes.ts";
import type { Changes } from "../till/table.ts";
import type { Till } from "../till/till.ts";
import { type Buckets, Latency } from "./latency.ts";

/** An answered request. */
export type AnsweredRequest = { method: string; route: string; status: number; tookMs: number; refusal: string | null; rehearsal: boolean };

/** One instance's last second, as it is sent to the other instances. Counts are over `overMs`. */
export type InstanceSecond = {
  id: string;
  uptimeS: number;
  /** Share of one core. */
  cpu: number;
  /** Event loop utilization, from 0 to 1. */
  busy: number;
  memoryMb: number;
  waiting: number;
  overMs: number;
  answers: number;
  orders: number;
  claims: number;
  /** Orders and claims of a rehearsal's buyers, which the two counts above do not include. Instances of the previous version send none. */
  rehearsal?: { orders: number; claims: number };
  commands: number;
  rounds: number;
  refusals: Record<string, number>;
  latency: Buckets;
  /** Ids of rows that changed in the last minutes. */
  variants: string[];
  campaigns: string[];
};

const REMEMBERED_MS = 5 * 60_000;
const MAX_REMEMBERED = 8;
const SALES = new Set(["POST /orders", "POST /coupons/:couponId/issue"]);

export class Counters {
  readonly #till: Pick<Till, "served" | "waiting">;
  readonly #latency = new Latency();
  readonly #changed = { variants: new Map<string, number>(), campaigns: new Map<string, number>() };
  #counts = zeroCounts();
  #refusals: Record<string, number> = {};
  #last: { at: number; commands: number; rounds: number; cpu: NodeJS.CpuUsage; eventLoop: ReturnType<typeof performance.eventLoopUtilization> };

  constructor(till: Pick<Till, "served" | "waiting">) {
    this.#till = till;
    this.#last = this.#mark();
  }

  /** Starts again at zero after a pause. */
  restart(): void {
    this.#latency.take();
    this.#counts = zeroCounts();
    this.#refusals = {};
    this.#last = this.#mark();
  }

  answered({ method, route, status, tookMs, refusal, rehearsal }: AnsweredRequest): void {
    this.#counts.answers++;
    if (refusal !== null) this.#refusals[refusal] = (this.#refusals[refusal] ?? 0) + 1;
    const name = `${method} ${route}`;
    if (!SALES.has(name)) return;
    this.#latency.add(tookMs);
    if (status !== 201) return;
    const sales = rehearsal ? this.#counts.rehearsal : this.#counts;
    if (name === "POST /orders") sales.orders++;
    else sales.claims++;
  }

  committed(changes: Changes, now: number): void {
    for (const id of changedVariantIds(changes)) remember(this.#changed.variants, id, now);
    for (const id of changedCampaignIds(changes)) remember(this.#changed.campaigns, id, now);
  }

  /** Returns the counts since the last call, and resets them. */
  take(id: string, now: number): InstanceSecond {
    const mark = this.#mark();
    const since = this.#last;
    const overMs = mark.at - since.at;
    const cpu = process.cpuUsage(since.cpu);
    const second = {
      id,
      uptimeS: Math.round(process.uptime()),
      cpu: round((cpu.user + cpu.system) / 1000 / overMs),
      busy: round(performance.eventLoopUtilization(mark.eventLoop, since.eventLoop).utilization),
      memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576),
      waiting: this.#till.waiting,
      overMs: Math.round(overMs),
      ...this.#counts,
      commands: mark.commands - since.commands,
      rounds: mark.rounds - since.rounds,
      refusals: this.#refusals,
      latency: this.#latency.take(),
      variants: recent(this.#changed.variants, now),
      campaigns: recent(this.#changed.campaigns, now),
    };
    this.#last = mark;
    this.#counts = zeroCounts();
    this.#refusals = {};
    return second;
  }

  #mark() {
    const { commands, rounds } = this.#till.served;
    return { at: performance.now(), commands, rounds, cpu: process.cpuUsage(), eventLoop: performance.eventLoopUtilization() };
  }
}

const round = (share: number): number => Math.round(share * 1000) / 1000;

const zeroCounts = () => ({ answers: 0, orders: 0, claims: 0, rehearsal: { orders: 0, claims: 0 } });

/** Keeps the most recent keys in order of time. */
function remember(changed: Map<string, number>, key: string, now: number): void {
  changed.delete(key);
  changed.set(key, now);
  if (changed.size > MAX_REMEMBERED) changed.delete(changed.keys().next().value as string);
}

function recent(changed: Map<string, number>, now: number): string[] {
  return [...changed].filter(([, at]) => now - at < REMEMBERED_MS).map(([key]) => key);
}
