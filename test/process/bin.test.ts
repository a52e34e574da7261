import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { after, before, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const shop = mkdtempSync(join(tmpdir(), "bin-test-"));
// A shop that says who runs it, and then does what it is told.
const MAIN = `export async function main(argv: string[]): Promise<void> {
  if (argv[0] === "orderly") process.once("SIGTERM", () => process.exit(0));
  console.log(JSON.stringify({ node: process.execPath, options: process.execArgv, pid: process.pid, argv }));
  if (argv[0] === "exit") process.exit(Number(argv[1]));
  setTimeout(() => undefined, 30_000);
}`;
// The Node that runs these tests is new enough; this makes the executable believe otherwise.
const OLD = "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
const skip = process.platform === "linux" ? false : "npm brings a Node with signals for Linux only";

before(() => {
  cpSync(join(root, "bin"), join(shop, "bin"), { recursive: true });
  mkdirSync(join(shop, "src"));
  writeFileSync(join(shop, "src", "main.ts"), MAIN);
  writeFileSync(join(shop, "package.json"), '{"type":"module"}');
});
after(() => rmSync(shop, { recursive: true, force: true }));

test("under an older Node without the one from npm it says in one sentence what to do", { skip }, async () => {
  const { child, stderr } = run(["exit", "0"]);
  assert.deepEqual(await once(child, "exit"), [1, null]);
  assert.match(await stderr, /^Jangnal needs Node 24\.12 or newer, and this is 20\.20\.2: [^\n]+\.\n$/);
});

test("under an older Node it runs with the one from npm, arguments and exit code passed on", { skip }, async () => {
  installNode();
  const { child, line } = run(["exit", "7", "두 말"]);
  const said = await line;
  assert.match(said.node, /node-linux-\w+\/bin\/node$/);
  assert.deepEqual(said.argv, ["exit", "7", "두 말"]);
  // The bound of its memory, and nothing else: with what makes this Node an old one it would go on looking for a newer one for ever.
  assert.deepEqual(said.options, ["--max-old-space-size=300"]);
  assert.deepEqual(await once(child, "exit"), [7, null]);
  const unbound = run(["exit", "0"], []);
  assert.deepEqual((await unbound.line).options, ["--max-semi-space-size=8", "--max-old-space-size=512"]);
});

// Goes red without boundMemory, and without any of its conditions.
test("as a shop it keeps its memory within bounds, unless somebody has set others", { skip }, async () => {
  const executable = join(shop, "bin", "jangnal.mjs");
  const optionsOf = async (options: string[], argv: string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> => {
    const child = spawn(process.execPath, [...options, executable, ...argv], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const said = JSON.parse(String(line)) as Said;
    assert.equal(said.pid, child.pid);
    assert.deepEqual(said.argv, argv);
    child.kill("SIGKILL");
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    return said.options;
  };
  const bounds = ["--max-semi-space-size=8", "--max-old-space-size=512"];
  assert.deepEqual(await optionsOf([], ["serve", "두 말"]), bounds);
  assert.deepEqual(await optionsOf(["--no-warnings"], ["serve"]), ["--no-warnings", ...bounds]);
  assert.deepEqual(await optionsOf(["--max-old-space-size=300"], ["serve"]), ["--max-old-space-size=300"]);
  assert.deepEqual(await optionsOf([], ["serve"], { NODE_OPTIONS: "--max-old-space-size=300" }), []);
  assert.deepEqual(await optionsOf([], ["token"]), []);
});

test("under an older Node signals reach it, and how it ends is how the executable ends", { skip }, async () => {
  installNode();
  const orderly = run(["orderly"]);
  await orderly.line;
  orderly.child.kill("SIGTERM");
  assert.deepEqual(await once(orderly.child, "exit"), [0, null]);
  const other = run(["wait"]);
  await other.line;
  other.child.kill("SIGINT");
  assert.deepEqual(await once(other.child, "exit"), [null, "SIGINT"]);
});

// Goes red without whenNpmLeaves.
test("it stops when the shell that npm put before it is gone", { skip, timeout: 10_000 }, async () => {
  const command = `'${process.execPath}' '${join(shop, "bin", "jangnal.mjs")}' orderly; true`;
  const shell = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, npm_command: "exec" } });
  await once(createInterface({ input: shell.stdout }), "line");
  shell.kill("SIGTERM");
  // The pipe closes when the last process that holds it has ended.
  await once(shell, "close");
});

function installNode(): void {
  rmSync(join(shop, "node_modules"), { force: true });
  symlinkSync(join(root, "node_modules"), join(shop, "node_modules"));
}

type Said = { node: string; options: string[]; pid: number; argv: string[] };
type Run = { child: ChildProcessByStdio<null, Readable, Readable>; line: Promise<Said>; stderr: Promise<string> };

function run(argv: string[], options = ["--max-old-space-size=300"]): Run {
  const { npm_command: _, ...env } = process.env;
  const child = spawn(process.execPath, [...options, "--import", OLD, join(shop, "bin", "jangnal.mjs"), ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  const line = once(createInterface({ input: child.stdout }), "line").then(([text]) => JSON.parse(String(text)) as Said);
  const stderr = child.stderr.setEncoding("utf8").reduce((all: string, chunk: string) => all + chunk, "");
  return { child, line, stderr };
}
