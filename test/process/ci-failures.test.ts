// `.ci/failures`: the reason of a failed step in the last lines of a log.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const PROGRAM = join(import.meta.dirname, "../../.ci/failures");
const folder = mkdtempSync(join(tmpdir(), "jangnal-failures-"));
after(() => rmSync(folder, { recursive: true }));

/** What Node's runner prints of the test files. */
function logOf(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `import { test } from "node:test";\n${text}`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = ["--test", "--test-reporter=spec", "--test-concurrency=1"];
  const { stdout, stderr } = spawnSync(process.execPath, [...options, ...Object.keys(files)], { cwd: folder, env, encoding: "utf8" });
  return stdout + stderr;
}

function reasons(log: string, ...limit: string[]): string {
  writeFileSync(join(folder, "log"), log);
  return execFileSync(PROGRAM, [join(folder, "log"), ...limit], { encoding: "utf8" });
}

test("failing tests are named with their place and their details", () => {
  const log = logOf({
    "sums.test.mjs": `test("one and one", () => {}); test("two and two", () => { throw new Error("got five") });`,
    "waits.test.mjs": `test("a wait ends", { timeout: 10 }, () => new Promise((resolve) => setTimeout(resolve, 60_000).unref()));`,
  });
  const shown = reasons(log);
  assert.match(shown, /^2 failing tests:\n {2}✖ two and two .*at sums\.test\.mjs:2:32\n {2}✖ a wait ends .*at waits\.test\.mjs:2:1\n/);
  assert.match(shown, /\n✖ two and two .*\n {2}Error: got five\n/);
  assert.match(shown, /\n✖ a wait ends .*\n {2}'test timed out after 10ms'\n$/);
  assert.doesNotMatch(shown, /one and one|node:internal/);
});

test("a test file that fails as a whole is shown with the lines that it printed last", () => {
  const shown = reasons(logOf({ "lost.test.mjs": `import "./missing.mjs";` }));
  assert.match(shown, /\n✖ lost\.test\.mjs .*\n(.*\n)*Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module/);
});

test("many long failures share the lines", () => {
  const tests = Array.from({ length: 30 }, (_, i) => `test("number ${i}", () => { throw new Error("line\\n".repeat(50)) });`);
  const lines = reasons(logOf({ "many.test.mjs": tests.join("\n") }), "60")
    .trimEnd()
    .split("\n");
  assert.ok(lines.length <= 60, `${lines.length} lines`);
  assert.match(lines[20] ?? "", /number 19/);
  assert.match(lines[21] ?? "", /… and 10 more/);
});

test("without failing tests, the last lines are shown", () => {
  assert.equal(reasons(Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(""), "3"), "line 97\nline 98\nline 99\n");
});
