// One kind of request over HTTP, sent by the load generator's process.

import type { Load } from "../load/load.ts";
import type { Plan } from "../load/plan.ts";
import { type Sample, sampleOf } from "../support/sample.ts";
import type { Baseline, Duration } from "./baseline.ts";

export class OverHttp implements Baseline {
  readonly url: string;
  readonly #load: Load;
  readonly #plan: Omit<Plan, "connections" | "ms" | "warmUpMs" | "first">;
  readonly #expected: number[];
  #next = 0;

  /** @param expected the only response statuses allowed */
  constructor(load: Load, plan: Omit<Plan, "connections" | "ms" | "warmUpMs" | "first">, expected: number[]) {
    this.url = plan.url;
    this.#load = load;
    this.#plan = plan;
    this.#expected = expected;
  }

  async run(waiting: number, duration: Duration): Promise<Sample> {
    const { latencies, elapsedMs, next } = await this.#load.send(
      { ...this.#plan, ...duration, connections: waiting, first: this.#next },
      this.#expected,
    );
    const sent = next - this.#next;
    this.#next = next;
    return { ...sampleOf(latencies, elapsedMs), sent };
  }

  async close(): Promise<void> {}
}
