// Takes each guard away in turn and says which test went red. None may survive: `npm run guards [-- --only <text>] [-- --write]`.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbedded } from "../../src/database/embedded.ts";
import { type Guard, remove } from "./guard.ts";
import { GUARDS } from "./list.ts";
import { tableOf, type Tried } from "./table.ts";
import { tryTests } from "./trial.ts";

const ROOT = join(import.meta.dirname, "../..");
const THROWAWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };

const { values } = parseArgs({ options: { only: { type: "string" }, write: { type: "boolean" }, lanes: { type: "string" } } });
const wanted = GUARDS.filter(({ what, red, edits }) => `${what} ${red.file} ${edits[0]?.file}`.includes(values.only ?? ""));
const lanes = Number(values.lanes ?? availableParallelism());

const directory = mkdtempSync(join(tmpdir(), "jangnal-guards-"));
const server = await startEmbedded({ dataDir: join(directory, "server"), settings: THROWAWAY });
const copies: string[] = [];
try {
  for (let lane = 0; lane < lanes; lane++) copies.push(copyOfProject(`lane-${lane}`));
  const startedAt = performance.now();
  const green = await whatIsGreen(copies[0] as string);
  const queue = [...wanted];
  const tried: Tried[] = [];
  await Promise.all(
    copies.map(async (copy) => {
      for (let guard = queue.shift(); guard; guard = queue.shift()) {
        const result = await tryWithout(guard, copy, green);
        tried.push(result);
        console.log(`${result.verdict === "red" ? "✔" : "✖"} ${guard.what}: ${result.verdict === "red" ? result.test : result.verdict}`);
      }
    }),
  );
  tried.sort((a, b) => wanted.indexOf(a.guard) - wanted.indexOf(b.guard));
  const bad = tried.filter(({ verdict }) => verdict !== "red");
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  for (const { guard, verdict, test } of bad) console.log(`\n${guard.what}: ${verdict}${test === "" ? "" : ` (${test})`}`);
  console.log(`\n${tried.length} guards taken away in ${seconds} s, ${bad.length} not missed.`);
  if (values.write) writeFileSync(join(import.meta.dirname, "result.md"), tableOf(tried, commit(), seconds));
  process.exitCode = bad.length === 0 ? 0 : 1;
} finally {
  for (const copy of copies) execFileSync("git", ["worktree", "remove", "--force", copy], { cwd: ROOT });
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
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

/** The same tests with every guard in place: what is red then says nothing later. */
async function whatIsGreen(copy: string): Promise<Set<string>> {
  const green = new Set<string>();
  for (const red of new Map(wanted.map(({ red }) => [nameOf(red), red])).values()) {
    const { passed, red: failed, broken } = await tryTests(copy, red.file, red.tests, server.url("postgres"));
    if (passed > 0 && failed === null && broken === null) green.add(nameOf(red));
    else console.log(`✖ with every guard in place: ${nameOf(red)}: ${failed ?? broken ?? "there is no such test"}`);
  }
  return green;
}

async function tryWithout(guard: Guard, copy: string, green: Set<string>): Promise<Tried> {
  if (!green.has(nameOf(guard.red))) return { guard, verdict: "not green with it", test: "" };
  const restore = remove(guard, copy);
  try {
    const { red, broken } = await tryTests(copy, guard.red.file, guard.red.tests, server.url("postgres"));
    if (broken !== null) return { guard, verdict: "broken", test: broken };
    return red === null ? { guard, verdict: "survived", test: "" } : { guard, verdict: "red", test: red };
  } finally {
    restore();
  }
}

function nameOf({ file, tests }: Guard["red"]): string {
  return `${file}: ${tests}`;
}
