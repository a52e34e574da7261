import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textArray } from "./statement.ts";

test("a text in an array literal has its quotes and backslashes escaped, and nothing else", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom('"', "\\", "\n", "\t", "가", "😀", "\ud800", "a") }));
  fc.assert(
    fc.property(fc.array(fc.option(text)), (texts) => {
      const expected = texts.map((one) => (one === null ? "NULL" : `"${one.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`));
      assert.equal(
        textArray(texts, (one) => one),
        `{${expected.join(",")}}`,
      );
    }),
  );
});
