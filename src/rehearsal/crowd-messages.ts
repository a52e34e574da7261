// Messages between the shop and a rehearsal's crowd process.

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
  /** One token per buyer. */
  tokens: string[];
};

/** Messages from the crowd process. */
export type CrowdMessage = { progress: Omit<Progress, "opensAt"> } | { report: CrowdReport } | { broken: string };
