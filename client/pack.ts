/** Packs the client as npm would publish it, and holds it against publint and against whoever imports it. The tarball is left in client/dist. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const CLIENT = import.meta.dirname;
const manifest = JSON.parse(readFileSync(join(CLIENT, "package.json"), "utf8")) as { version: string };
const { version } = JSON.parse(readFileSync(join(CLIENT, "../package.json"), "utf8")) as { version: string };
if (manifest.version !== version) fail(`client/package.json says ${manifest.version}, the shop is ${version}.`);

rmSync(join(CLIENT, "dist"), { recursive: true, force: true });
execFileSync(process.execPath, [createRequire(import.meta.url).resolve("typescript/bin/tsc"), "--project", join(CLIENT, "tsconfig.build.json")], {
  stdio: "inherit",
});
const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", join(CLIENT, "dist")], { cwd: CLIENT, encoding: "utf8" });
const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
const tarball = readFileSync(join(CLIENT, "dist", filename));
const { messages, pkg } = await publint({
  pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
  strict: true,
});
for (const message of messages) console.error(formatMessage(message, pkg));
if (messages.length > 0) fail("publint is not content.");

const { createShop } = (await import(join(CLIENT, "dist/index.js"))) as { createShop: (options: { url: string }) => Record<string, unknown> };
if (typeof createShop({ url: "http://127.0.0.1" })["placeOrder"] !== "function") fail("what is packed does not work.");
console.log(`${filename}: ${files.length} files, publint finds nothing.`);

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}
