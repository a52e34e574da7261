// Preloaded into each process of a shop (`NODE_OPTIONS=--import`): appends a line about the process to the file SOAK_PROBE again and
// again. The shop's code does not know it. SOAK_LEAK plants a leak, as a control of the judge: a file descriptor, or memory, for each
// SOAK_LEAK_EVERY-th HTTP request.

import { subscribe } from "node:diagnostics_channel";
import { appendFileSync, openSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ProcessSample, Role } from "./samples.ts";

const { SOAK_PROBE = "", SOAK_EVERY_MS = "10000", SOAK_LEAK, SOAK_LEAK_EVERY = "1" } = process.env;
/** A full collection shows the live heap, and is rare, so that the process stays as it is without the probe. */
const COLLECTIONS_EVERY = 12;
const LEAKED_BYTES = 4096;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
setFlagsFromString("--no-expose-gc");

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let samples = 0;
setInterval(sample, Number(SOAK_EVERY_MS)).unref();

function sample(): void {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  const [delayP50Ms, delayP99Ms] = [delay.percentile(50) / 1e6, delay.percentile(99) / 1e6];
  let liveHeap: number | undefined;
  if (samples++ % COLLECTIONS_EVERY === COLLECTIONS_EVERY - 1) {
    collect();
    liveHeap = process.memoryUsage().heapUsed;
  }
  delay.reset();
  const line: ProcessSample = {
    at: Date.now(),
    pid: process.pid,
    role: roleOf(process.argv),
    rss,
    heapUsed,
    ...(liveHeap === undefined ? {} : { liveHeap }),
    external,
    arrayBuffers,
    resources,
    delayP50Ms,
    delayP99Ms,
  };
  appendFileSync(SOAK_PROBE, `${JSON.stringify(line)}\n`);
}

function roleOf(argv: string[]): Role {
  if (argv.includes("--till")) return "till";
  return argv.includes("--worker") ? "worker" : "primary";
}

const kept: unknown[] = [];
let requests = 0;
if (SOAK_LEAK === "descriptor" || SOAK_LEAK === "memory")
  subscribe("http.server.request.start", () => {
    if (++requests % Number(SOAK_LEAK_EVERY) !== 0) return;
    kept.push(SOAK_LEAK === "memory" ? Array.from({ length: LEAKED_BYTES / 8 }, () => requests) : openSync("/dev/null", "r"));
  });
