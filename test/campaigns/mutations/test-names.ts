// The names of the tests in a file, read from its source, because running it would need a database.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A part of a name: literal text, or null for a value that is known at run time only. */
type Part = string | null;

const CALL = /\b(test|describe)(?:\.\w+)?\(\s*("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/g;
const SHARED = /from "([./]*support\/contract\/\w+\.ts)"/g;

/**
 * Whether `text` occurs in the name of a test of this file, or of a suite and a test of it.
 * At least half of `text` must be literal in the source, so that `${…}` does not match anything.
 */
export function namesTest(file: string, text: string): boolean {
  return sourcesOf(file).some((source) => fullNames(source).some((parts) => literalMatch(parts, text) * 2 >= text.length));
}

/** The file, and the shared tests that it imports. */
function sourcesOf(file: string): string[] {
  const source = readFileSync(file, "utf8");
  return [source, ...[...source.matchAll(SHARED)].map(([, path = ""]) => readFileSync(join(dirname(file), path), "utf8"))];
}

function fullNames(source: string): Part[][] {
  const suites: Part[][] = [];
  const tests: Part[][] = [];
  for (const [, kind, literal = ""] of source.matchAll(CALL)) (kind === "test" ? tests : suites).push(partsOf(literal));
  return [...tests, ...suites.flatMap((suite) => tests.map((test) => [...suite, " ", ...test]))];
}

function partsOf(literal: string): Part[] {
  if (literal.startsWith('"')) return [JSON.parse(literal) as string];
  return literal
    .slice(1, -1)
    .split(/(\$\{(?:[^{}]|\{[^{}]*\})*\})/)
    .map((part) => (part.startsWith("${") ? null : part));
}

/** The greatest number of characters of `text` that are literal in a name that contains it; -1 if no name does. */
function literalMatch(parts: Part[], text: string): number {
  const tokens = parts.flatMap((part): (string | null)[] => (part === null ? [null] : [...part]));
  // From the end: best[j] is the match of the rest of `text` from j on with the tokens from the current one on.
  let best: number[] = Array.from({ length: text.length + 1 }, (_, j) => (j === text.length ? 0 : -1));
  let found = -1;
  for (const token of tokens.toReversed()) {
    const behind = best;
    best = Array.from({ length: text.length + 1 }, (_, j) => (j === text.length ? 0 : -1));
    for (let j = text.length - 1; j >= 0; j--) {
      if (token === null) best[j] = Math.max(behind[j] as number, best[j + 1] as number);
      else if (token === text[j] && (behind[j + 1] as number) >= 0) best[j] = (behind[j + 1] as number) + 1;
    }
    found = Math.max(found, best[0] as number);
  }
  return found;
}
