import { existsSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../config.ts";
import { mintToken } from "../http/tokens.ts";
import { shopSecret } from "../http/secret.ts";
import { UUID_PATTERN } from "../ids.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";

export const token: CliCommand = {
  summary: "Mint a token",
  usage: ` --user ID [--role shopper|operator] [--hours N]

  --user ID     a user's id, or any name for an operator
  --role ROLE   shopper (default) or operator
  --hours N     how long it is valid; default 24

Signs with AUTH_JWT_SECRET, or with the secret that the shop keeps in DATA_DIR.`,
  options: { user: { type: "string" }, role: { type: "string" }, hours: { type: "string" } },
  async run({ user, role = "shopper", hours = "24" }) {
    const config = readConfig(process.env);
    if (config.auth.jwksUrl !== undefined) throw new CommandFailed("Tokens come from the issuer of AUTH_JWKS_URL; the shop cannot mint any.");
    if (typeof user !== "string" || user === "") throw new CommandFailed("--user is missing.");
    if (role !== "shopper" && role !== "operator") throw new CommandFailed(`--role must be shopper or operator, not ${JSON.stringify(role)}.`);
    if (role === "shopper" && !new RegExp(UUID_PATTERN).test(user)) throw new CommandFailed("--user must be a user's id (a UUID) for a shopper.");
    if (!/^\d+(\.\d+)?$/.test(String(hours)) || Number(hours) <= 0) throw new CommandFailed("--hours must be a number above 0.");
    if (config.auth.secret === undefined && !existsSync(join(config.dataDir, "secret"))) {
      throw new CommandFailed(`There is no secret in ${config.dataDir} yet: start the shop there once, or set DATA_DIR or AUTH_JWT_SECRET.`);
    }
    console.log(mintToken(shopSecret(config), { id: user, role }, Number(hours), config.auth));
    return 0;
  },
};
