import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The content of `postmaster.pid`; see `miscadmin.h` in PostgreSQL's source. */
export type PidFile = { path: string; lines: string[]; pid: number; ready: boolean };

export function findPidFile(cluster: string): PidFile | undefined {
  const path = join(cluster, "postmaster.pid");
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const lines = content.split("\n");
  return { path, lines, pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" };
}
