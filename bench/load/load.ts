// The load as the bench sees it: a process of its own, so that what it takes is not taken from the shop's thread.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Loaded, Plan } from "./plan.ts";

export class Load {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL("./main.ts", import.meta.url)), { serialization: "advanced" });

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Errors: a connection broke, or an answer had another status than those expected. */
  async send(plan: Plan, expected: number[]): Promise<Loaded> {
    this.#child.send(plan);
    const [loaded] = (await once(this.#child, "message")) as [Loaded | { broken: string }];
    if ("broken" in loaded) throw new Error(`${plan.method} ${plan.paths[0]}: ${loaded.broken}`);
    const strange = Object.entries(loaded.statuses).filter(([status]) => !expected.includes(Number(status)));
    if (strange.length > 0) throw new Error(`${plan.method} ${plan.paths[0]} was answered ${JSON.stringify(Object.fromEntries(strange))}`);
    return loaded;
  }

  close(): void {
    this.#child.disconnect();
  }
}
