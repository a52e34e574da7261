// A mutation breaks a line of the source on purpose; a test must then fail.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Replaces `find` by `put` in this file. `find` must occur once; with `after`, its first occurrence after that text counts. */
export type Edit = { file: string; after?: string; find: string; put: string };

export type Mutation = {
  /** The promise that the mutation breaks, as a sentence. */
  what: string;
  /** Several edits if either line alone makes up for the other. */
  edits: Edit[];
  /** A test file and a part of the names of the tests to run. One of them has to fail. */
  red: { file: string; tests: string };
};

/** A mutation with a single edit. */
export function mutation(what: string, file: string, find: string, put: string, red: [file: string, tests: string]): Mutation {
  return { what, edits: [{ file, find, put }], red: { file: red[0], tests: red[1] } };
}

/** Returns the text with the edit applied. Errors: `find` is missing or ambiguous, or the edit changes nothing. */
export function mutate(text: string, { file, after, find, put }: Edit): string {
  const from = after === undefined ? 0 : onlyIndexOf(after, text, file);
  const at = after === undefined ? onlyIndexOf(find, text, file) : text.indexOf(find, from);
  if (at < 0) throw new Error(`${file} has no ${JSON.stringify(find)} after ${JSON.stringify(after)}`);
  if (find === put) throw new Error(`the edit of ${JSON.stringify(find)} in ${file} changes nothing`);
  return text.slice(0, at) + put + text.slice(at + find.length);
}

function onlyIndexOf(snippet: string, text: string, file: string): number {
  const count = text.split(snippet).length - 1;
  if (count !== 1) throw new Error(`${file} has ${JSON.stringify(snippet)} ${count} times; it must occur once`);
  return text.indexOf(snippet);
}

/** Applies a mutation to the work tree at `root`. Returns a function that restores the files. */
export function apply({ edits }: Mutation, root: string): () => void {
  const files = [...new Set(edits.map(({ file }) => join(root, file)))];
  const originals = files.map((file) => readFileSync(file, "utf8"));
  for (const edit of edits) {
    const file = join(root, edit.file);
    writeFileSync(file, mutate(readFileSync(file, "utf8"), edit));
  }
  return () => files.forEach((file, i) => writeFileSync(file, originals[i] as string));
}
