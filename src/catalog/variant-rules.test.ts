import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defaultName, duplicateOptions, nameAfterEdit } from "./variant-rules.ts";

const variant = (name: string | null, options: Record<string, string>, sku: string | null = null) => ({ name, options, sku });

describe("the default name of a variant", () => {
  test("is made of its options, or else of its SKU", () => {
    assert.equal(defaultName({ sku: "A-1", options: { color: "red", size: "M" } }, 2), "red / M");
    assert.equal(defaultName({ sku: "A-1", options: {} }, 2), "A-1");
    assert.equal(defaultName({ sku: null, options: {} }, 2), null);
  });

  test("is null if the product has one variant", () => assert.equal(defaultName({ sku: "A-1", options: { size: "M" } }, 1), null));
});

describe("a variant's name after an edit of its options", () => {
  // PostgreSQL returns the keys ordered by length.
  const before = variant("red / M", { size: "M", color: "red" });

  test("follows the options, with the values in their previous order", () => {
    assert.equal(nameAfterEdit(before, { sku: null, options: { size: "L", color: "red" } }), "red / L");
    assert.equal(nameAfterEdit(before, { sku: null, options: { size: "M", color: "blue" } }), "blue / M");
  });

  test("has the values of new keys at its end", () => {
    assert.equal(nameAfterEdit(before, { sku: null, options: { fit: "slim", size: "L", color: "red" } }), "red / L / slim");
  });

  test("becomes the SKU if no option is left", () => assert.equal(nameAfterEdit(before, { sku: "A-1", options: {} }), "A-1"));

  test("stays if an operator chose it", () => {
    assert.equal(nameAfterEdit(variant("Summer", { size: "M" }), { sku: null, options: { size: "L" } }), "Summer");
    assert.equal(nameAfterEdit(variant(null, { size: "M" }), { sku: null, options: { size: "L" } }), null);
  });

  test("follows the SKU if it was made of the SKU", () => assert.equal(nameAfterEdit(variant("A-1", {}, "A-1"), { sku: "A-2", options: {} }), "A-2"));
});

describe("duplicate options", () => {
  const variants = (...options: Record<string, string>[]) => options.map((one, i) => ({ id: String(i), options: one }));
  const given = (...ids: number[]) => new Map(ids.map((id) => [String(id), `/variants/${id}`]));
  const paths = (errors: { path: string }[]) => errors.map(({ path }) => path);

  test("are found in any order of keys, and the error names the later variant", () => {
    const equal = variants({ color: "red", size: "M" }, { size: "L" }, { size: "M", color: "red" });
    assert.deepEqual(paths(duplicateOptions(equal, given(0, 1, 2))), ["/variants/2/options"]);
  });

  test("are an error of the variant with new options, at any position", () => {
    assert.deepEqual(paths(duplicateOptions(variants({ size: "M" }, { size: "M" }), given(0))), ["/variants/0/options"]);
    assert.deepEqual(duplicateOptions(variants({ size: "M" }, { size: "M" }), given()), []);
  });

  test("are no error of variants without options", () => assert.deepEqual(duplicateOptions(variants({}, {}), given(0, 1)), []));
});
