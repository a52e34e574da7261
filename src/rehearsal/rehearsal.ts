// Types of a rehearsal: its plan, its progress, its report.

import type { DropMode } from "../drop/drop.ts";
import type { Percentiles } from "../live/latency.ts";

export const STATES = ["PREPARING", "RUNNING", "TIDYING", "AUDITING", "DONE", "STOPPED", "FAILED", "ABANDONED"] as const;
export type State = (typeof STATES)[number];

/** The crowd, and the product and campaign as they were when the rehearsal started. */
export type Plan = {
  buyers: number;
  arriveWithinMs: number;
  product: { name: string; stock: number } | null;
  coupon: { name: string; quantity: number } | null;
  /** Plans of earlier versions have none. */
  drop?: DropPlan | null;
};

/** The drop's own terms, with a shorter hold, and how its crowd behaves. */
export type DropPlan = {
  name: string;
  mode: DropMode;
  limitPerCustomer: number | null;
  holdFor: string | null;
  waitlist: boolean;
  /** Percentage of holders who leave or let the hold lapse. */
  giveUpPercent: number;
  /** Percentage of people with three accounts. */
  manyAccountsPercent: number;
};

/** Counts of buyers and responses so far. */
export type Progress = { opensAt: string; arrived: number; claimed: number; sold: number; refused: number; done: number };

/** The report about one kind of request: coupon claims or orders. */
export type Side = {
  asked: number;
  succeeded: number;
  refusedBy: Record<string, number>;
  /** Retries after BUSY, TOO_MANY_REQUESTS and the like. */
  askedAgain: number;
  latencyMs: Percentiles | null;
  order: Order;
};

/**
 * Whether buyers were served first come, first served.
 * `outOfOrder` counts successful buyers who sent their request after another buyer had been told that nothing was left; it must be 0.
 * `farthest` is the largest difference between a winner's place by sending time and by service time: how far requests overtook each other in the
 * network and the kernel. It is null for orders, which do not tell their time of service.
 */
export type Order = { outOfOrder: number; farthest: number | null };

/** The crowd's own measurements, at the client side. */
export type CrowdReport = {
  tookMs: number;
  claims: Side | null;
  orders: Side | null;
  /** Of a drop that gives holds. */
  entries: Side | null;
  /** Units of people with several accounts, together and the most of one person. */
  manyAccounts: { people: number; accounts: number; units: number; mostUnits: number } | null;
  /** Equal intervals of time from the opening on. */
  timeline: { stretchMs: number; points: { claims: number; orders: number; refused: number; p50: number | null; p99: number | null }[] };
};

export type Report = CrowdReport & {
  /** Remaining stock and coupons by the shop's own tables. */
  left: { stock: number | null; coupons: number | null };
  refunded: number;
  /** By the shop's own report of the copied drop. */
  drop: DropOutcome | null;
  audit: { violations: number; checkedAt: string };
};

export type DropOutcome = { sold: number; soldOutAfterMs: number | null; holdsLapsed: number; entries: Record<string, number> };
