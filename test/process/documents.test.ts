// Checks that links and paths in the documents lead somewhere, that the documents named by the source exist, that the tables of jobs and commands are
// complete, and that the version has a changelog entry.

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { shopJobs, type ShopJobsOptions } from "../../src/app/shop-jobs.ts";
import { anchorsOf, linksOf, rowsOf } from "../support/markdown.ts";
import { jangnal } from "../support/process.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDERS = ["docs", "src", "test", "bench", "client", "data", "tools", "web", ".github"];
const IGNORED = /node_modules|\/dist\//;
const DOCUMENTS = filesOf("md").concat(globSync("*.md", { cwd: ROOT }));
/** Dated results name files and commands of their day. */
const DATED = /^docs\/results\/\d/;
const HISTORY = new Set(["CHANGELOG.md"]);

describe("the documents", () => {
  test("there are some", () => assert.ok(DOCUMENTS.length > 30 && DOCUMENTS.includes("README.md")));

  for (const document of DOCUMENTS) {
    const page = read(document);

    test(`each relative link of ${document} leads to a file and a heading`, () => {
      const broken = linksOf(page).filter((link) => !/^[a-z]+:/.test(link) && !link.startsWith("/") && !leadsSomewhere(document, link));
      assert.deepEqual(broken, []);
    });

    if (DATED.test(document) || HISTORY.has(document)) continue;
    test(`each file that ${document} names exists`, () => {
      const named = [...page.matchAll(/`((?:src|test|docs|bench|client|tools|web|bin|data)\/[\w./*-]+)`/g)].map(([, path = ""]) => path);
      assert.deepEqual(
        named.filter((path) => (path.includes("*") ? globSync(path, { cwd: ROOT }).length === 0 : !existsSync(join(ROOT, path)))),
        [],
      );
    });
  }
});

test("the changelog has an entry for the version of both packages", () => {
  const versions = ["package.json", "client/package.json"].map((file): string => JSON.parse(read(file)).version);
  assert.equal(versions[0], versions[1]);
  assert.match(read("CHANGELOG.md"), new RegExp(`^## \\[${versions[0]?.replaceAll(".", "\\.")}\\] - \\d{4}-\\d\\d-\\d\\d$`, "m"));
});

test("the operating page lists each job", () => {
  const listed = rowsOf(read("docs/operating/README.md"), "Job").map(([name]) => name);
  assert.deepEqual(
    listed,
    shopJobs({} as ShopJobsOptions).map(({ name }) => `\`${name}\``),
  );
});

test("the operating page lists each command", async () => {
  const { output } = await jangnal(["--help"], {});
  const commands = [...output.matchAll(/^  ([a-z-]+) /gm)].map(([, name]) => name);
  assert.ok(commands.length > 10);
  const listed = rowsOf(read("docs/operating/README.md"), "Command").map(([name]) => /^`npx jangnal ([a-z-]+)/.exec(name ?? "")?.[1]);
  assert.deepEqual(listed.toSorted(), commands.toSorted());
});

test("each document that the source names exists", () => {
  const missing = ["ts", "tsx", "mjs", "sql"].flatMap((ending) =>
    filesOf(ending).flatMap((file) =>
      [...read(file).matchAll(/\bdocs\/[\w./-]*\w/g)]
        .map(([path]) => path)
        .filter((path) => /^docs\/(?:[\w-]+\/)*(?:[\w-]+\.md|\d{4})$/.test(path) && globSync(`${path}*`, { cwd: ROOT }).length === 0)
        .map((path) => `${file}: ${path}`),
    ),
  );
  assert.deepEqual(missing, []);
});

function filesOf(ending: string): string[] {
  return globSync(
    FOLDERS.map((folder) => `${folder}/**/*.${ending}`),
    { cwd: ROOT },
  ).filter((path) => !IGNORED.test(`/${path}`));
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? document : relative(ROOT, join(ROOT, dirname(document), decodeURIComponent(path)));
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || !target.endsWith(".md") || anchorsOf(read(target)).has(decodeURIComponent(anchor));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
