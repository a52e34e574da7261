/**
 * `npm test [-- OPTION … FILE …]`: starts Node's own test runner with the setup of this project (test/setup.ts).
 * Without a FILE (a path or a quoted pattern), it runs all tests that need neither external services nor a browser.
 */
import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FILES_AT_ONCE } from "./support/files-at-once.ts";

const DEFAULT_FILES = ["test/{api,campaigns,database,documents,process,rules}/**/*.test.ts", "src/**/*.test.ts", "tools/**/*.test.ts"];

const ROOT = join(import.meta.dirname, "..");
/**
 * Each test file is a process of its own, and loading its modules took a second of processor time. Node keeps the code that it compiled here, in a
 * folder for each version and user, and goes without where it cannot write.
 */
const COMPILED = join(ROOT, "node_modules/.cache/tests");
/** One run keeps about 2,000 modules. Copies of the tree, as of the mutations, have paths of their own. */
const MOST_COMPILED = 20_000;

const given = process.argv.slice(2);
const files = given.some((argument) => argument.endsWith(".ts")) ? [] : DEFAULT_FILES;
const options = ["--test", "--test-global-setup=test/setup.ts", `--test-concurrency=${FILES_AT_ONCE}`, "--test-reporter=spec"];
const runner = spawn(process.execPath, [...options, ...given, ...files], { stdio: "inherit", cwd: ROOT, env: { ...compileCache(), ...process.env } });
let interrupted = false;
// Node's runner calls the global teardown for the first two of these signals only.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => (interrupted = runner.kill(signal === "SIGHUP" ? "SIGTERM" : signal)));
runner.once("exit", (code) => (process.exitCode = interrupted ? 1 : (code ?? 1)));

/** Coverage is less precise in functions whose code comes from a cache. */
function compileCache(): NodeJS.ProcessEnv {
  if (process.env["NODE_V8_COVERAGE"] !== undefined || given.some((argument) => argument.includes("coverage"))) return {};
  try {
    if (readdirSync(COMPILED, { recursive: true }).length > MOST_COMPILED) rmSync(COMPILED, { recursive: true, force: true });
  } catch {
    // There is no cache yet, or another user owns the folder.
  }
  return { NODE_COMPILE_CACHE: COMPILED };
}
