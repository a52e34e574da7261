// Takes each guard away in turn and says which test went red. None may survive:
// `npm run guards [-- --part 3/20] [-- --only <text>] [-- --lanes 2] [-- --write]`.
// `--write` puts what came of them into result.md, beside what stands there of the others: so the whole list can be gone through in parts.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { startEmbedded } from "../../../src/database/embedded/embedded.ts";
import { migrate } from "../../../src/database/migrate.ts";
import { type Mutation, remove } from "./mutation.ts";
import { MUTATIONS } from "./list.ts";
import { merged, type Tried } from "./table.ts";
import { tryTests } from "./trial.ts";

const ROOT = join(import.meta.dirname, "../../..");
const RESULT = join(import.meta.dirname, "result.md");
const THROWAWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };
const MIGRATED = "guards_migrated";

const { values } = parseArgs({
  options: {
    part: { type: "string", default: "1/1" },
    only: { type: "string", default: "" },
    lanes: { type: "string", default: String(availableParallelism()) },
    write: { type: "boolean", default: false },
  },
});
const [part, of] = values.part.split("/").map(Number) as [number, number];
if (!(part >= 1 && part <= of)) throw new Error(`--part ${values.part} is none: 1/20 is the first of twenty`);
const wanted = MUTATIONS.filter((_, i) => i % of === part - 1).filter(({ what, red, edits }) =>
  `${what} ${red.file} ${edits[0]?.file}`.includes(values.only),
);

const directory = mkdtempSync(join(tmpdir(), "jangnal-guards-"));
const server = await startEmbedded({ dataDir: join(directory, "server"), settings: THROWAWAY });
const copies: string[] = [];
try {
  const startedAt = performance.now();
  await makeMigrated();
  for (let lane = 0; lane < Number(values.lanes); lane++) copies.push(copyOfProject(`lane-${lane}`));
  const green = new Set<string>();
  await inLanes([...new Map(wanted.map(({ red }) => [nameOf(red), red])).values()], async (red, copy) => {
    const { passed, red: failed, broken } = await tryTests(copy, red, server.url("postgres"), MIGRATED);
    // What is red with every guard in place says nothing later.
    if (passed > 0 && failed === null && broken === null) green.add(nameOf(red));
    else console.log(`✖ with every guard in place: ${nameOf(red)}: ${failed ?? broken ?? "there is no such test"}`);
  });
  const tried: Tried[] = [];
  await inLanes(wanted, async (guard, copy) => {
    const result = await tryWithout(guard, copy, green);
    tried.push(result);
    console.log(`${result.verdict === "red" ? "✔" : "✖"} ${guard.what}: ${result.verdict === "red" ? result.test : result.verdict}`);
  });
  const bad = tried.filter(({ verdict }) => verdict !== "red");
  for (const { guard, verdict, test } of bad) console.log(`\n${guard.what}: ${verdict}${test === "" ? "" : ` (${test})`}`);
  console.log(
    `\n${tried.length} guards of ${MUTATIONS.length} taken away in ${Math.round((performance.now() - startedAt) / 1000)} s, ${bad.length} not missed.`,
  );
  if (values.write) writeFileSync(RESULT, merged(existsSync(RESULT) ? readFileSync(RESULT, "utf8") : "", tried, commit()));
  process.exitCode = bad.length === 0 ? 0 : 1;
} finally {
  for (const copy of copies) execFileSync("git", ["worktree", "remove", "--force", copy], { cwd: ROOT });
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** What guards that are not in the migrations are tried on. */
async function makeMigrated(): Promise<void> {
  const client = new pg.Client({ connectionString: server.url("postgres") });
  await client.connect();
  await client.query(`CREATE DATABASE ${MIGRATED}`);
  await client.end();
  await migrate(server.url(MIGRATED));
}

/** What was committed, and nothing else. */
function copyOfProject(name: string): string {
  const copy = join(directory, name);
  execFileSync("git", ["worktree", "add", "--quiet", "--detach", copy, "HEAD"], { cwd: ROOT });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function commit(): string {
  return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim();
}

/** One after the other in each copy of the project, in all copies at once. */
async function inLanes<T>(all: readonly T[], work: (one: T, copy: string) => Promise<void>): Promise<void> {
  const queue = [...all];
  await Promise.all(
    copies.map(async (copy) => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one, copy);
    }),
  );
}

async function tryWithout(guard: Mutation, copy: string, green: Set<string>): Promise<Tried> {
  if (!green.has(nameOf(guard.red))) return { guard, verdict: "not green with it", test: "" };
  const restore = remove(guard, copy);
  try {
    const inMigrations = guard.edits.some(({ file }) => file.startsWith("src/database/migrations/"));
    const { red, broken } = await tryTests(copy, guard.red, server.url("postgres"), inMigrations ? "" : MIGRATED);
    if (broken !== null) return { guard, verdict: "broken", test: broken };
    return red === null ? { guard, verdict: "survived", test: "" } : { guard, verdict: "red", test: red };
  } finally {
    restore();
  }
}

function nameOf({ file, tests }: Mutation["red"]): string {
  return `${file}: ${tests}`;
}
