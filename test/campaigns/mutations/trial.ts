import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Mutation } from "./mutation.ts";

/** What became of the tests that were run: how many passed, the first that did not, and why none could be run. */
export type Trial = { passed: number; red: string | null; broken: string | null };

/** Runs tests of a copy of the project, in a process of their own, until one of them goes red. @param migrated a database to begin with, or "" */
export async function tryTests(root: string, { file, tests }: Mutation["red"], serverUrl: string, migrated: string): Promise<Trial> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ["test/campaigns/mutations/in-copy.ts", file, tests, serverUrl, migrated], {
      cwd: root,
      env,
    });
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) as string) as Trial;
  } catch (error) {
    return { passed: 0, red: null, broken: String(error) };
  }
}
