import type { Sample } from "../support/sample.ts";

/** Length of one measurement, in ms. */
export type Duration = { ms: number; warmUpMs: number };

/** One implementation to measure, on its own database. */
export interface Baseline {
  readonly url: string;
  /** Measures a closed loop of `waiting` clients: each sends its next request when the last one is answered. */
  run(waiting: number, duration: Duration): Promise<Sample>;
  close(): Promise<void>;
}
