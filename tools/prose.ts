/**
 * Checks the prose of comments, test names and documents against the writing guide in CONTRIBUTING.md.
 * `node tools/prose.ts [--lines]` counts two habits per 10,000 words in each group of files and fails above the limits.
 * A line that needs the word as it stands is excused by `prose-ok` on the same line.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname } from "node:path";

type Rule = { name: string; pattern: RegExp; limit: number; advice: string };
type Line = { at: number; text: string };

const RULES: Rule[] = [
  {
    name: "indefinite pronoun",
    pattern: /\b(?:whoever|whosoever|nobody|somebody|anybody|everybody|everyone)\b/gi,
    limit: 5,
    advice: "name the subject: the caller, the buyer, the relay",
  },
  {
    name: "what-clause",
    pattern: /\bwhat (?:is|was|has|had|the|a|an|it|they|this|only|can|never)\b/gi,
    limit: 12,
    advice: "name the thing instead of describing it",
  },
];

const GROUPS = ["src", "test", "web", "bench", "client", "tools", "docs", "README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md"];
const PROSE = /\.(ts|tsx|mjs|js|sql|md)$/;
/** Generated files, results of runs, Korean prose, and a table of test names, which are counted in the test files. */
const EXCLUDED = /generated|\/dist\/|results\/|\.ko\.md$|^test\/documents\/README\.md$/;

const showAll = process.argv.includes("--lines");
const failed = GROUPS.filter((group) => !check(group));
if (failed.length > 0) {
  console.error(`Too many in: ${failed.join(", ")}. CONTRIBUTING.md, "Writing", says how to write instead.`);
  process.exitCode = 1;
}

function check(group: string): boolean {
  const files = execFileSync("git", ["ls-files", ...group.split(" ")], { encoding: "utf8" }).split("\n");
  const found: { rule: Rule; where: string; text: string }[] = [];
  let words = 0;
  for (const file of files.filter((name) => PROSE.test(name) && !EXCLUDED.test(name))) {
    for (const { at, text } of proseOf(file, readFileSync(file, "utf8"))) {
      words += text.match(/[A-Za-z']+/g)?.length ?? 0;
      if (text.includes("prose-ok")) continue;
      for (const rule of RULES) {
        for (const _ of text.match(rule.pattern) ?? []) found.push({ rule, where: `${file}:${at}`, text: text.trim() });
      }
    }
  }
  const rates = RULES.map((rule) => ({ rule, rate: (found.filter((one) => one.rule === rule).length * 10_000) / Math.max(words, 1) }));
  console.log(
    `${group}: ${words} words, per 10,000: ${rates.map(({ rule, rate }) => `${rule.name} ${rate.toFixed(1)} (at most ${rule.limit})`).join(", ")}`,
  );
  const above = rates.filter(({ rule, rate }) => rate > rule.limit).map(({ rule }) => rule);
  for (const { rule, where, text } of found) {
    if (showAll || above.includes(rule)) console.log(`  ${where}: ${rule.name} (${rule.advice}): ${text}`);
  }
  return above.length === 0;
}

/** The comments and test names of a source file, or the lines of a document outside of code blocks. */
function* proseOf(file: string, text: string): Generator<Line> {
  const lines = text.split("\n").map((line, i) => ({ at: i + 1, text: line }));
  if (extname(file) === ".md") {
    let inCode = false;
    for (const line of lines) {
      if (line.text.startsWith("```")) inCode = !inCode;
      else if (!inCode) yield line;
    }
    return;
  }
  let inBlock = false;
  for (const { at, text: line } of lines) {
    if (inBlock || /^\s*\/\*/.test(line)) {
      inBlock = !line.includes("*/");
      yield { at, text: line.replace(/^\s*\/?\*+\/?|\*\/.*$/g, "") };
      continue;
    }
    const comment = extname(file) === ".sql" ? /--(.*)/.exec(line) : /(?:^|[\s;{(,])\/\/(.*)/.exec(line);
    const testName = /^\s*(?:test|it|describe)\((["'`])(.*?)\1/.exec(line);
    const prose = comment?.[1] ?? testName?.[2];
    if (prose !== undefined) yield { at, text: prose };
  }
}
