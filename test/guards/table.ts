import type { Guard } from "./guard.ts";

/** Red is how it should be. */
export type Tried = { guard: Guard; verdict: "red" | "survived" | "broken" | "not green with it"; test: string };

/** The last result, to be read. */
export function tableOf(tried: Tried[], commit: string, seconds: number): string {
  const survived = tried.filter(({ verdict }) => verdict !== "red").length;
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  return `# Guards that were taken away

Written by \`npm run guards -- --write\`, at ${commit}: ${tried.length} guards, ${survived} survived, ${seconds} s. Each line says what was taken away, and
the first test that went red for it. Where two hold each other, both were.

| without | in | went red |
| --- | --- | --- |
${tried.map(({ guard, verdict, test }) => `| ${cell(guard.what)} | ${guard.edits.map(({ file }) => `\`${file}\``).join(", ")} | ${verdict === "red" ? cell(test) : `**${verdict}**`} |`).join("\n")}
`;
}
