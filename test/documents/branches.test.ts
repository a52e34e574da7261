import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { heading, readBranches, readme, readTests } from "./coverage.ts";

describe("every branch of the documents has a test, in the documents' order, and every test has a branch", () => {
  for (const [document, branches] of Map.groupBy(readBranches(), (branch) => branch.document)) {
    test(document, () => {
      const wanted = branches.filter(({ later }) => later === undefined).map((branch) => `${branch.diagram}: ${heading(branch)}`);
      const found = readTests(document).map(({ diagram, name }) => `${diagram}: ${name.split(" → ", 1)[0]}`);
      assert.deepEqual(found, wanted);
    });
  }
});

test("every test's name states a promise after its branch, and README.md lists it", () => {
  for (const { document } of readBranches()) for (const { name } of readTests(document)) assert.match(name, / → \S/);
  const shown = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  assert.equal(shown, readme(), "npm exec -- node test/documents/coverage.ts updates it");
});
