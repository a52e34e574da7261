// Tests the package that `npm pack` creates. It must run below node_modules, where Node does not strip types.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "jangnal-package-"));
const modules = join(folder, "node_modules");
const installed = join(modules, "jangnal");

// Unpacks the tarball like npm, and links the installed dependencies.
before(() => {
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root, encoding: "utf8" })) as [
    { filename: string },
  ];
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
  for (const name of readdirSync(join(root, "node_modules")))
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name));
});
after(() => rmSync(folder, { recursive: true, force: true }));

// Fails if bin/jangnal.mjs looks for src only, and without the migrations, the pages or the client in bin/pack.ts.
test("a shop installed as a package opens, serves its pages, and accepts an order", { timeout: 300_000 }, async () => {
  const names = readdirSync(installed, { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    names.filter((name) => name.endsWith(".ts")),
    [],
  );
  const shop = spawn(process.execPath, [join(installed, "bin/jangnal.mjs"), "serve"], {
    env: { PATH: process.env["PATH"], DATA_DIR: join(folder, "data"), PORT: "0", DEMO: "on", LOG_LEVEL: "error" },
    stdio: ["ignore", "inherit", "pipe"],
  });
  try {
    let url = "";
    for await (const line of createInterface(shop.stderr)) {
      url = /^Jangnal is open at (\S+)$/.exec(line)?.[1] ?? "";
      if (url !== "") break;
    }
    assert.notEqual(url, "", "the shop did not open");
    const page = await fetch(url, { headers: { accept: "text/html" } });
    assert.deepEqual([page.status, page.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
    const read = async (path: string, init?: RequestInit) => (await (await fetch(url + path, init)).json()) as Record<string, unknown[]>;
    const post = (body: unknown, token?: string): RequestInit => ({
      method: "POST",
      headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    });
    const { users } = (await read("/demo/users")) as { users: { id: string }[] };
    const { token } = (await read("/demo/sign-in", post({ userId: users[0]?.id }))) as unknown as { token: string };
    const { products } = (await read("/products?includeSoldOut=false&sort=price")) as { products: { id: string }[] };
    const order = await read("/orders", post({ orderItems: [{ productId: products[0]?.id, quantity: 1 }] }, token));
    assert.equal(order["status"], "COMPLETED");
  } finally {
    shop.kill("SIGTERM");
    await once(shop, "exit");
  }
});
