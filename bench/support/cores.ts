// CPU time of a process and its children, in cores. Available on Linux only; elsewhere it reads 0.

import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

type Stat = { pid: number; parent: number; ticks: number };

function stats(): Stat[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? statOf(Number(name)) : []));
  } catch {
    return [];
  }
}

function statOf(pid: number): Stat[] {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .map(Number);
    // Includes ended children that the process has waited for.
    return [{ pid, parent: fields[1] ?? 0, ticks: [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] ?? 0), 0) }];
  } catch {
    return []; // The process has ended.
  }
}

/** Of a thread the kernel counts ns: a till uses a few ticks in a turn. */
function ticksOfThread(pid: number): number {
  try {
    const [ns] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ").map(Number);
    return ((ns ?? 0) / 1e9) * TICKS_PER_SECOND;
  } catch {
    return 0; // The process has ended.
  }
}

/** The child process with this argument. */
export function childWith(parent: number, argument: string): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").map(Number);
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument));
  if (found === undefined) throw new Error(`process ${parent} has no child with ${argument}`);
  return found;
}

/** Measures the process with this id, and, if `tree`, its child processes; if `thread`, its first thread only. */
export class CpuMeter {
  readonly #pid: number;
  readonly #tree: boolean;
  readonly #thread: boolean;
  #ticks = 0;
  #at = 0;

  constructor(pid: number, tree: boolean, thread = false) {
    this.#pid = pid;
    this.#tree = tree;
    this.#thread = thread;
    this.begin();
  }

  begin(): void {
    this.#ticks = this.#now();
    this.#at = performance.now();
  }

  /** CPU time in seconds, and in cores, since `begin`. */
  read(): { seconds: number; cores: number } {
    const seconds = (this.#now() - this.#ticks) / TICKS_PER_SECOND;
    return { seconds, cores: seconds / ((performance.now() - this.#at) / 1000) };
  }

  #now(): number {
    if (this.#thread) return ticksOfThread(this.#pid);
    const all = this.#tree ? stats() : statOf(this.#pid);
    return all.filter(({ pid, parent }) => pid === this.#pid || (this.#tree && parent === this.#pid)).reduce((sum, { ticks }) => sum + ticks, 0);
  }
}

/** Resident memory of a process, in MB; `peak` since its start. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return { now: mb("VmRSS"), peak: mb("VmHWM") };
}
