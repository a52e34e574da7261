import { spawnSync } from "node:child_process";
import { readlinkSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "./binaries.ts";
import { findPidFile } from "./pidfile.ts";

const FAST_MS = 5_000;
const GIVE_UP_MS = 20_000;
const POLL_MS = 10;

/**
 * Stops the postmaster that a killed process left on `cluster`, if there is one. The caller holds
 * the lock on DATA_DIR, so that process has ended.
 *
 * It is stopped, not reused: transactions of the killed process must not commit after the new
 * process has read the state, and the settings must be the new ones. Any other process is left
 * alone.
 */
export async function stopPreviousPostmaster(cluster: string, binaries: Binaries): Promise<void> {
  const found = findPidFile(cluster);
  if (found === undefined) return;
  if (process.platform === "win32") {
    // Uses a named pipe that only a PostgreSQL process has, so another process with the same pid is
    // not harmed.
    spawnSync(binaries.pgCtl, ["stop", "-D", cluster, "-m", "fast"], { env: binaries.env });
    return;
  }
  const { pid } = found;
  const started = Date.now();
  let sent: NodeJS.Signals | undefined;
  while (isPostmasterOf(pid, cluster)) {
    const waitedMs = Date.now() - started;
    if (waitedMs > GIVE_UP_MS) throw new Error(`PostgreSQL process ${pid} on ${cluster} does not end: end it and start again.`);
    const signal = waitedMs < FAST_MS ? "SIGINT" : "SIGQUIT";
    if (signal !== sent) kill(pid, signal);
    sent = signal;
    await sleep(POLL_MS);
  }
  disownStalePidFile(cluster, pid);
}

/**
 * If another process has got the old postmaster's pid, PostgreSQL takes it for that postmaster and
 * refuses to start. Deleting the file would also delete the key by which PostgreSQL finds orphaned
 * backends on its shared memory. So only the pid is replaced, by this process's: a postmaster
 * ignores its parent's pid.
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

/**
 * A postmaster's working directory is its cluster. Compared by inode, because the path may have
 * changed since its start.
 */
function worksIn(pid: number, cluster: string): boolean {
  try {
    const cwd = statSync(`/proc/${pid}/cwd`);
    const { ino, dev } = statSync(cluster);
    return cwd.ino === ino && cwd.dev === dev && /\/postgres( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    // A zombie or another user's process: neither can be a postmaster of this cluster.
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
    // The process has just ended; the caller's loop finds out or gives up.
  }
}
