import type { Sample } from "../support/sample.ts";

/** How long a row is measured, in ms. */
export type Duration = { ms: number; warmUpMs: number };

/** One way of selling, on a database of its own. */
export interface Baseline {
  readonly url: string;
  /** Measures a crowd in which so many are always waiting. */
  run(waiting: number, duration: Duration): Promise<Sample>;
  close(): Promise<void>;
}
