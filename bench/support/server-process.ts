// A server under test as a separate process: the shop, by its command line, or the floor.

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

  /** @param options Node's @param args of `serve` */
  static shop(env: Record<string, string>, options: string[] = [], args: string[] = []): Promise<ServerProcess> {
    return ServerProcess.#start([...options, SHOP, "serve", ...args], env);
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

  /** Resolves when the server prints its URL. Errors: the server ended before. */
  static async #start(args: string[], env: Record<string, string>): Promise<ServerProcess> {
    const settings = { PATH: process.env["PATH"] ?? "", PORT: "0", DEMO: "off", LOG_LEVEL: "warn", AUTH_JWT_SECRET: SECRET, ...env };
    const child = spawn(process.execPath, args, { env: settings, stdio: ["ignore", "pipe", "pipe"] });
    const url = await new Promise<string>((resolve, reject) => {
      let output = "";
      // The shop prints its URL on stderr, the floor on stdout.
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          const open = /open at (\S+)/.exec(output)?.[1];
          if (open) resolve(open);
        });
      child.stderr.pipe(process.stderr);
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
    });
    return new ServerProcess(url, child);
  }
}
