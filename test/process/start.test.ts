// Output at the start: warnings and the greeting go to stderr, JSON log lines to stdout.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { misspeltSettings } from "../../src/cli/misspelt-settings.ts";
import { freshDatabase } from "../support/database.ts";
import { jangnal, VERSION_UNDER_TEST } from "../support/process.ts";
import { call, good } from "../support/shop.ts";

const folder = mkdtempSync(join(tmpdir(), "jangnal-start-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const pathOf = (name: string): string => join(folder, name);

describe("a probably misspelt setting", () => {
  test("a misspelt setting is reported with the setting that it is one or two letters from", () => {
    for (const [name, setting] of [
      ["DATABSE_URL", "DATABASE_URL"],
      ["DATABASE_URI", "DATABASE_URL"],
      ["DATABASEURL", "DATABASE_URL"],
      ["DATABASE_ULR", "DATABASE_URL"],
      ["database_url", "DATABASE_URL"],
      ["PAYMENT_GATEWAY_SECERT", "PAYMENT_GATEWAY_SECRET"],
      ["RATELIMIT", "RATE_LIMIT"],
      ["TRUST_PROXI", "TRUST_PROXY"],
      ["AUTH_AUDIENCES", "AUTH_AUDIENCE"],
      ["SHOP_TIME_ZONE", "SHOP_TIMEZONE"],
      ["BALANCE_FOUNDING", "BALANCE_FUNDING"],
    ] as const)
      assert.deepEqual(misspeltSettings({ [name]: "x" }), [`${name} is not a setting; did you mean ${setting}?`]);
  });

  test("a setting, a short name, an unrelated name and another program's variable are not reported", () => {
    const env = { DATABASE_URL: "x", DATABASE_READ_URL: "x", PORT: "1", PROT: "1", POST: "1", HOME: "/", PATH: "/", NODE_ENV: "production" };
    assert.deepEqual(misspeltSettings({ ...env, HOSTNAME: "h", PGHOST: "h", PGPORT: "1", LOGNAME: "me", npm_command: "x", DATABASE: "x" }), []);
  });

  test("every command warns of a misspelt setting on stderr, before the error about an invalid setting", async () => {
    const { code, output } = await jangnal(["audit"], { DATABSE_URL: "postgresql://x/y", DATA_DIR: pathOf("never"), CHARGE_MAX: "much" });
    assert.equal(code, 1);
    assert.deepEqual(
      output.split("\n").map((line) => line.split(" ")[0]),
      ["DATABSE_URL", "CHARGE_MAX", ""],
    );
  });
});

// Fails if the port is checked after the start of the database, which creates DATA_DIR.
test("a port in use prevents the start, with one line that says how to solve it, and no files are created", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  for (const options of [[], ["--workers", "2"]]) {
    const { code, output } = await jangnal(["serve", ...options], { DATA_DIR: pathOf("not made"), PORT: String(port) });
    assert.equal(code, 1);
    assert.equal(output, `PORT cannot be used: another process listens on 127.0.0.1:${port}; stop it, or set PORT to a free port\n`);
    assert.equal(existsSync(pathOf("not made")), false);
  }
  taken.close();
});

test("stdout has only JSON lines, and the greeting is on stderr", async () => {
  const database = await freshDatabase();
  const env = { PATH: process.env["PATH"] ?? "", DATABASE_URL: database.url, DATA_DIR: pathOf("lines"), PORT: "0", DEMO: "on", AUTH_ISSUER: "" };
  const child = spawn(process.execPath, [join(VERSION_UNDER_TEST, "bin/jangnal.mjs"), "serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) child[stream].on("data", (chunk: Buffer) => (output[stream] += chunk.toString("utf8")));
  try {
    while (!output.stderr.includes("\n\n", output.stderr.indexOf("curl") + 1)) await once(child.stderr, "data");
    const [, url = ""] = /Jangnal is open at (\S+)/.exec(output.stderr) ?? [];
    assert.match(output.stderr, /Cards are +not taken: set PAYMENT_GATEWAY_URL to take them/);
    assert.equal(good(await call(url, "GET", "/readyz"), 200).checks.cards, "none");
  } finally {
    child.kill("SIGTERM");
    await once(child, "close");
    await database.drop();
  }
  const lines = output.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string; cards?: string });
  assert.ok(lines.some(({ cards, msg }) => cards === "none" && /cards are not taken/.test(msg)));
});
