// docs/operating/asvs.md has each requirement of ASVS 5.0.0, level 1 and 2, once, and names tests that exist.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rowsOf } from "../support/markdown.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/operating/asvs.md"), "utf8");
const ROWS = rowsOf(PAGE, "Requirement", "Status");

/** By section: the number of requirements of level 1 and 2, which come before those of level 3. */
const SECTIONS = `
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1
4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2
7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2
10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5
14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2`;
const REQUIREMENTS = [...SECTIONS.matchAll(/(\S+):(\d+)/g)].flatMap(([, section, count]) =>
  Array.from({ length: Number(count) }, (_, i) => `V${section}.${i + 1}`),
);

test("the page has each requirement once, in order", () => {
  const covered = ROWS.flatMap(([cell = ""]) => {
    const [first = "", last = first] = cell.split("–");
    return REQUIREMENTS.slice(REQUIREMENTS.indexOf(first), REQUIREMENTS.indexOf(last) + 1);
  });
  assert.deepEqual(covered, REQUIREMENTS);
});

test("each row has a known status, and a reason", () => {
  for (const [cell, status = "", by] of ROWS) {
    assert.ok(["met", "partly", "not met", "operator", "n/a"].includes(status), `${cell} ${status}`);
    assert.ok(by, cell);
  }
});

test("each named test and page exists", () => {
  const named = [...PAGE.matchAll(/\b(?:test|src|docs)\/[\w/.-]+\.(?:ts|md)\b/g)].map(([path]) => path);
  assert.ok(named.length > 100);
  assert.deepEqual(
    named.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test("each named test is in its file, by its name", () => {
  const named = [...PAGE.matchAll(/`([\w/.-]+\.test\.ts)` “([^”]+)”/g)];
  assert.ok(named.length >= 50, `${named.length} are named`);
  assert.equal(named.length, [...PAGE.matchAll(/“/g)].length - 1, "each quoted name stands behind its file");
  const missing = named.filter(([, path = "", name = ""]) => {
    const titles = readFileSync(join(ROOT, path), "utf8").matchAll(/\b(?:test|browserTest|describe)\((["'`])(.*?)\1,/gs);
    return ![...titles].some(([, , title = ""]) => title.includes(name));
  });
  assert.deepEqual(
    missing.map(([text]) => text),
    [],
  );
});

test("each row that is met names a test, a command or a page", () => {
  const unproven = ROWS.filter(([, status, by = "", shown = ""]) => status === "met" && !/`[^`]+`/.test(shown) && !/docs\//.test(by));
  // The properties of Node and of the libraries: memory safety, and `node:crypto` itself.
  assert.deepEqual(
    unproven.map(([requirement]) => requirement),
    ["V1.4.1", "V11.2.1"],
  );
});

test("the inventory of keys names each setting that holds a secret", () => {
  const inventory = readFileSync(join(ROOT, "docs/operating/cryptography.md"), "utf8");
  const settings = rowsOf(readFileSync(join(ROOT, "docs/operating/settings.md"), "utf8"), "Variable", "Default").map(([name = ""]) => name);
  const secrets = settings.filter((name) => /SECRET|JWKS|PASSWORD|TOKEN/.test(name));
  assert.ok(secrets.length >= 4);
  assert.deepEqual(
    secrets.filter((name) => !inventory.includes(name)),
    [],
  );
});
