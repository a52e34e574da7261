// Describes the machine and the run, for the report.

import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import type { Options } from "../options.ts";

/** @param startedAt start of the run, which has just ended */
export function machine(startedAt: Date, { quick, turns, duration }: Options): string[] {
  const processors = cpus();
  return [
    `${startedAt.toISOString().slice(0, 16).replace("T", " ")} UTC, ${Math.round((Date.now() - startedAt.getTime()) / 1000)} s, commit ${commit()}`,
    `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}; PostgreSQL, shop and load share them`,
    `Node ${process.versions.node}; load average at the end ${loadavg()[0]?.toFixed(1)}`,
    `median of ${turns} interleaved ${turns === 1 ? "turn" : "turns"} of ${duration.ms / 1000} s${quick ? "; a quick run, whose figures mean nothing" : ""}`,
  ];
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}
