// Controls the load generator, a separate process, so that its CPU time does not reduce the shop's.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Loaded, Plan } from "./plan.ts";

export class Load {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL("./main.ts", import.meta.url)), { serialization: "advanced" });

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends the load and returns its result. Errors: a connection broke, or a response had an unexpected status. */
  async send(plan: Plan, expected: number[]): Promise<Loaded> {
    this.#child.send(plan);
    const [loaded] = (await once(this.#child, "message")) as [Loaded | { error: string }];
    if ("error" in loaded) throw new Error(`${plan.method} ${plan.paths[0]}: ${loaded.error}`);
    const unexpected = Object.entries(loaded.statuses).filter(([status]) => !expected.includes(Number(status)));
    if (unexpected.length > 0)
      throw new Error(`${plan.method} ${plan.paths[0]}: unexpected statuses ${JSON.stringify(Object.fromEntries(unexpected))}`);
    return loaded;
  }

  close(): void {
    this.#child.disconnect();
  }
}
