import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./list.ts";

/** Red is how it should be. */
export type Tried = { guard: Mutation; verdict: "red" | "survived" | "broken" | "not green with it"; test: string };

const HEAD = `| without | in | went red | tried at |
| --- | --- | --- | --- |`;

/** The table that `text` has, with these guards tried anew; what the list does not have any more is left out. */
export function merged(text: string, tried: Tried[], commit: string): string {
  const rows = new Map<string, string>();
  for (const line of text.slice(text.indexOf(HEAD) + HEAD.length).split("\n")) {
    const [without, where] = line.split(" | ");
    if (where !== undefined) rows.set(`${without} | ${where}`, line);
  }
  for (const { guard, verdict, test } of tried)
    rows.set(keyOf(guard), `${keyOf(guard)} | ${verdict === "red" ? cell(test) : `**${verdict}**`} | ${commit} |`);
  const known = MUTATIONS.flatMap((guard) => rows.get(keyOf(guard)) ?? []);
  return `# Guards that were taken away

Written by \`npm run guards -- --write\`. Each line says what was taken away, the first test that went red for it, and at which commit. Where two
guards hold each other, both were taken. Of ${MUTATIONS.length} guards ${known.length} were tried, and ${known.filter((row) => row.includes(" | **")).length} were not missed.

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
