#!/usr/bin/env node
// The executable. Plain JavaScript that Node 18 understands: its first task is to find a Node that understands the rest.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** From here on TypeScript runs as it is. */
const NEEDED = [24, 12];
/** A clone runs what is written, a package what `npm pack` made of it (bin/pack.ts). */
const SOURCE = new URL("../src/main.ts", import.meta.url).href;
const PACKED = new URL("../dist/src/main.js", import.meta.url).href;

/**
 * V8 takes what nobody forbids it. The young generation is nearly all garbage, and as large as it likes it is 200 MB; the smaller of the two also
 * says how far the old one may grow before it is looked at. What is taken away elsewhere costs more than it saves (docs/results/2026-11-27-performance.md).
 */
const BOUNDS = ["--max-semi-space-size=8", "--max-old-space-size=512"];

if (isNewEnough(process.versions.node)) {
  boundMemory();
  whenNpmLeaves(() => process.kill(process.pid, "SIGTERM"));
  if (process.argv[2] === "serve") leaveEarly();
  await keepWhatWasCompiled();
  const { main } = await import(existsSync(fileURLToPath(SOURCE)) ? SOURCE : PACKED);
  await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node === undefined) {
    console.error(
      `Jangnal needs Node ${NEEDED.join(".")} or newer, and this is ${process.versions.node}: ` +
        "install a newer one, or run npm ci without --omit=optional, which brings its own for Linux and Windows.",
    );
    process.exit(1);
  }
  runWith(node);
}

/** The next start need not strip types and compile again. Where nothing can be kept it does. Among our own dependencies, where only who installs us writes. */
async function keepWhatWasCompiled() {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache(join(dirname(fileURLToPath(import.meta.url)), "../node_modules/.cache/jangnal"));
}

/** Becomes the same process with these bounds, which V8 takes at its start only. Whoever has set any of them is left alone; so is Windows, which can't. */
function boundMemory() {
  const isBound = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => /--max[-_](semi|old)[-_]space[-_]size/.test(option));
  // What became another program would no longer hear who forked it.
  if (process.argv[2] !== "serve" || isBound || process.send !== undefined || process.platform === "win32" || process.execve === undefined) return;
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...BOUNDS, ...process.argv.slice(1)], process.env);
}

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** Whoever is asked to stop before there is a shop that could hear it has nothing to finish. */
function leaveEarly() {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  }
}

/** The Node that came with npm as an optional dependency of ours. */
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

/** Becomes, as far as one process can, the same command line under another Node: its input and output, its signals, its end. */
function runWith(node) {
  const given = process.execArgv.filter((option) => /^--max-(old|semi)-space-size=/.test(option));
  const command = [...dieWithUs(), node, ...(given.length > 0 ? given : BOUNDS), fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(command[0], command.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]) {
    if (signal in constants.signals) process.on(signal, () => child.kill(signal));
  }
  whenNpmLeaves(() => child.kill("SIGTERM"));
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
 * npm and npx pass SIGTERM to the shell between them and us, and with a shell that does not pass it on that is the end of it:
 * they end, and we would live on, unseen, holding port and data. A parent that is no longer there means that we were asked to stop.
 */
function whenNpmLeaves(stop) {
  if (process.env.npm_command === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 200);
  watch.unref();
}

/** A SIGKILL can't be passed on; where the kernel can do that for us, let it, lest a killed shop lives on unseen. */
function dieWithUs() {
  const prefix = ["setpriv", "--pdeathsig", "KILL"];
  return process.platform === "linux" && spawnSync("setpriv", [...prefix.slice(1), "true"]).status === 0 ? prefix : [];
}
