// One second of the whole shop, combined from the seconds of its instances.

import type { InstanceSecond } from "./counters.ts";
import { percentiles, type Percentiles } from "./latency.ts";

/** The database's part of a snapshot. */
export type DatabaseSecond = {
  /** How long the queries took, in ms. */
  tookMs: number;
  /** Flushes of the write-ahead log since the server's statistics began; null if the server does not report them. */
  flushes: number | null;
  stock: { variantId: string; productId: string; name: string; left: number }[];
  coupons: { couponId: string; name: string; left: number; total: number }[];
  /** Stock and coupons of a rehearsal's copies. */
  rehearsal: Pick<DatabaseSecond, "stock" | "coupons">;
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
  stock: DatabaseSecond["stock"];
  coupons: DatabaseSecond["coupons"];
  /** A rehearsal's sales. Of the other values only those about load include rehearsals: `answers`, `refusals`, `latencyMs` and the rounds. */
  rehearsal: { orders: number; claims: number } & DatabaseSecond["rehearsal"];
};

/**
 * Combines the seconds of all instances.
 * @param own the instance that answers
 * @param database null if the database could not be queried
 * @param previous the database's part one second ago
 */
export function snapshotOf(
  at: string,
  own: InstanceSecond,
  others: InstanceSecond[],
  database: DatabaseSecond | null,
  previous: { flushes: number | null } | null,
): MetricsSnapshot {
  const all = [own, ...others];
  const rate = (countOf: (second: InstanceSecond) => number): number =>
    roundToTenth(all.reduce((sum, second) => sum + (countOf(second) * 1000) / second.overMs, 0));
  const codes = [...new Set(all.flatMap(({ refusals }) => Object.keys(refusals)))].sort();
  const rounds = all.reduce((sum, second) => sum + second.rounds, 0);
  const flushes =
    database?.flushes == null || previous?.flushes == null ? null : roundToTenth(((database.flushes - previous.flushes) * 1000) / own.overMs);
  return {
    at,
    instances: all
      .map(({ id, uptimeS, cpu, busy, memoryMb, waiting }) => ({ id, uptimeS, cpu, busy, memoryMb, waiting, own: id === own.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    database: database && { tookMs: roundToTenth(database.tookMs) },
    perSecond: {
      answers: rate((second) => second.answers),
      orders: rate((second) => second.orders),
      claims: rate((second) => second.claims),
      commands: rate((second) => second.commands),
      rounds: rate((second) => second.rounds),
      flushes,
      refusals: Object.fromEntries(codes.map((code) => [code, rate((second) => second.refusals[code] ?? 0)])),
    },
    roundSize: rounds === 0 ? null : roundToTenth(all.reduce((sum, second) => sum + second.commands, 0) / rounds),
    waiting: all.reduce((sum, second) => sum + second.waiting, 0),
    latencyMs: percentiles(all.map(({ latency }) => latency)),
    stock: database?.stock ?? [],
    coupons: database?.coupons ?? [],
    rehearsal: {
      orders: rate((second) => second.rehearsal?.orders ?? 0),
      claims: rate((second) => second.rehearsal?.claims ?? 0),
      stock: database?.rehearsal.stock ?? [],
      coupons: database?.rehearsal.coupons ?? [],
    },
  };
}

const roundToTenth = (value: number): number => Math.round(value * 10) / 10;
