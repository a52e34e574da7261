// A guard is a line that something depends on. Here is what one is made of, and how it is taken away.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** In this file, the one place in which `find` stands (the first behind `after`, where that is given) becomes `put`. */
export type Edit = { file: string; after?: string; find: string; put: string };

export type Mutation = {
  /** What nothing looks at any more without it. */
  what: string;
  /** Several where either alone is held by the other: only without both does anything go wrong. */
  edits: Edit[];
  /** A test file, and which of its tests are run, by a part of their names. One of them has to go red. */
  red: { file: string; tests: string };
};

/** The guard whose line is `find`, in place of which stands `put`. */
export function mutation(what: string, file: string, find: string, put: string, red: [file: string, tests: string]): Mutation {
  return { what, edits: [{ file, find, put }], red: { file: red[0], tests: red[1] } };
}

/** The text without its guard. Errors: the snippet is not there, or in more than one place, or nothing would change. */
export function without(text: string, { file, after, find, put }: Edit): string {
  const from = after === undefined ? 0 : onlyPlaceOf(after, text, file);
  const at = after === undefined ? onlyPlaceOf(find, text, file) : text.indexOf(find, from);
  if (at < 0) throw new Error(`${file} has no ${JSON.stringify(find)} behind ${JSON.stringify(after)}`);
  if (find === put) throw new Error(`nothing becomes of ${JSON.stringify(find)} in ${file}`);
  return text.slice(0, at) + put + text.slice(at + find.length);
}

function onlyPlaceOf(snippet: string, text: string, file: string): number {
  const parts = text.split(snippet).length - 1;
  if (parts !== 1) throw new Error(`${file} has ${JSON.stringify(snippet)} ${parts} times, and a guard is in one place`);
  return text.indexOf(snippet);
}

/** Takes a guard away in this copy of the project. Answers what brings it back. */
export function remove({ edits }: Mutation, root: string): () => void {
  const files = [...new Set(edits.map(({ file }) => join(root, file)))];
  const originals = files.map((file) => readFileSync(file, "utf8"));
  for (const edit of edits) {
    const file = join(root, edit.file);
    writeFileSync(file, without(readFileSync(file, "utf8"), edit));
  }
  return () => files.forEach((file, i) => writeFileSync(file, originals[i] as string));
}
