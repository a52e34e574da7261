// Lists which test covers which branch of the documents, by reading the test files.
// `npm exec -- node test/documents/coverage.ts` updates the tables of README.md.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `shows` is the first message of a branch without a label; `later` names the feature that an untested branch waits for. */
export type Branch = {
  document: string;
  diagram: string;
  kind: "alt" | "else" | "opt" | "par" | "and" | "flow";
  label: string;
  shows?: string;
  later?: string;
};
export type CoveredBranch = Branch & { test: string | undefined };

const path = (name: string): string => join(import.meta.dirname, name);

/** All branches of the five documents, in the documents' order. Each diagram ends with its whole `flow`. */
export function readBranches(): Branch[] {
  return JSON.parse(readFileSync(path("branches.json"), "utf8")) as Branch[];
}

/** The part of a test's name before " → ": the branch as in the document. */
export function heading({ kind, label, shows }: Branch): string {
  return kind === "flow" ? "flow" : `${kind} ${label || `(${shows})`}`;
}

/** The tests in a document's file, in order, with their diagrams. */
export function readTests(document: string): { diagram: string; name: string }[] {
  const tests: { diagram: string; name: string }[] = [];
  let diagram = "";
  for (const line of readFileSync(path(`${document}.test.ts`), "utf8").split("\n")) {
    const suite = /^describe\("(.+?) · (.+)", \(\) => \{$/.exec(line);
    if (suite) diagram = suite[1] === document ? (suite[2] as string) : line;
    // A test with options, such as `skip`, does not match.
    const name = /^ {2}test\("(.+)", async \(\) => \{$/.exec(line)?.[1];
    if (name !== undefined) tests.push({ diagram, name });
  }
  return tests;
}

/** All branches with their tests. Repeated headings in a diagram are matched by their order. */
export function branchesWithTests(): CoveredBranch[] {
  const unused = new Map<string, { diagram: string; name: string }[]>();
  return readBranches().map((branch) => {
    const tests = unused.get(branch.document) ?? readTests(branch.document);
    unused.set(branch.document, tests);
    const at = tests.findIndex(({ diagram, name }) => diagram === branch.diagram && name.startsWith(`${heading(branch)} → `));
    return { ...branch, test: at < 0 ? undefined : tests.splice(at, 1)[0]?.name };
  });
}

/** The tables of README.md, one per document. */
export function tables(): string {
  const byDocument = Map.groupBy(branchesWithTests(), ({ document }) => document);
  return [...byDocument]
    .map(([document, branches]) =>
      [
        `## [${document}](./${document}.test.ts)`,
        "",
        "| diagram | branch | promise of the test |",
        "| --- | --- | --- |",
        ...branches.map(row),
        "",
      ].join("\n"),
    )
    .join("\n");
}

function row(branch: CoveredBranch, i: number, all: CoveredBranch[]): string {
  const diagram = all[i - 1]?.diagram === branch.diagram ? "" : branch.diagram;
  const promise = branch.test?.slice(heading(branch).length + " → ".length) ?? (branch.later ? `_comes with ${branch.later}_` : "**none**");
  return `| ${diagram} | ${branch.kind === "flow" ? "_whole flow_" : heading(branch)} | ${promise} |`;
}

const BEGIN = "<!-- tables -->";

/** The expected README.md: its text above the tables, followed by the generated tables. */
export function readme(): string {
  const [above] = readFileSync(path("README.md"), "utf8").split(BEGIN);
  return `${above}${BEGIN}\n\n${tables()}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(path("README.md"), readme());
