/**
 * Compiles the shop to JavaScript in dist, with the files that it reads. A package needs that because Node strips no types below node_modules;
 * a clone runs src directly. npm calls this before it packs.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");

rmSync(DIST, { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "--project", join(ROOT, "tsconfig.pack.json")], { stdio: "inherit" });
for (const file of globSync("src/**/*.{sql,json}", { cwd: ROOT })) cpSync(join(ROOT, file), join(DIST, file));
cpSync(join(ROOT, "web/dist"), join(DIST, "web/dist"), { recursive: true });
const { name, version, type } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, string>;
writeFileSync(
  join(DIST, "package.json"),
  JSON.stringify({ name, version, private: true, type, imports: { "#client": "./client/src/index.js" } }, null, 2),
);
