import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { shopSecret } from "../http/secret.ts";
import { mintToken } from "../http/tokens.ts";
import { CommandFailed } from "./command-line.ts";

/** A token for a command that talks to the running shop as an operator. Errors: CommandFailed if the shop's secret is not here. */
export function operatorToken(config: Config, id: string): string {
  if (config.auth.jwksUrl !== undefined) throw new CommandFailed("--token is required: tokens come from the issuer of AUTH_JWKS_URL.");
  if (config.auth.secret === undefined && !existsSync(join(config.dataDir, "secret"))) {
    throw new CommandFailed(`--token is required: there is no secret in ${config.dataDir}. Start the shop there first, or set DATA_DIR.`);
  }
  return mintToken(shopSecret(config), { id, role: "operator" }, 24, config.auth);
}
