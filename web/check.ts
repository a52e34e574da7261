/**
 * Checks that the committed `web/dist` matches the sources: builds the pages into a temporary folder and compares. Lists the files that
 * differ and exits with 1. Compressed files are compared by their content, because versions of zlib write different bytes.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

const fresh = mkdtempSync(join(tmpdir(), "jangnal-web-"));
try {
  const vite = join(import.meta.dirname, "../node_modules/vite/bin/vite.js");
  execFileSync(process.execPath, [vite, "build", "--config", join(import.meta.dirname, "vite.config.ts")], {
    env: { ...process.env, WEB_OUT: fresh },
    stdio: "inherit",
  });
  const [built, committed] = [filesIn(fresh), filesIn(join(import.meta.dirname, "dist"))];
  const differing = [...new Set([...built.keys(), ...committed.keys()])].filter(
    (name) => !built.get(name)?.equals(committed.get(name) ?? Buffer.of()),
  );
  for (const name of differing) console.error(`web/dist/${name} does not match the sources.`);
  if (differing.length > 0) console.error("Run `npm run web` to build it again.");
  process.exitCode = differing.length > 0 ? 1 : 0;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function filesIn(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));
  return new Map(names.sort().map((name) => [name.replaceAll("\\", "/"), contentOf(join(folder, name))]));
}

function contentOf(path: string): Buffer {
  const bytes = readFileSync(path);
  return path.endsWith(".br") ? brotliDecompressSync(bytes) : path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}
