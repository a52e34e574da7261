import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { without } from "./guard.ts";
import { GUARDS } from "./list.ts";

const ROOT = join(import.meta.dirname, "../..");

test("every guard is where the list says, once, and its test file is there", () => {
  const faults = GUARDS.flatMap(({ what, edits, red }) => {
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
  const names = GUARDS.map(({ what, edits }) => `${what} ${edits[0]?.file}`);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});
