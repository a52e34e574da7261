import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mutate } from "./mutation.ts";
import { MUTATIONS } from "./list.ts";
import { type MutationResult, updateResult } from "./table.ts";
import { namesTest } from "./test-names.ts";

const ROOT = join(import.meta.dirname, "../../..");

test("every mutation finds its source line exactly once, and its test file exists", () => {
  const faults = MUTATIONS.flatMap(({ what, edits, red }) => {
    try {
      for (const edit of edits) mutate(readFileSync(join(ROOT, edit.file), "utf8"), edit);
      return existsSync(join(ROOT, red.file)) ? [] : [`${what}: there is no ${red.file}`];
    } catch (error) {
      return [`${what}: ${(error as Error).message}`];
    }
  });
  assert.deepEqual(faults, []);
});

test("no mutation is in the list twice", () => {
  const names = MUTATIONS.map(({ what, edits }) => `${what} ${edits[0]?.file}`);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

// Without it a renamed test would leave its trials without tests.
test("each mutation names a test that is in its test file", () => {
  const missing = MUTATIONS.filter(({ red }) => !namesTest(join(ROOT, red.file), red.tests));
  assert.deepEqual(
    missing.map(({ red }) => `${red.file} has no test with “${red.tests}”`),
    [],
  );
});

test("a renamed test is noticed", () => {
  const races = join(ROOT, "test/api/races.test.ts");
  for (const [text, expected] of [
    ["of two hundred claims for a hundred coupons", true],
    ["of two hundred claims for a thousand coupons", false],
    ["against 2 instances 200 concurrent charges of one user add up", true],
    ["against 2 instances 201 concurrent charges of one user add up", false],
  ] as const)
    assert.equal(namesTest(races, text), expected, text);
});

// Goes red without what `merged` takes over from the text, and without the names by which it finds a line again.
test("a new result replaces the row of its mutation, and other rows stay", () => {
  const killed = (i: number, test: string): MutationResult => ({ mutation: MUTATIONS[i] as (typeof MUTATIONS)[number], outcome: "killed", test });
  const first = updateResult("", [killed(0, "one | test"), killed(2, "another")], "aaaaaaa");
  const second = updateResult(first, [killed(1, "a third"), killed(2, "yet another"), { ...killed(3, ""), outcome: "survived" }], "bbbbbbb");
  const lines = second.split("\n").filter((line) => /[ab]{7} \|$/.test(line));
  assert.deepEqual(
    lines.map((line) => line.split(" | ").slice(-2).join(" | ")),
    ["one \\| test | aaaaaaa |", "a third | bbbbbbb |", "yet another | bbbbbbb |", "**survived** | bbbbbbb |"],
  );
  assert.match(second, /4 of \d+ mutations were tried; 1 were not killed/);
});
