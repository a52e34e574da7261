import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText } from "./text.ts";

const FAMILY = "👨‍👩‍👧‍👦";

test("a text that fits is not changed", () => {
  for (const text of ["", "환불", "👍"]) assert.equal(cutText(text, 2), text);
});

test("a text is cut before a grapheme that does not fit whole", () => {
  for (const [text, most, expected] of [
    ["abcdef", 3, "abc"],
    ["환불합니다", 3, "환불합"],
    ["ab👍cd", 3, "ab"],
    ["ab👍cd", 4, "ab👍"],
    [`a${FAMILY}b`, 5, "a"],
    [`a${FAMILY}b`, 1 + FAMILY.length, `a${FAMILY}`],
    // A decomposed Hangul syllable, an accented letter, a flag.
    ["a\u1112\u1161\u11ab!", 3, "a"],
    ["ae\u0301!", 2, "a"],
    ["🇰🇷🇰🇷", 6, "🇰🇷"],
  ] as const)
    assert.equal(cutText(text, most), expected, `${text} to ${most}`);
});

test("a text of combining marks only is cut between two code points", () => {
  assert.equal(cutText(`e${"\u0301".repeat(1000)}`, 10).length, 10);
  const marks = `e${"\u{1e8d0}".repeat(1000)}`;
  for (const most of [10, 11]) assert.ok(cutText(marks, most).isWellFormed());
});

test("a long text is cut at the same place without segmenting all of it", () => {
  const long = FAMILY.repeat(100_000);
  assert.equal(cutText(long, 100), FAMILY.repeat(Math.floor(100 / FAMILY.length)));
});
