import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { without } from "./mutation.ts";
import { MUTATIONS } from "./list.ts";
import { merged, type Tried } from "./table.ts";
import { namesTest } from "./test-names.ts";

const ROOT = join(import.meta.dirname, "../../..");

test("every guard is where the list says, once, and its test file is there", () => {
  const faults = MUTATIONS.flatMap(({ what, edits, red }) => {
    try {
      for (const edit of edits) without(readFileSync(join(ROOT, edit.file), "utf8"), edit);
      return existsSync(join(ROOT, red.file)) ? [] : [`${what}: there is no ${red.file}`];
    } catch (error) {
      return [`${what}: ${(error as Error).message}`];
    }
  });
  assert.deepEqual(faults, []);
});

test("no guard is in the list twice", () => {
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
test("what is tried anew takes the place of its line in the result, and the others stay", () => {
  const tried = (i: number, test: string): Tried => ({ guard: MUTATIONS[i] as (typeof MUTATIONS)[number], verdict: "red", test });
  const first = merged("", [tried(0, "one | test"), tried(2, "another")], "aaaaaaa");
  const second = merged(first, [tried(1, "a third"), tried(2, "yet another"), { ...tried(3, ""), verdict: "survived" }], "bbbbbbb");
  const lines = second.split("\n").filter((line) => /[ab]{7} \|$/.test(line));
  assert.deepEqual(
    lines.map((line) => line.split(" | ").slice(-2).join(" | ")),
    ["one \\| test | aaaaaaa |", "a third | bbbbbbb |", "yet another | bbbbbbb |", "**survived** | bbbbbbb |"],
  );
  assert.match(second, /guards 4 were tried, and 1 were not missed/);
});
