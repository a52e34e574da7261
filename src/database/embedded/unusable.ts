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

/** One sentence for whoever set DATA_DIR; `error` is what the file system, or PostgreSQL, said. */
export function unusable(dataDir: string, error: unknown): Error {
  return new Error(`DATA_DIR ${dataDir} cannot be used: ${reasonOf(error)}.`, { cause: error });
}

function reasonOf(error: unknown): string {
  if (typeof error === "string") return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
