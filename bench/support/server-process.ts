// A server under test as a process of its own: the shop by its own command line, or the floor.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const SECRET = "a secret that only the bench knows, 32 bytes and more";
const SHOP = fileURLToPath(new URL("../../bin/jangnal.mjs", import.meta.url));
const FLOOR = fileURLToPath(new URL("../baselines/floor.ts", import.meta.url));

export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static shop(env: Record<string, string>, options: string[] = []): Promise<ServerProcess> {
    return ServerProcess.#start([...options, SHOP, "serve"], env);
  }

  static floor(): Promise<ServerProcess> {
    return ServerProcess.#start([FLOOR], {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
  }

  /** Resolves when it says where it is open. Errors: it ended before. */
  static async #start(args: string[], env: Record<string, string>): Promise<ServerProcess> {
    const settings = { PATH: process.env["PATH"] ?? "", PORT: "0", DEMO: "off", LOG_LEVEL: "warn", AUTH_JWT_SECRET: SECRET, ...env };
    const child = spawn(process.execPath, args, { env: settings, stdio: ["ignore", "pipe", "pipe"] });
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      // The shop says it on stderr, the other servers on stdout.
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          const open = /open at (\S+)/.exec(said)?.[1];
          if (open) resolve(open);
        });
      child.stderr.pipe(process.stderr);
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    });
    return new ServerProcess(url, child);
  }
}
