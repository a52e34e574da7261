// What a power cut does to a PostgreSQL: every process of it ends at once, whatever it was doing.

import { spawnSync } from "node:child_process";

/** @param children false leaves them to find out that their postmaster is gone */
export function killWithoutWarning(postmaster: number, { children = true } = {}): void {
  for (const pid of [postmaster, ...(children ? childrenOf(postmaster) : [])]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // It has ended by itself.
  }
}

function childrenOf(pid: number): number[] {
  const listed = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return listed.stdout.trim().split(/\s+/).filter(Boolean).map(Number);
}
