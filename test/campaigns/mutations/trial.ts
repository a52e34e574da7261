import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Mutation } from "./mutation.ts";

/** How many tests passed, the first that failed, and why the tests could not run. */
export type Trial = { passed: number; red: string | null; broken: string | null };

/**
 * Runs tests of the work tree at `root` in a child process, until one fails.
 * @param migrated name of a migrated template database, or "" to migrate an empty one
 */
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
