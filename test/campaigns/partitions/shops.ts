// Two shops on hosts of a lab.

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ended } from "../../support/power-failure.ts";
import { VERSION_UNDER_TEST } from "../../support/process.ts";
import { SECRET } from "../../support/shop.ts";
import { type Lab, type Program, send } from "./lab.ts";

const PORT = 3000;
const STARTS_WITHIN_MS = 120_000;

export class Shops {
  readonly hosts: string[];
  /** Shops that ended by themselves. */
  readonly crashes: string[] = [];
  readonly #lab: Lab;
  readonly #env: Record<string, string>;
  readonly #running = new Map<string, Program>();

  constructor(lab: Lab, hosts: string[], env: Record<string, string>) {
    this.#lab = lab;
    this.hosts = hosts;
    this.#env = env;
  }

  get urls(): string[] {
    return this.hosts.map((host) => this.url(host));
  }

  url(host: string): string {
    return `http://${this.#lab.address(host)}:${PORT}`;
  }

  /** Resolves when the shop answers. */
  async start(host: string): Promise<void> {
    const env = {
      PORT: String(PORT),
      HOST: this.#lab.address(host),
      AUTH_JWT_SECRET: SECRET,
      DATA_DIR: join(this.#lab.files(host), "data"),
      BALANCE_FUNDING: "open",
      LOG_LEVEL: "warn",
      ...this.#env,
    };
    const program = this.#lab.start(host, [process.execPath, join(VERSION_UNDER_TEST, "bin/jangnal.mjs"), "serve"], { env });
    this.#running.set(host, program);
    program.child.once("exit", (code, signal) => {
      if (this.#running.get(host) === program) this.crashes.push(`${host} ended with ${code ?? signal}; see ${program.log}`);
    });
    for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await pause(100)) {
      if (program.child.exitCode !== null || Date.now() > deadline) throw new Error(`the shop on ${host} did not start; see ${program.log}`);
      if (await answers(`${this.url(host)}/readyz`)) return;
    }
  }

  async kill(host: string): Promise<void> {
    const program = this.#running.get(host);
    this.#running.delete(host);
    if (!program) return;
    send(program.pid, "SIGKILL");
    await ended([program.pid]);
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
