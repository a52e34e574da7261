import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unusable } from "../data-dir.ts";

/** Another living process holds the DATA_DIR. Nothing in it was changed. */
export class DataDirInUse extends Error {}

const SQLITE_BUSY = 5;

/**
 * Holds `dataDir` for this process until `release`, or until the process ends in whatever way.
 *
 * Node has no flock. SQLite, which comes with it, holds its locks with the kernel's own (fcntl, LockFileEx): they die with
 * the process, so there is no stale lock to judge, no pid to mistake, and containers that share the directory see each other.
 * The transaction stays open and writes nothing; the file stays empty.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const lockFile = join(dataDir, "lock");
  const holderFile = join(dataDir, "lock.pid");
  let database: DatabaseSync | undefined;
  try {
    // SQLite would open a file that it can't write read-only, and lock nothing.
    accessSync(existsSync(lockFile) ? lockFile : dataDir, constants.W_OK);
    database = new DatabaseSync(lockFile, { timeout: 0 });
    // A journal on disk would be a change that the refused process makes.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    // Says who, to people; nobody decides by it.
    writeFileSync(holderFile, `${process.pid}\n`);
  } catch (error) {
    database?.close();
    if (isBusy(error)) throw inUse(dataDir, holderFile);
    throw unusable(dataDir, error);
  }
  const held = database;
  return {
    release() {
      if (!held.isOpen) return;
      rmSync(holderFile, { force: true });
      held.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

function inUse(dataDir: string, holderFile: string): DataDirInUse {
  let holder = "another process";
  try {
    holder = `process ${readFileSync(holderFile, "utf8").trim()}`;
  } catch {
    // It is between taking the lock and writing its name.
  }
  return new DataDirInUse(`DATA_DIR ${dataDir} is already in use by ${holder}; stop it or choose another DATA_DIR.`);
}
