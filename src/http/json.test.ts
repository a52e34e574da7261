import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Refusal } from "../refusal.ts";
import { readJson } from "./json.ts";

const read = (text: string): unknown => readJson(Buffer.from(text));

function refusedAt(text: string | Buffer): string {
  try {
    readJson(Buffer.from(text));
  } catch (error) {
    if (error instanceof Refusal) return `${error.details.errors?.[0]?.path} ${error.details.errors?.[0]?.message}`;
    throw error;
  }
  return "taken";
}

test("the reader returns the same value as JSON.parse for each valid JSON text", () => {
  const orderly = fc.jsonValue({ maxDepth: 8 }).filter((value) => !/\\u0000|\\ud[89a-f]|"__proto__"/i.test(JSON.stringify(value)));
  fc.assert(
    fc.property(orderly, fc.constantFrom(undefined, 2), (value, indent) =>
      assert.deepEqual(read(JSON.stringify(value, null, indent)), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test("an empty body is no body", () => assert.equal(read(""), undefined));

for (const [text, says] of [
  ["{", " invalid JSON"],
  ["{'a':1}", " invalid JSON"],
  ['{"a":1,}', " invalid JSON"],
  ["NaN", " invalid JSON"],
  ['{"a":"\u0000"}', " invalid JSON"],
  ["\uFEFF{}", " invalid JSON"],
  ['{"a":1,"a":2}', "/a duplicate key"],
  ['{"a":1,"\\u0061":2}', "/a duplicate key"],
  ['{"a":[{"b":1},{"b":1,"c/d":{"x":"\\"}{,","x":2}}]}', "/a/1/c~1d/x duplicate key"],
  ['{"a":{"b":1},"b":[{"b":1},{"b":1}]}', "taken"],
  ['["a","a",{"a":"a"}]', "taken"],
  ['{"a":{"__proto__":{}}}', "/a/__proto__ unknown property"],
  ['{"a":{"\\u005f_proto__":1}}', "/a/__proto__ unknown property"],
  ['{"a":"__proto__"}', "taken"],
  ['{"a":["\\u0000"]}', "/a/0 must not contain the NUL character"],
  ['{"a":{"\\u0000":1}}', "/a must not contain the NUL character"],
  ['{"a":"\\\\u0000"}', "taken"],
  ['{"a":"\\ud800"}', "/a must not contain an unpaired surrogate"],
  ['{"a":"\\udc00\\ud800"}', "/a must not contain an unpaired surrogate"],
  ['{"a":"\\ud83d\\ude00"}', "taken"],
  [`${"[".repeat(32)}${"]".repeat(32)}`, "taken"],
  [`${"[".repeat(33)}${"]".repeat(33)}`, `${"/0".repeat(32)} nested too deeply`],
  [`{"a":[${"1,".repeat(9_999)}1]}`, "taken"],
  [`{"a":[${"1,".repeat(10_000)}1]}`, "/a must not have more than 10000 items"],
  [`{${Array.from({ length: 100 }, (_, i) => `"${i}":1`).join()}}`, "taken"],
  [`{${Array.from({ length: 101 }, (_, i) => `"${i}":1`).join()}}`, " must not have more than 100 properties"],
] as const) {
  test(`${JSON.stringify(text.slice(0, 60))}: ${says}`, () => assert.equal(refusedAt(text), says));
}

test("bytes that are not UTF-8 are refused, not replaced", () => assert.equal(refusedAt(Buffer.from([0x22, 0xff, 0x22])), " must be UTF-8"));

// Looked through again at each step, a megabyte takes hours.
test("a megabyte of anything is looked through once", { timeout: 60_000 }, () => {
  for (const piece of ["[", '{"a":', '"\\"', "1,", "\\\\", '"a":1,']) {
    refusedAt(piece.repeat(1_048_576 / piece.length));
    refusedAt(`"${piece.repeat(1_048_576 / piece.length).replaceAll('"', '\\"')}"`);
  }
});
