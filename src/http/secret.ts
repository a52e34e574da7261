// The shop's secret for tokens if none is configured.

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { makeDataDir } from "../database/data-dir.ts";
import { ConfigError } from "../env.ts";

/** The configured secret, or the one in `DATA_DIR/secret` (mode 600), which the first start creates. Errors: ConfigError. */
export function shopSecret({ auth, dataDir }: Pick<Config, "auth" | "dataDir">): string {
  if (auth.secret !== undefined) return auth.secret;
  const path = join(dataDir, "secret");
  makeDataDir(dataDir);
  try {
    // Exclusive: of two processes that start at once only one writes, and both read the same secret.
    writeFileSync(path, randomBytes(48).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw new ConfigError(`DATA_DIR ${dataDir} cannot be written: ${(error as Error).message}`);
  }
  const secret = readFileSync(path, "utf8").trim();
  if (Buffer.byteLength(secret) < 32) throw new ConfigError(`the secret in ${path} is shorter than 32 bytes; delete the file to create a new one`);
  return secret;
}
