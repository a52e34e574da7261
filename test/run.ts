/**
 * `npm test [-- OPTION … FILE …]`: starts Node's own test runner with the setup of this project (test/setup.ts).
 * Without a FILE (a path or a quoted pattern), it runs all tests that need neither external services nor a browser.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const DEFAULT_FILES = ["test/{api,campaigns,database,documents,process,rules}/**/*.test.ts", "src/**/*.test.ts", "tools/**/*.test.ts"];

const given = process.argv.slice(2);
const files = given.some((argument) => argument.endsWith(".ts")) ? [] : DEFAULT_FILES;
const options = ["--test", "--test-global-setup=test/setup.ts", `--test-concurrency=${availableParallelism()}`, "--test-reporter=spec"];
const runner = spawn(process.execPath, [...options, ...given, ...files], { stdio: "inherit", cwd: join(import.meta.dirname, "..") });
let interrupted = false;
// Node's runner calls the global teardown for the first two of these signals only.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => (interrupted = runner.kill(signal === "SIGHUP" ? "SIGTERM" : signal)));
runner.once("exit", (code) => (process.exitCode = interrupted ? 1 : (code ?? 1)));
