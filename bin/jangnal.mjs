#!/usr/bin/env node
// The executable. Plain JavaScript for Node 18 and newer: its first task is to find a Node that runs the rest.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The first version that runs TypeScript without a flag. */
const NEEDED = [24, 12];
/** A clone runs the source, a package the JavaScript that bin/pack.ts made. */
const SOURCE = new URL("../src/main.ts", import.meta.url).href;
const PACKED = new URL("../dist/src/main.js", import.meta.url).href;

/**
 * Heap limits. V8's young generation is garbage nearly as a whole, and the larger it may grow, the less of it is copied while requests are still in
 * flight: memory is spent for processor time (docs/decisions/0018-answers-past-the-frameworks-reply.md). Limits of other heap spaces cost more than
 * they save (docs/results/2026-11-27-performance.md).
 */
const SERVE_LIMITS = ["--max-semi-space-size=32", "--max-old-space-size=512"];
/** An export has one page in memory; all else is garbage, which would otherwise lie until it fills hundreds of megabytes. */
const EXPORT_LIMITS = ["--max-semi-space-size=8", "--max-old-space-size=96"];
const HEAP_LIMITS = process.argv[2] === "export" ? EXPORT_LIMITS : SERVE_LIMITS;

if (isNewEnough(process.versions.node)) {
  limitHeap();
  onParentExit(() => process.kill(process.pid, "SIGTERM"));
  if (process.argv[2] === "serve") exitOnEarlySignals();
  await cacheCompiledCode();
  const { main } = await import(existsSync(fileURLToPath(SOURCE)) ? SOURCE : PACKED);
  await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node === undefined) {
    console.error(
      `Jangnal needs Node ${NEEDED.join(".")} or newer, and this is ${process.versions.node}: ` +
        "install a newer one, or run npm ci without --omit=optional, which installs Node for Linux and Windows.",
    );
    process.exit(1);
  }
  runWith(node);
}

/** Caches compiled code for the next start, in node_modules, which only the installing user can write. If that fails, the next start compiles again. */
async function cacheCompiledCode() {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache(join(dirname(fileURLToPath(import.meta.url)), "../node_modules/.cache/jangnal"));
}

/** Replaces this process by the same one with heap limits, which V8 reads only at its start. Does nothing if a limit is set, or on Windows. */
function limitHeap() {
  const isLimited = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => /--max[-_](semi|old)[-_]space[-_]size/.test(option));
  // A replaced process would lose the IPC channel of the process that forked it.
  const isLong = process.argv[2] === "serve" || process.argv[2] === "export";
  if (!isLong || isLimited || process.send !== undefined || process.platform === "win32" || process.execve === undefined) return;
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...HEAP_LIMITS, ...process.argv.slice(1)], process.env);
}

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** Exits at once on a signal that comes before the shop handles signals: there is nothing to finish yet. */
function exitOnEarlySignals() {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  }
}

/** The Node that npm installed as an optional dependency. */
function findNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    const node = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

/** Runs the same command line under another Node, with the same input, output, signals and exit code. */
function runWith(node) {
  const given = process.execArgv.filter((option) => /^--max-(old|semi)-space-size=/.test(option));
  const command = [...killWithParent(), node, ...(given.length > 0 ? given : HEAP_LIMITS), fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(command[0], command.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]) {
    if (signal in constants.signals) process.on(signal, () => child.kill(signal));
  }
  onParentExit(() => child.kill("SIGTERM"));
  child.once("error", (error) => {
    console.error(`Node ${NEEDED.join(".")} from npm could not be started: ${error.message}.`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * npm and npx send SIGTERM to their shell, and some shells do not pass it on: npm exits, and the shop would go on without a parent, holding port and
 * data. So the exit of the parent counts as a request to stop.
 */
function onParentExit(stop) {
  if (process.env.npm_command === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 200);
  watch.unref();
}

/** The kernel kills the child if this process is killed: SIGKILL cannot be passed on, and the shop would go on unseen. */
function killWithParent() {
  const prefix = ["setpriv", "--pdeathsig", "KILL"];
  return process.platform === "linux" && spawnSync("setpriv", [...prefix.slice(1), "true"]).status === 0 ? prefix : [];
}
