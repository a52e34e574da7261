// What a crowd's process is told, and what it says.

import type { CrowdReport, Progress } from "./rehearsal.ts";

export type CrowdPlan = {
  /** Of this machine. */
  url: string;
  opensAtMs: number;
  arriveWithinMs: number;
  couponId: string | null;
  product: { id: string; variantIds: string[] } | null;
  tokens: string[];
};

export type CrowdSays = { progress: Omit<Progress, "opensAt"> } | { report: CrowdReport } | { broken: string };
