// A rehearsal of a drop: what is planned, how far it is, and what came of it.

import type { Percentiles } from "../live/latency.ts";

export const STATES = ["PREPARING", "RUNNING", "TIDYING", "AUDITING", "DONE", "STOPPED", "FAILED", "ABANDONED"] as const;
export type State = (typeof STATES)[number];

/** What is rehearsed, as it stood when the rehearsal began, and how many come within how long after the opening. */
export type Plan = {
  buyers: number;
  arriveWithinMs: number;
  product: { name: string; stock: number } | null;
  coupon: { name: string; quantity: number } | null;
};

/** What the crowd has heard so far. */
export type Progress = { opensAt: string; arrived: number; claimed: number; sold: number; refused: number; done: number };

export type Side = {
  asked: number;
  succeeded: number;
  refusedBy: Record<string, number>;
  /** How often somebody had to ask again, because the shop asked for patience. */
  askedAgain: number;
  latencyMs: Percentiles | null;
  order: Order;
};

/**
 * Whether the first were served first. `outOfOrder`: who got something although they asked only after somebody else had been told that nothing was
 * left; there must be none. `farthest`: the most places between where somebody stood among the winners when they asked and when they were served
 * (only coupons say when), which is how far requests overtook each other on their way through the network and the kernel.
 */
export type Order = { outOfOrder: number; farthest: number | null };

/** What the crowd saw, from its own side of the wire. */
export type CrowdReport = {
  tookMs: number;
  claims: Side | null;
  orders: Side | null;
  /** Equal stretches of time from the opening on. */
  timeline: { stretchMs: number; points: { claims: number; orders: number; refused: number; p50: number | null; p99: number | null }[] };
};

export type Report = CrowdReport & {
  /** What the shop's own books say. */
  left: { stock: number | null; coupons: number | null };
  refunded: number;
  audit: { violations: number; checkedAt: string };
};
