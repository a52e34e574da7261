// The shop as a child process, as `npm start` runs it.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SECRET } from "./shop.ts";

/** Directory of the version under test. */
export const VERSION_UNDER_TEST = join(import.meta.dirname, "../..");

export type Ended = { code: number | null; signal: NodeJS.Signals | null; output: string };

/** Runs the command line interface until it ends. */
export function jangnal(args: string[], env: Record<string, string>): Promise<Ended> {
  const { ended } = start(args, env);
  return ended;
}

/** Starts `serve`. Resolves when the shop reports that it is open. */
export async function serve(
  env: Record<string, string>,
  args: string[] = [],
  version = VERSION_UNDER_TEST,
): Promise<{ url: string; child: ChildProcess; ended: Promise<Ended>; output: () => string }> {
  const { child, ended, output } = start(["serve", ...args], { PORT: "0", AUTH_JWT_SECRET: SECRET, LOG_LEVEL: "error", ...env }, version);
  const url = await new Promise<string>((resolve, reject) => {
    // On stderr; older versions print it on stdout.
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", () => {
        const found = /Jangnal is open at (\S+)/.exec(output());
        if (found) resolve(found[1] as string);
      });
    void ended.then((end) => reject(new Error(`the shop ended before it was open: ${JSON.stringify(end)}`)));
  });
  return { url, child, ended, output };
}

/** The processes of `serve --workers` that have the till, that are workers, or the worker that relays. */
export function processesOf({ pid }: ChildProcess, role: "till" | "worker" | "relay"): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return children.filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0").includes(`--${role}`);
    } catch {
      return false; // It has just ended.
    }
  });
}

/** Starts the command line interface. */
export function start(
  args: string[],
  env: Record<string, string>,
  version = VERSION_UNDER_TEST,
): { child: ChildProcess; ended: Promise<Ended>; output: () => string } {
  const child = spawn(process.execPath, [join(version, "bin/jangnal.mjs"), ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  const ended = new Promise<Ended>((resolve) => child.once("close", (code, signal) => resolve({ code, signal, output })));
  return { child, ended, output: () => output };
}
