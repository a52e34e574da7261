// The running shop to which a command sends requests as an operator.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { shopSecret } from "../http/secret.ts";
import { mintToken } from "../http/tokens.ts";
import { CommandFailed } from "./command-line.ts";

export const SHOP_OPTIONS = { url: { type: "string" }, token: { type: "string" } } as const;

export type RunningShop = { url: string; token: string };

/**
 * The shop of the options, or else that of this machine.
 * @param id the operator of a token that is minted
 * Errors: CommandFailed if there is no token, and the shop's secret is not here.
 */
export function runningShop(config: Config, { url, token }: Record<string, string | boolean | undefined>, id: string): RunningShop {
  return {
    url: typeof url === "string" ? url : `http://127.0.0.1:${config.port}`,
    token: typeof token === "string" ? token : operatorToken(config, id),
  };
}

function operatorToken(config: Config, id: string): string {
  if (config.auth.jwksUrl !== undefined) throw new CommandFailed("--token is required: tokens come from the issuer of AUTH_JWKS_URL.");
  if (config.auth.secret === undefined && !existsSync(join(config.dataDir, "secret"))) {
    throw new CommandFailed(`--token is required: there is no secret in ${config.dataDir}. Start the shop there first, or set DATA_DIR.`);
  }
  return mintToken(shopSecret(config), { id, role: "operator" }, 24, config.auth);
}

/** The failure of a request that the shop has not answered. @param more a sentence about the way to go on */
export function notAnswered(url: string, error: unknown, more = ""): CommandFailed {
  const { cause, message } = error as Error;
  const reason = (cause as Error | undefined)?.message ?? message;
  return new CommandFailed(`The shop at ${url} does not answer: ${reason}${more === "" ? "" : `. ${more}`}`);
}
