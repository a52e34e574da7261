// Simulates a power failure for PostgreSQL: all its processes end at once.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** Returns the ids of the killed processes. @param children false kills only the postmaster */
export function killWithoutWarning(postmaster: number, { children = true } = {}): number[] {
  const processes = [postmaster, ...(children ? childrenOf(postmaster) : [])];
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // It has ended already.
  }
  return processes;
}

/** Resolves when none of the killed processes has a file open any more. */
export async function ended(processes: readonly number[]): Promise<void> {
  for (const pid of processes) while (isRunning(pid)) await pause(2);
}

/** A zombie has ended: it only waits for its parent. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

function childrenOf(pid: number): number[] {
  const listed = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return listed.stdout.trim().split(/\s+/).filter(Boolean).map(Number);
}
