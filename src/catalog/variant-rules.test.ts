import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { equalOptions, nameAfterEdit, nameFrom } from "./variant-rules.ts";

const variant = (name: string | null, options: Record<string, string>, sku: string | null = null) => ({ name, options, sku });

describe("the name of a variant that is given none", () => {
  test("is made of its options, or else its SKU", () => {
    assert.equal(nameFrom({ sku: "A-1", options: { color: "red", size: "M" } }, 2), "red / M");
    assert.equal(nameFrom({ sku: "A-1", options: {} }, 2), "A-1");
    assert.equal(nameFrom({ sku: null, options: {} }, 2), null);
  });

  test("is the product's if the product has one variant", () => assert.equal(nameFrom({ sku: "A-1", options: { size: "M" } }, 1), null));
});

describe("a name after an edit of the options", () => {
  // The keys stand as PostgreSQL gives them back: by length.
  const before = variant("red / M", { size: "M", color: "red" });

  test("follows them, in the order in which its values were", () => {
    assert.equal(nameAfterEdit(before, { sku: null, options: { size: "L", color: "red" } }), "red / L");
    assert.equal(nameAfterEdit(before, { sku: null, options: { size: "M", color: "blue" } }), "blue / M");
  });

  test("has values of new keys at its end", () => {
    assert.equal(nameAfterEdit(before, { sku: null, options: { fit: "slim", size: "L", color: "red" } }), "red / L / slim");
  });

  test("becomes the SKU if no option is left", () => assert.equal(nameAfterEdit(before, { sku: "A-1", options: {} }), "A-1"));

  test("stays if it was given", () => {
    assert.equal(nameAfterEdit(variant("Summer", { size: "M" }), { sku: null, options: { size: "L" } }), "Summer");
    assert.equal(nameAfterEdit(variant(null, { size: "M" }), { sku: null, options: { size: "L" } }), null);
  });

  test("follows the SKU that it was made of", () => assert.equal(nameAfterEdit(variant("A-1", {}, "A-1"), { sku: "A-2", options: {} }), "A-2"));
});

describe("equal options", () => {
  const variants = (...options: Record<string, string>[]) => options.map((one, i) => ({ id: String(i), options: one }));
  const at = (...ids: number[]) => new Map(ids.map((id) => [String(id), `/variants/${id}`]));
  const paths = (faults: { path: string }[]) => faults.map(({ path }) => path);

  test("are found in whatever order their keys are, and the later variant is named", () => {
    const twins = variants({ color: "red", size: "M" }, { size: "L" }, { size: "M", color: "red" });
    assert.deepEqual(paths(equalOptions(twins, at(0, 1, 2))), ["/variants/2/options"]);
  });

  test("are the fault of the variant whose options are new, wherever it is", () => {
    assert.deepEqual(paths(equalOptions(variants({ size: "M" }, { size: "M" }), at(0))), ["/variants/0/options"]);
    assert.deepEqual(equalOptions(variants({ size: "M" }, { size: "M" }), at()), []);
  });

  test("are no fault of variants that have none", () => assert.deepEqual(equalOptions(variants({}, {}), at(0, 1)), []));
});
