import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unusable } from "../data-dir.ts";

/** Another running process uses the DATA_DIR. Nothing in it was changed. */
export class DataDirInUse extends Error {}

const SQLITE_BUSY = 5;

/**
 * Locks `dataDir` for this process until `release` or until the process ends, however it ends.
 * Errors: DataDirInUse; `unusable`.
 *
 * Node has no flock, but it includes SQLite, which uses the kernel's locks (fcntl, LockFileEx).
 * They end with the process, so there are no stale locks and no reused pids, and containers that
 * share the directory see each other's locks. The transaction stays open and writes nothing; the
 * file stays empty.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const lockFile = join(dataDir, "lock");
  const holderFile = join(dataDir, "lock.pid");
  let database: DatabaseSync | undefined;
  try {
    // SQLite opens a file that is not writable as read-only, and locks nothing.
    accessSync(existsSync(lockFile) ? lockFile : dataDir, constants.W_OK);
    database = new DatabaseSync(lockFile, { timeout: 0 });
    // A journal on disk would be a change by the rejected process.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    // Only for messages to people; no code depends on it.
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
    // The holder has taken the lock and has not written its pid yet.
  }
  return new DataDirInUse(`DATA_DIR ${dataDir} is already in use by ${holder}; stop it or choose another DATA_DIR.`);
}
