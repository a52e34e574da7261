import { spawnSync } from "node:child_process";
import { readlinkSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "./binaries.ts";
import { findPidFile } from "./pidfile.ts";

const FAST_MS = 5_000;
const GIVE_UP_MS = 20_000;
const POLL_MS = 10;

/**
 * Ends the postmaster that a killed owner left on `cluster`, if there is one. The caller holds the lock, so its owner is dead.
 *
 * Stopped, not adopted: what the dead process had under way must not commit behind the back of a new one that has
 * looked at the state already, and the settings must be ours. A process that isn't this cluster's postmaster is left alone.
 */
export async function stopPreviousPostmaster(cluster: string, binaries: Binaries): Promise<void> {
  const found = findPidFile(cluster);
  if (found === undefined) return;
  if (process.platform === "win32") {
    // Talks through a pipe that only a PostgreSQL process has, so a stranger with its pid takes no harm.
    spawnSync(binaries.pgCtl, ["stop", "-D", cluster, "-m", "fast"], { env: binaries.env });
    return;
  }
  const { pid } = found;
  const started = Date.now();
  let asked: NodeJS.Signals | undefined;
  while (isPostmasterOf(pid, cluster)) {
    const waitedMs = Date.now() - started;
    if (waitedMs > GIVE_UP_MS) throw new Error(`PostgreSQL process ${pid} on ${cluster} does not end: end it and start again.`);
    const signal = waitedMs < FAST_MS ? "SIGINT" : "SIGQUIT";
    if (signal !== asked) kill(pid, signal);
    asked = signal;
    await sleep(POLL_MS);
  }
  disownStalePidFile(cluster, pid);
}

/**
 * PostgreSQL would take a stranger that got the old postmaster's pid for the old postmaster, and refuse to start.
 * Deleting the file would also delete the key by which it finds orphaned backends on its shared memory, so only the pid is
 * replaced, by ours: a new postmaster knows that its parent is no postmaster.
 */
function disownStalePidFile(cluster: string, pid: number): void {
  const found = findPidFile(cluster);
  if (found === undefined || found.pid !== pid || !isAlive(pid)) return;
  writeFileSync(found.path, [String(process.pid), ...found.lines.slice(1)].join("\n"));
}

function isPostmasterOf(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false;
  return process.platform === "linux" ? worksIn(pid, cluster) : wasStartedOn(pid, cluster);
}

/** A postmaster's working directory is its cluster; asked by inode, whatever the path was called when it started. */
function worksIn(pid: number, cluster: string): boolean {
  try {
    const theirs = statSync(`/proc/${pid}/cwd`);
    const ours = statSync(cluster);
    return theirs.ino === ours.ino && theirs.dev === ours.dev && /\/postgres( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    // A zombie, or another user's: neither can be a postmaster that we started.
    return false;
  }
}

function wasStartedOn(pid: number, cluster: string): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=,command=", "-p", String(pid)], { encoding: "utf8" });
  return !stdout.startsWith("Z") && stdout.includes("postgres") && stdout.includes(`-D ${cluster}`);
}

function isAlive(pid: number): boolean {
  try {
    return Number.isSafeInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in this moment; the caller's loop sees that, or gives up.
  }
}
