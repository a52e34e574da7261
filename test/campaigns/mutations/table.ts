import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./list.ts";

/** A mutation should be killed, by a test that fails. `test` names it, or says why the tests could not run. */
export type MutationResult = { mutation: Mutation; outcome: "killed" | "survived" | "broken" | "tests fail without it"; test: string };

const HEAD = `| promise that was broken | in | killed by | commit |
| --- | --- | --- | --- |`;

/** Returns result.md with new rows for these results. Rows of mutations that left the list are dropped; all others stay. */
export function updateResult(text: string, results: MutationResult[], commit: string): string {
  const rows = new Map<string, string>();
  for (const line of text.slice(text.indexOf(HEAD) + HEAD.length).split("\n")) {
    const [what, file] = line.split(" | ");
    if (file !== undefined) rows.set(`${what} | ${file}`, line);
  }
  for (const { mutation, outcome, test } of results)
    rows.set(keyOf(mutation), `${keyOf(mutation)} | ${outcome === "killed" ? cell(test) : `**${outcome}**`} | ${commit} |`);
  const known = MUTATIONS.flatMap((mutation) => rows.get(keyOf(mutation)) ?? []);
  return `# Results of the mutations

\`npm run campaign -- mutations --write\` updates this table. Each row names the promise that the mutation
broke, the first test that failed, and the commit. If two lines make up for each other, the mutation breaks
both. ${known.length} of ${MUTATIONS.length} mutations were tried; ${known.filter((row) => row.includes(" | **")).length} were not killed.

${HEAD}
${known.join("\n")}
`;
}

function keyOf({ what, edits }: Mutation): string {
  return `| ${cell(what)} | ${[...new Set(edits.map(({ file }) => `\`${file}\``))].join(", ")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
