// Checks the models of the protocols in test/models exhaustively with Spin, and that each mutation of a model breaks its promise.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const MODELS = join(import.meta.dirname, "../models");
const DEPTH = 200_000;

type Checked = { errors: number; states: number; complete: boolean };

test("a lost COMMIT is looked up so that a command takes effect once", () => {
  assertHolds("lost-commit");
  for (const mutation of ["-DREADS", "-DRETRIES"]) assertBroken("lost-commit", mutation);
});

test("a call to the gateway has its effect once, whatever gets lost", () => {
  assertHolds("gateway-call");
  assertHolds("gateway-call", "-DREFUND");
  for (const mutations of [["-DBELIEVES"], ["-DFORGETS"], ["-DREFUND", "-DNEXTKEY"]]) assertBroken("gateway-call", ...mutations);
});

test("units of a hold that ends pass to the first who waits", () => {
  assertHolds("succession");
  for (const mutation of ["-DTRUSTS", "-DKEEPS"]) assertBroken("succession", mutation);
});

test("two relays deliver each event, and none before an earlier one of its order", () => {
  assertHolds("relay");
  for (const mutation of ["-DEAGER", "-DEARLY"]) assertBroken("relay", mutation);
});

function assertHolds(model: string, ...defines: string[]): void {
  const { errors, states, complete } = check(model, defines);
  assert.deepEqual({ errors, complete }, { errors: 0, complete: true }, model);
  assert.ok(states > 1000, `${model} has only ${states} states`);
}

function assertBroken(model: string, ...defines: string[]): void {
  assert.equal(check(model, defines).errors, 1, `${model} ${defines.join(" ")} keeps its promise`);
}

/** Errors: with the program that is missing or failed. */
function check(model: string, defines: string[]): Checked {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-model-"));
  try {
    run(folder, "spin", ...defines, "-a", join(MODELS, `${model}.pml`));
    run(folder, "gcc", "-O2", "-DSAFETY", "-o", "pan", "pan.c");
    const report = run(folder, join(folder, "pan"), `-m${DEPTH}`);
    const count = (pattern: RegExp): number => Number(pattern.exec(report)?.[1] ?? assert.fail(report));
    return { errors: count(/errors: (\d+)/), states: count(/(\d+) states, stored/), complete: !report.includes("max search depth too small") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(cwd: string, command: string, ...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) throw new Error(`the models need ${command}: install spin and gcc`);
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return stdout;
}
