import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "it cannot be made",
  ENOTDIR: "it is not a directory",
  EEXIST: "it is not a directory",
  ENAMETOOLONG: "the path is too long",
};

/**
 * Creates DATA_DIR if it does not exist. Its mode lets other users pass through but not list it,
 * because PostgreSQL runs as another user when this process is root. Errors: `unusable`.
 */
export function makeDataDir(dataDir: string): void {
  try {
    makeFolder(resolve(dataDir));
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

/**
 * Not `mkdirSync` with `recursive`: it retries forever in a folder that allows no subfolders, as in
 * /proc.
 */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o711 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (existsSync(path) && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path));
    makeFolder(path);
  }
}

/**
 * Returns an error of one sentence for the operator.
 * @param error from the file system or PostgreSQL
 */
export function unusable(dataDir: string, error: unknown): Error {
  return new Error(`DATA_DIR ${dataDir} cannot be used: ${reasonOf(error)}.`, { cause: error });
}

function reasonOf(error: unknown): string {
  if (typeof error === "string") return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
