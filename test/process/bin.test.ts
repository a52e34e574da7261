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
// A fake shop: it prints how it was started, then exits or waits as its arguments say.
const MAIN = `export async function main(argv: string[]): Promise<void> {
  if (argv[0] === "orderly") process.once("SIGTERM", () => process.exit(0));
  console.log(JSON.stringify({ node: process.execPath, options: process.execArgv, pid: process.pid, argv }));
  if (argv[0] === "exit") process.exit(Number(argv[1]));
  setTimeout(() => undefined, 30_000);
}`;
// Makes the executable believe that it runs on an old Node.
const OLD = "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
const skip = process.platform === "linux" ? false : "npm installs a Node with signals on Linux only";

before(() => {
  cpSync(join(root, "bin"), join(shop, "bin"), { recursive: true });
  mkdirSync(join(shop, "src"));
  writeFileSync(join(shop, "src", "main.ts"), MAIN);
  writeFileSync(join(shop, "package.json"), '{"type":"module"}');
});
after(() => rmSync(shop, { recursive: true, force: true }));

test("an old Node without the one from npm prints one sentence that says how to upgrade", { skip }, async () => {
  const { child, stderr } = run(["exit", "0"]);
  assert.deepEqual(await once(child, "exit"), [1, null]);
  assert.match(await stderr, /^Jangnal needs Node 24\.12 or newer, and this is 20\.20\.2: [^\n]+\.\n$/);
});

test("an old Node starts the one from npm and passes arguments and exit code on", { skip }, async () => {
  installNode();
  const { child, line } = run(["exit", "7", "두 말"]);
  const startup = await line;
  assert.match(startup.node, /node-linux-\w+\/bin\/node$/);
  assert.deepEqual(startup.argv, ["exit", "7", "두 말"]);
  // Only the heap limit is passed on. With the import that fakes the old version, it would start itself forever.
  assert.deepEqual(startup.options, ["--max-old-space-size=300"]);
  assert.deepEqual(await once(child, "exit"), [7, null]);
  const unlimited = run(["exit", "0"], []);
  assert.deepEqual((await unlimited.line).options, ["--max-semi-space-size=32", "--max-old-space-size=512"]);
});

// Fails without boundMemory, and without any of its conditions.
test("serve limits its heap unless other limits are set", { skip }, async () => {
  const executable = join(shop, "bin", "jangnal.mjs");
  const optionsOf = async (options: string[], argv: string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> => {
    const child = spawn(process.execPath, [...options, executable, ...argv], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const startup = JSON.parse(String(line)) as Startup;
    assert.equal(startup.pid, child.pid);
    assert.deepEqual(startup.argv, argv);
    child.kill("SIGKILL");
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    return startup.options;
  };
  const limits = ["--max-semi-space-size=32", "--max-old-space-size=512"];
  assert.deepEqual(await optionsOf([], ["serve", "두 말"]), limits);
  assert.deepEqual(await optionsOf(["--no-warnings"], ["serve"]), ["--no-warnings", ...limits]);
  assert.deepEqual(await optionsOf(["--max-old-space-size=300"], ["serve"]), ["--max-old-space-size=300"]);
  assert.deepEqual(await optionsOf([], ["serve"], { NODE_OPTIONS: "--max-old-space-size=300" }), []);
  assert.deepEqual(await optionsOf([], ["token"]), []);
});

test("under an old Node, signals reach the shop, and the executable ends as the shop does", { skip }, async () => {
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

// Fails without whenNpmLeaves.
test("the shop stops when npm's shell is gone", { skip, timeout: 60_000 }, async () => {
  const command = `'${process.execPath}' '${join(shop, "bin", "jangnal.mjs")}' orderly; true`;
  const shell = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, npm_command: "exec" } });
  await once(createInterface({ input: shell.stdout }), "line");
  shell.kill("SIGTERM");
  // The pipe closes when its last process has ended.
  await once(shell, "close");
});

function installNode(): void {
  rmSync(join(shop, "node_modules"), { force: true });
  symlinkSync(join(root, "node_modules"), join(shop, "node_modules"));
}

type Startup = { node: string; options: string[]; pid: number; argv: string[] };
type Run = { child: ChildProcessByStdio<null, Readable, Readable>; line: Promise<Startup>; stderr: Promise<string> };

function run(argv: string[], options = ["--max-old-space-size=300"]): Run {
  const { npm_command: _, ...env } = process.env;
  const child = spawn(process.execPath, [...options, "--import", OLD, join(shop, "bin", "jangnal.mjs"), ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  const line = once(createInterface({ input: child.stdout }), "line").then(([text]) => JSON.parse(String(text)) as Startup);
  const stderr = child.stderr.setEncoding("utf8").reduce((all: string, chunk: string) => all + chunk, "");
  return { child, line, stderr };
}
