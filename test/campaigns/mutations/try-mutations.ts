// Tries mutations, each in a git work tree of the committed state.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type EmbeddedServer, startEmbedded } from "../../../src/database/embedded/embedded.ts";
import { migrate } from "../../../src/database/migrate.ts";
import { apply, type Mutation } from "./mutation.ts";
import type { MutationResult } from "./table.ts";
import { tryTests } from "./trial.ts";

const ROOT = join(import.meta.dirname, "../../..");
const THROWAWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };
const MIGRATED = "mutations_migrated";

type Laboratory = { server: EmbeddedServer; workTrees: string[] };

/** Runs the tests of the mutations, first without and then with each mutation. Prints each result. */
export async function tryMutations(mutations: Mutation[], concurrency: number): Promise<{ results: MutationResult[]; commit: string }> {
  const directory = mkdtempSync(join(tmpdir(), "jangnal-mutations-"));
  const server = await startEmbedded({ dataDir: join(directory, "server"), settings: THROWAWAY });
  const workTrees: string[] = [];
  try {
    await createMigrated(server);
    for (let i = 0; i < concurrency; i++) workTrees.push(addWorkTree(join(directory, `tree-${i}`)));
    const laboratory = { server, workTrees };
    const passing = await findPassing(mutations, laboratory);
    const results: MutationResult[] = [];
    await forEach(mutations, workTrees, async (mutation, workTree) => {
      const result = await tryMutation(mutation, workTree, laboratory, passing);
      results.push(result);
      const { outcome, test } = result;
      console.log(`${outcome === "killed" ? "✔" : "✖"} ${mutation.what}: ${outcome === "killed" ? test : outcome}`);
    });
    return { results, commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim() };
  } finally {
    for (const workTree of workTrees) execFileSync("git", ["worktree", "remove", "--force", workTree], { cwd: ROOT });
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The tests that pass without a mutation. The others could not show anything. */
async function findPassing(mutations: Mutation[], { server, workTrees }: Laboratory): Promise<Set<string>> {
  const passing = new Set<string>();
  const tests = new Map(mutations.map(({ red }) => [nameOf(red), red]));
  await forEach([...tests.values()], workTrees, async (red, workTree) => {
    const { passed, red: failed, broken } = await tryTests(workTree, red, server.url("postgres"), MIGRATED);
    if (passed > 0 && failed === null && broken === null) passing.add(nameOf(red));
    else console.log(`✖ without a mutation: ${nameOf(red)}: ${failed ?? broken ?? "no test has this name"}`);
  });
  return passing;
}

async function tryMutation(mutation: Mutation, workTree: string, { server }: Laboratory, passing: Set<string>): Promise<MutationResult> {
  if (!passing.has(nameOf(mutation.red))) return { mutation, outcome: "tests fail without it", test: "" };
  const restore = apply(mutation, workTree);
  try {
    const changesMigrations = mutation.edits.some(({ file }) => file.startsWith("src/database/migrations/"));
    const { red, broken } = await tryTests(workTree, mutation.red, server.url("postgres"), changesMigrations ? "" : MIGRATED);
    if (broken !== null) return { mutation, outcome: "broken", test: broken };
    return red === null ? { mutation, outcome: "survived", test: "" } : { mutation, outcome: "killed", test: red };
  } finally {
    restore();
  }
}

async function createMigrated(server: EmbeddedServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url("postgres") });
  await client.connect();
  await client.query(`CREATE DATABASE ${MIGRATED}`);
  await client.end();
  await migrate(server.url(MIGRATED));
}

function addWorkTree(path: string): string {
  execFileSync("git", ["worktree", "add", "--quiet", "--detach", path, "HEAD"], { cwd: ROOT });
  symlinkSync(join(ROOT, "node_modules"), join(path, "node_modules"));
  return path;
}

/** Works on one item at a time in each work tree. */
async function forEach<T>(items: readonly T[], workTrees: string[], work: (item: T, workTree: string) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    workTrees.map(async (workTree) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, workTree);
    }),
  );
}

function nameOf({ file, tests }: Mutation["red"]): string {
  return `${file}: ${tests}`;
}
