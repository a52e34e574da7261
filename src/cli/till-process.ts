// The process that has the till of several workers. The primary process starts it before them, and starts it again when it ends.

import cluster, { type Worker } from "node:cluster";
import type { Logger } from "pino";

/** The message by which it tells the primary process that it accepts workers. */
export const TILL_IS_OPEN = "the till is open";

export type TillProcessOptions = {
  /** The path of its Unix socket. */
  path: string;
  /** Settings that it gets beside those of the primary process. */
  env: Record<string, string>;
  log: Logger;
  /** Called with each process that has opened. */
  onOpen: (process: Worker) => void;
  /** Called with the exit code of the first process if it ends before it is open: the shop cannot start. */
  onFailedStart: (code: number) => void;
};

/** A process that ended is started again at once; if it ended soon after its start, after a pause that doubles up to the longest one. */
const SOON_MS = 30_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

/**
 * The till is one process on the machine, so it gets the memory that saves its thread the most processor time: with 8 MB a sixth of it was
 * garbage collection.
 */
function withLargerYoungGeneration(option: string): string {
  return /^--max-semi-space-size=\d+$/.test(option) ? "--max-semi-space-size=32" : option;
}

/** Starts the process and keeps it running until `isStopping`. */
export function runTillProcess({ path, env, log, onOpen, onFailedStart }: TillProcessOptions, isStopping: () => boolean): void {
  let wasOpen = false;
  let pauseMs = 0;

  function start(): void {
    if (isStopping()) return;
    const startedAt = performance.now();
    cluster.setupPrimary({ args: ["serve", "--till", path], execArgv: process.execArgv.map(withLargerYoungGeneration) });
    const till = cluster.fork(env);
    till.on("message", (message) => {
      if (message !== TILL_IS_OPEN) return;
      wasOpen = true;
      onOpen(till);
    });
    till.once("exit", (code, signal) => {
      if (isStopping()) return;
      if (!wasOpen) return onFailedStart(code);
      pauseMs = performance.now() - startedAt > SOON_MS ? 0 : Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
      log.error({ process: till.process.pid, code, signal, pauseMs }, "the till ended; it is started again");
      setTimeout(start, pauseMs);
    });
  }
  start();
}
