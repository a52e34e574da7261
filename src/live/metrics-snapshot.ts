// One second of the whole shop, put together from what its instances say of theirs.

import { percentiles, type Percentiles } from "./latency.ts";
import type { InstanceSecond } from "./counters.ts";

export type Seen = {
  /** How long the database took to say this. */
  tookMs: number;
  /** Flushes of the log since the database was started; null where it does not say. */
  flushes: number | null;
  stock: { variantId: string; productId: string; name: string; left: number }[];
  coupons: { couponId: string; name: string; left: number; total: number }[];
  /** The same of a rehearsal's copies. */
  rehearsal: Pick<Seen, "stock" | "coupons">;
};

export type MetricsSnapshot = {
  at: string;
  instances: (Pick<InstanceSecond, "id" | "uptimeS" | "cpu" | "busy" | "memoryMb" | "waiting"> & { own: boolean })[];
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
  latencyMs: Percentiles | null;
  stock: Seen["stock"];
  coupons: Seen["coupons"];
  /** What a rehearsal sold: it is in no other figure but those of the load, which are `answers`, `refusals`, `latencyMs` and the rounds. */
  rehearsal: { orders: number; claims: number } & Seen["rehearsal"];
};

/** @param own the instance that answers; `before` is what was seen a second ago, `seen` null where the database could not be asked */
export function snapshotOf(
  at: string,
  own: InstanceSecond,
  others: InstanceSecond[],
  seen: Seen | null,
  before: { flushes: number | null } | null,
): MetricsSnapshot {
  const all = [own, ...others];
  const rate = (count: (one: InstanceSecond) => number): number => tenth(all.reduce((sum, one) => sum + (count(one) * 1000) / one.overMs, 0));
  const codes = [...new Set(all.flatMap(({ refusals }) => Object.keys(refusals)))].sort();
  const rounds = all.reduce((sum, one) => sum + one.rounds, 0);
  const flushes = seen?.flushes == null || before?.flushes == null ? null : tenth(((seen.flushes - before.flushes) * 1000) / own.overMs);
  return {
    at,
    instances: all
      .map(({ id, uptimeS, cpu, busy, memoryMb, waiting }) => ({ id, uptimeS, cpu, busy, memoryMb, waiting, own: id === own.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    database: seen && { tookMs: tenth(seen.tookMs) },
    perSecond: {
      answers: rate((one) => one.answers),
      orders: rate((one) => one.orders),
      claims: rate((one) => one.claims),
      commands: rate((one) => one.commands),
      rounds: rate((one) => one.rounds),
      flushes,
      refusals: Object.fromEntries(codes.map((code) => [code, rate((one) => one.refusals[code] ?? 0)])),
    },
    roundSize: rounds === 0 ? null : tenth(all.reduce((sum, one) => sum + one.commands, 0) / rounds),
    waiting: all.reduce((sum, one) => sum + one.waiting, 0),
    latencyMs: percentiles(all.map(({ latency }) => latency)),
    stock: seen?.stock ?? [],
    coupons: seen?.coupons ?? [],
    rehearsal: {
      orders: rate((one) => one.rehearsal?.orders ?? 0),
      claims: rate((one) => one.rehearsal?.claims ?? 0),
      stock: seen?.rehearsal.stock ?? [],
      coupons: seen?.rehearsal.coupons ?? [],
    },
  };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
