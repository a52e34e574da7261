// Simulates a power failure for PostgreSQL: all its processes end at once.

import { spawnSync } from "node:child_process";

/** @param children false kills only the postmaster */
export function killWithoutWarning(postmaster: number, { children = true } = {}): void {
  for (const pid of [postmaster, ...(children ? childrenOf(postmaster) : [])]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // It has ended already.
  }
}

function childrenOf(pid: number): number[] {
  const listed = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return listed.stdout.trim().split(/\s+/).filter(Boolean).map(Number);
}
