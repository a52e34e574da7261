import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { unusable } from "../data-dir.ts";

/** The destination of the server's standard error, and its last lines. */
export type Log = {
  stdio(): number | "pipe";
  attach(child: ChildProcess): void;
  /** The last lines since `attach`. */
  tail(): string[];
};

const MAX_BYTES = 10_000_000;

export function openLog(dataDir: string, listener: ((line: string) => void) | undefined): Log {
  return listener === undefined ? fileLog(dataDir) : lineLog(listener);
}

/**
 * PostgreSQL writes the file itself. A pipe would make it wait for this process, and lose its last
 * lines if this process is killed.
 */
function fileLog(dataDir: string): Log {
  const file = join(dataDir, "postgres.log");
  let from = 0;
  let handle: number | undefined;
  return {
    stdio() {
      try {
        from = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        if (from > MAX_BYTES) {
          renameSync(file, `${file}.1`);
          from = 0;
        }
        handle = openSync(file, "a", 0o600);
        return handle;
      } catch (error) {
        throw unusable(dataDir, error);
      }
    },
    attach() {
      if (handle !== undefined) closeSync(handle);
    },
    tail: () => readFileSync(file).subarray(from).toString("utf8").trim().split("\n").slice(-20),
  };
}

function lineLog(listener: (line: string) => void): Log {
  let lines: string[] = [];
  return {
    stdio: () => "pipe",
    attach(child) {
      lines = [];
      if (child.stderr === null) return;
      createInterface({ input: child.stderr }).on("line", (line) => {
        lines = [...lines.slice(-19), line];
        listener(line);
      });
    },
    tail: () => lines,
  };
}

/**
 * Lines of backends of an earlier, killed postmaster, which write to the same file when they end.
 */
const OTHER_SERVER = /due to unexpected postmaster exit/;

/** Returns the reason why a PostgreSQL program ended from its output, without time and pid. */
export function failureReason(lines: string[]): string {
  const own = lines.filter((line) => !OTHER_SERVER.test(line));
  const line = own.findLast((each) => /FATAL|PANIC|ERROR/.test(each)) ?? own.at(-1) ?? "";
  return line.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, "").trim();
}
