import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import type { Endpoint } from "./endpoint.ts";
import { lastLines, type Log } from "./log.ts";
import { findPidFile } from "./pidfile.ts";
import { SHOP_SETTINGS } from "./settings.ts";
import { unusable } from "../data-dir.ts";

export type Postmaster = {
  pid: number;
  /** Fast shutdown; immediate when that takes too long for whoever waits for our own end. */
  stop(): Promise<void>;
  /** Resolves with a reason if it ends unasked. */
  died: Promise<string>;
  /** Resolves when it is gone, asked or not. */
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
/** Whoever watches over the shop expects it to be back, or to have given up, within ten seconds. */
const ORPHANS_MS = 8_000;
/** What PostgreSQL says while backends that outlived their killed postmaster hold the shared memory; they end by themselves. */
const ORPHANS_LEFT = /pre-existing shared memory block|lock file .* already exists/;

/** A postmaster that accepts connections, after crash recovery if there is any to do. */
export async function launchPostmaster(options: Options): Promise<Postmaster> {
  const patience = Date.now() + ORPHANS_MS;
  for (;;) {
    const { postmaster, reason } = await launchOnce(options);
    if (postmaster !== undefined) return postmaster;
    if (!ORPHANS_LEFT.test(reason) || Date.now() > patience) throw unusable(options.dataDir, `PostgreSQL says “${reason}”`);
    await sleep(100);
  }
}

type Launch = { postmaster: Postmaster; reason?: never } | { postmaster?: never; reason: string };

/**
 * To glibc: a backend keeps the memory of one statement for the next instead of giving it back and asking for it again, which costs a
 * small statement a sixth of its time. At most so much per backend.
 */
const KEPT_MEMORY = { MALLOC_TRIM_THRESHOLD_: String(16 * 2 ** 20), MALLOC_TOP_PAD_: String(2 ** 20), MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20) };

async function launchOnce({ cluster, binaries, account, endpoint, settings, log }: Options): Promise<Launch> {
  const all = { ...SHOP_SETTINGS, ...settings, ...endpoint.settings };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [...account.prefix, binaries.postgres, "-D", cluster, ...args];
  // In a session of its own, so that the terminal's Ctrl-C does not reach it: we stop it, in order.
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
  // However long recovery takes: it takes as long after every further attempt.
  while (!state.ended && !isReady(cluster, child.pid)) await sleep(POLL_MS);
  return state.ended ? { reason: lastLines(log.tail()) || (await ended) } : { postmaster: supervise(child, ended) };
}

function isReady(cluster: string, pid: number | undefined): boolean {
  const found = findPidFile(cluster);
  return found !== undefined && found.pid === pid && found.ready;
}

function supervise(child: ChildProcess, ended: Promise<string>): Postmaster {
  let stopping: Promise<void> | undefined;
  // Where the kernel does not tell it, our own exit does.
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
  const hurry = setTimeout(() => child.kill("SIGQUIT"), FAST_STOP_MS);
  await ended;
  clearTimeout(hurry);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const end = (): void => resolve(`PostgreSQL ended with ${signal ?? `code ${code}`}`);
      // Its last lines are read by "close"; but backends that outlive it hold the pipe open, for how long nobody knows.
      child.once("close", end);
      setTimeout(end, 100);
    });
  });
}
