// Settings in `.env` in the working directory.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createVerifier } from "fast-jwt";

const JANGNAL = fileURLToPath(new URL("../../bin/jangnal.mjs", import.meta.url));
const SECRET = "a secret in the file, 32 bytes or longer";
const folder = mkdtempSync(join(tmpdir(), "jangnal-dotenv-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function folderWith(dotenv: string | null): string {
  const cwd = mkdtempSync(join(folder, "x"));
  if (dotenv !== null) writeFileSync(join(cwd, ".env"), dotenv);
  return cwd;
}

function mint(cwd: string, env: Record<string, string> = {}): { status: number | null; token: string; errors: string } {
  const user = "0193a000-0000-7000-8000-000000000001";
  const { status, stdout, stderr } = spawnSync(process.execPath, [JANGNAL, "token", "--user", user, "--role", "shopper"], {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return { status, token: stdout.trim(), errors: stderr };
}

const isSignedWith = (token: string, key: string): boolean => {
  try {
    createVerifier({ key, algorithms: ["HS256"] })(token);
    return true;
  } catch {
    return false;
  }
};

test("a setting in .env counts, with quotes and comments as Node reads them", () => {
  const { token } = mint(folderWith(`# the shop\nAUTH_JWT_SECRET="${SECRET}" # signs tokens\n`));
  assert.ok(isSignedWith(token, SECRET));
});

test("the environment wins over .env", () => {
  const other = "another secret, in the environment, of 32 bytes";
  const { token } = mint(folderWith(`AUTH_JWT_SECRET=${SECRET}\n`), { AUTH_JWT_SECRET: other });
  assert.ok(isSignedWith(token, other));
});

test("a wrong setting in .env stops the start with one line that names it, and a misspelt one is warned of", () => {
  const wrong = mint(folderWith("AUTH_JWT_SECRET=short\n"));
  assert.equal(wrong.status, 1);
  assert.match(wrong.errors, /^AUTH_JWT_SECRET must be at least 32 bytes long\n$/);
  assert.match(mint(folderWith(`AUTH_JWT_SECRETS=x\nAUTH_JWT_SECRET=${SECRET}\n`)).errors, /AUTH_JWT_SECRETS is not a setting/);
});

test("a .env that cannot be read stops the start, and a missing one does not", () => {
  const cwd = folderWith(null);
  assert.equal(mint(cwd, { AUTH_JWT_SECRET: SECRET }).status, 0);
  mkdirSync(join(cwd, ".env"));
  const { status, errors } = mint(cwd, { AUTH_JWT_SECRET: SECRET });
  assert.equal(status, 1);
  assert.match(errors, /^\.env cannot be read: .*\n$/);
});
