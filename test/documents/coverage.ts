// Which branch of the documents is held by which test. Read from the test files' own text, so that nobody keeps a second list.
// `npm exec -- node test/documents/coverage.ts` writes the tables of README.md anew.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `shows` is the first message of a branch that the document leaves without a label; `later` is what an untested branch comes with. */
export type Branch = {
  document: string;
  diagram: string;
  kind: "alt" | "else" | "opt" | "par" | "and" | "flow";
  label: string;
  shows?: string;
  later?: string;
};
export type Held = Branch & { test: string | undefined };

const path = (name: string): string => join(import.meta.dirname, name);

/** Every branch of the five documents in their order; each diagram ends with its whole `flow`. */
export function readBranches(): Branch[] {
  return JSON.parse(readFileSync(path("branches.json"), "utf8")) as Branch[];
}

/** What the branch's test has to be named with: in front of " → " and what is promised. */
export function heading({ kind, label, shows }: Branch): string {
  return kind === "flow" ? "flow" : `${kind} ${label || `(${shows})`}`;
}

/** The tests of a document's file in their order, each under its diagram. */
export function readTests(document: string): { diagram: string; name: string }[] {
  const tests: { diagram: string; name: string }[] = [];
  let diagram = "";
  for (const line of readFileSync(path(`${document}.test.ts`), "utf8").split("\n")) {
    const suite = /^describe\("(.+?) · (.+)", \(\) => \{$/.exec(line);
    if (suite) diagram = suite[1] === document ? (suite[2] as string) : line;
    // Nothing between the name and the work: a test that is skipped does not count.
    const name = /^ {2}test\("(.+)", async \(\) => \{$/.exec(line)?.[1];
    if (name !== undefined) tests.push({ diagram, name });
  }
  return tests;
}

/** Every branch with its test. The same heading twice in a diagram is told apart by its place. */
export function branchesWithTests(): Held[] {
  const unused = new Map<string, { diagram: string; name: string }[]>();
  return readBranches().map((branch) => {
    const tests = unused.get(branch.document) ?? readTests(branch.document);
    unused.set(branch.document, tests);
    const at = tests.findIndex(({ diagram, name }) => diagram === branch.diagram && name.startsWith(`${heading(branch)} → `));
    return { ...branch, test: at < 0 ? undefined : tests.splice(at, 1)[0]?.name };
  });
}

/** README.md's tables, one per document. */
export function tables(): string {
  const byDocument = Map.groupBy(branchesWithTests(), ({ document }) => document);
  return [...byDocument]
    .map(([document, branches]) =>
      [
        `## [${document}](./${document}.test.ts)`,
        "",
        "| diagram | branch | what the test promises |",
        "| --- | --- | --- |",
        ...branches.map(row),
        "",
      ].join("\n"),
    )
    .join("\n");
}

function row(branch: Held, i: number, all: Held[]): string {
  const diagram = all[i - 1]?.diagram === branch.diagram ? "" : branch.diagram;
  const promise = branch.test?.slice(heading(branch).length + " → ".length) ?? (branch.later ? `_comes with ${branch.later}_` : "**none**");
  return `| ${diagram} | ${branch.kind === "flow" ? "_whole flow_" : heading(branch)} | ${promise} |`;
}

const BEGIN = "<!-- tables -->";

/** README.md as it should be: what stands above the tables is written by hand. */
export function readme(): string {
  const [above] = readFileSync(path("README.md"), "utf8").split(BEGIN);
  return `${above}${BEGIN}\n\n${tables()}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(path("README.md"), readme());
