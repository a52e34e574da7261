import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import type { Endpoint } from "./endpoint.ts";
import { failureReason, type Log } from "./log.ts";
import { findPidFile } from "./pidfile.ts";
import { SHOP_SETTINGS } from "./settings.ts";
import { unusable } from "../data-dir.ts";

export type Postmaster = {
  pid: number;
  /** Stops with a fast shutdown; if that takes too long, with an immediate one. */
  stop(): Promise<void>;
  /** Resolves with a reason if it ends without `stop()`. */
  died: Promise<string>;
  /** Resolves with a reason when it has ended, with or without `stop()`. */
  ended: Promise<string>;
};

type Options = {
  dataDir: string;
  cluster: string;
  binaries: Binaries;
  account: Account;
  endpoint: Endpoint;
  settings: Record<string, string>;
  log: Log;
};

const POLL_MS = 5;
const FAST_STOP_MS = 5_000;
/** Process supervisors expect a restart to succeed or fail within ten seconds. */
const ORPHANS_MS = 8_000;
/**
 * PostgreSQL's error while backends of a killed postmaster still hold its shared memory. They end
 * by themselves.
 */
const ORPHANED_BACKENDS = /pre-existing shared memory block|lock file .* already exists/;

/**
 * Starts a postmaster and resolves when it accepts connections, after crash recovery if that is
 * needed.
 */
export async function launchPostmaster(options: Options): Promise<Postmaster> {
  const deadline = Date.now() + ORPHANS_MS;
  for (;;) {
    const { postmaster, reason } = await launchOnce(options);
    if (postmaster !== undefined) return postmaster;
    if (!ORPHANED_BACKENDS.test(reason) || Date.now() > deadline) throw unusable(options.dataDir, `PostgreSQL says “${reason}”`);
    await sleep(100);
  }
}

type Launch = { postmaster: Postmaster; reason?: never } | { postmaster?: never; reason: string };

/**
 * Settings for glibc: a backend keeps freed memory for its next statement, up to these limits.
 * Returning it to the kernel and requesting it again costs a small statement a sixth of its time.
 */
const KEPT_MEMORY = { MALLOC_TRIM_THRESHOLD_: String(16 * 2 ** 20), MALLOC_TOP_PAD_: String(2 ** 20), MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20) };

async function launchOnce({ cluster, binaries, account, endpoint, settings, log }: Options): Promise<Launch> {
  const all = { ...SHOP_SETTINGS, ...settings, ...endpoint.settings };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [...account.prefix, binaries.postgres, "-D", cluster, ...args];
  // In its own session, so that Ctrl-C in the terminal does not reach it: this process stops it, in
  // order.
  const child = spawn(command[0] ?? "", command.slice(1), {
    ...account.ids,
    cwd: "/",
    env: { ...binaries.env, ...KEPT_MEMORY },
    stdio: ["ignore", "ignore", log.stdio()],
    detached: true,
  });
  log.attach(child);
  const ended = endOf(child);
  const state = { ended: false };
  void ended.then(() => (state.ended = true));
  // Without a limit, because crash recovery would take as long after every further attempt.
  while (!state.ended && !isReady(cluster, child.pid)) await sleep(POLL_MS);
  return state.ended ? { reason: failureReason(log.tail()) || (await ended) } : { postmaster: supervise(child, ended) };
}

function isReady(cluster: string, pid: number | undefined): boolean {
  const found = findPidFile(cluster);
  return found !== undefined && found.pid === pid && found.ready;
}

function supervise(child: ChildProcess, ended: Promise<string>): Postmaster {
  let stopping: Promise<void> | undefined;
  // For platforms without `--pdeathsig`: stops the server when this process exits.
  const onExit = (): void => void child.kill("SIGINT");
  process.once("exit", onExit);
  void ended.then(() => process.off("exit", onExit));
  return {
    pid: child.pid ?? 0,
    ended,
    died: new Promise((resolve) => void ended.then((reason) => stopping ?? resolve(reason))),
    stop: () => (stopping ??= end(child, ended)),
  };
}

async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGQUIT"), FAST_STOP_MS);
  await ended;
  clearTimeout(timer);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const end = (): void => resolve(`PostgreSQL ended with ${signal ?? `code ${code}`}`);
      // At "close" its last lines have been read. But backends that outlive it may hold the pipe
      // open for any time.
      child.once("close", end);
      setTimeout(end, 100);
    });
  });
}
