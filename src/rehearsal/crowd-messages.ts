// Messages between the shop and a rehearsal's crowd process.

import type { DropMode } from "../drop/drop.ts";
import type { CrowdReport, Progress } from "./rehearsal.ts";

/** The only message to the crowd process. */
export type CrowdPlan = {
  /** The shop's loopback address. */
  url: string;
  /** By this machine's clock. */
  opensAtMs: number;
  arriveWithinMs: number;
  couponId: string | null;
  product: { id: string; variantIds: string[] } | null;
  /** The copy of a drop, by whose rules the product is sold. */
  drop: RehearsedDrop | null;
  /** One token per account, and whose account it is. */
  tokens: string[];
  persons: number[];
};

export type RehearsedDrop = {
  id: string;
  mode: DropMode;
  holdMs: number;
  /** From the opening on, a draw is made within this time. */
  drawWithinMs: number;
  giveUpPercent: number;
};

/** Messages from the crowd process. */
export type CrowdMessage = { progress: Omit<Progress, "opensAt"> } | { report: CrowdReport } | { broken: string };
