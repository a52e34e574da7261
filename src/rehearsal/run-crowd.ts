// Runs a crowd in a child process.

import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { CrowdMessage, CrowdPlan } from "./crowd-messages.ts";
import type { CrowdReport, Progress } from "./rehearsal.ts";

/** The crowd's file has this file's extension: both are JavaScript in the package. */
const CROWD = fileURLToPath(new URL(`./crowd${extname(import.meta.url)}`, import.meta.url));
/** A crowd that hangs is killed. Each of its requests times out long before. */
const TIMEOUT_MS = 10 * 60_000;

/** Errors: the reason of `signal`; an error if the process fails or takes too long. */
export async function runCrowd(
  plan: CrowdPlan,
  signal: AbortSignal,
  onProgress: (progress: Omit<Progress, "opensAt">) => void,
): Promise<CrowdReport> {
  signal.throwIfAborted(); // A signal that was aborted before has no event any more.
  // The process inherits none of the shop's settings: the plan has everything.
  const child: ChildProcess = fork(CROWD, { env: {}, execArgv: [] });
  const report = Promise.withResolvers<CrowdReport>();
  const stop = (): void => report.reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => report.reject(new Error("the crowd did not end in time")), TIMEOUT_MS);
  child.on("message", (message: CrowdMessage) => {
    if ("progress" in message) onProgress(message.progress);
    else if ("report" in message) report.resolve(message.report);
    else report.reject(new Error(`the crowd failed: ${message.broken}`));
  });
  // `on`, not `once`: a process that cannot start emits a second error when the plan cannot be sent, which must not crash the shop.
  child.on("error", report.reject);
  child.once("exit", (code) => report.reject(new Error(`the crowd's process exited with code ${code}`)));
  child.send(plan);
  try {
    return await report.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    child.kill();
  }
}
