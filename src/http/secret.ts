// The shop's own secret, for tokens, where none is configured.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { ConfigError } from "../env.ts";

/** The configured secret, or the one kept in `DATA_DIR/secret` (mode 600), made at the first start. Errors: ConfigError. */
export function shopSecret({ auth, dataDir }: Pick<Config, "auth" | "dataDir">): string {
  if (auth.secret !== undefined) return auth.secret;
  const path = join(dataDir, "secret");
  try {
    mkdirSync(dataDir, { recursive: true });
    // Exclusive: of two processes that start at once one writes, and both read the same.
    writeFileSync(path, randomBytes(48).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw new ConfigError(`DATA_DIR ${dataDir} cannot be written: ${(error as Error).message}`);
  }
  const secret = readFileSync(path, "utf8").trim();
  if (Buffer.byteLength(secret) < 32) throw new ConfigError(`the secret in ${path} is shorter than 32 bytes; delete the file to have a new one made`);
  return secret;
}
