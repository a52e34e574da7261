// `npx jangnal verify-draw`, as an entrant runs it: no database, no settings.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
type Draw = { header: Record<string, unknown>; entries: Record<string, unknown>[] };
const { draws } = JSON.parse(readFileSync(join(ROOT, "test/vectors/draw.json"), "utf8")) as { draws: Draw[] };
const { header, entries } = draws.find((draw) => draw.entries.length === 40) as Draw;
const FILE = [header, ...entries].map((line) => `${JSON.stringify(line)}\n`).join("");

const folder = mkdtempSync(join(tmpdir(), "verify-draw-"));
let server: Server;
let url: string;

before(async () => {
  server = createServer((request, response) => {
    if (request.url === `/api/drops/${String(header["dropId"])}/draw/file`) response.end(FILE);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** In an empty folder, with settings that no shop could start with. */
function verifyDraw(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { PATH: process.env["PATH"], HOME: folder, DATABASE_URL: "no database", AUTH_JWT_SECRET: "short" };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "bin/jangnal.mjs"), "verify-draw", ...args], { cwd: folder, env }, (error, out, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, error: stderr }),
    );
  });
}

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test("a draw that agrees ends with 0 and lists each check", async () => {
  const entry = String(entries[7]?.["entryId"]);
  const { code, out } = await verifyDraw(written("draw.ndjson", FILE), "--entry", entry.toUpperCase(), "--commitment", String(header["commitment"]));
  assert.equal(code, 0, out);
  for (const line of [
    /^ {7}drop 019|^ {7}drop [0-9a-f-]{36}$/m,
    /^ok {5}commitment [0-9a-f]{64} is the hash of the seed$/m,
    /^ok {5}40 entries$/m,
    /^ok {5}entriesRoot [0-9a-f]{64} is the root of these entries$/m,
    /^ok {5}40 ranks follow/m,
    new RegExp(`^ {7}entry ${entry}: number \\d+, .* rank \\d+ of 40`, "m"),
    /^The draw agrees with its public data\.$/m,
  ])
    assert.match(out, line);
});

test("a drop's address, its draw's and its file's are all read over HTTP", async () => {
  for (const path of ["", "/", "/draw", "/draw/file"]) {
    const { code, out, error } = await verifyDraw(`${url}/api/drops/${String(header["dropId"])}${path}`);
    assert.equal(code, 0, out + error);
  }
});

test("a file that was tampered with ends with 1 and names the difference", async () => {
  const { code, out } = await verifyDraw(written("tampered.ndjson", FILE.replace('"rank":1}', '"rank":41}')));
  assert.equal(code, 1);
  assert.match(out, /^FAILED rank 1 belongs to another entry$/m);
  assert.match(out, /^The draw does NOT agree with its public data\.$/m);
});

test("a source that cannot be read ends with 1 and one line", async () => {
  for (const [args, message] of [
    [[], /^Give one URL or file/],
    [["missing.ndjson"], /^missing\.ndjson cannot be read: ENOENT/],
    [[written("other.json", '{"id":1}\n')], /is not the file of a draw: line 1: "format" is missing or invalid$/],
    [[`${url}/elsewhere`], /answered with status 404$/],
    [["http://127.0.0.1:1/drops/x"], /cannot be read: /],
  ] as [string[], RegExp][]) {
    const { code, error, out } = await verifyDraw(...args);
    assert.equal(code, 1, out);
    assert.match(error.trimEnd(), message);
    assert.equal(error.trimEnd().split("\n").length, 1);
  }
});
