import { existsSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../config.ts";
import { mintToken } from "../http/tokens.ts";
import { shopSecret } from "../http/secret.ts";
import { replay as bringIn } from "../../tools/replay/replay.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";

export const replay: CliCommand = {
  summary: "Bring real sales (UCI Online Retail) into a running shop",
  usage: ` FILE.csv[.gz] [--url URL] [--token TOKEN] [--batch NAME] [--concurrency N]

  --url URL          the shop; default http://127.0.0.1:$PORT
  --token TOKEN      an operator's; default: one minted with the secret in DATA_DIR or AUTH_JWT_SECRET
  --batch NAME       names these sales in the shop; default online-retail. The same invoice of the same batch is brought in once
  --concurrency N    requests at once, 1 to 256; default 16

Every article becomes a product, each of its prices a variant, every customer a user, every invoice an order with its own date, every
cancellation a refund. The whole file is checked before anything is done. It can be run again within a day, also with a corrected file: an invoice that
the shop has with other contents is left as it is and named. Ends with what the file says beside what the shop says, and with 1 where they differ. A day to try it with
is in data/online-retail/.`,
  options: { url: { type: "string" }, token: { type: "string" }, batch: { type: "string" }, concurrency: { type: "string" } },
  async run({ url, token, batch, concurrency = "16" }, [file, ...more]) {
    if (file === undefined || more.length > 0) throw new CommandFailed("Give one file: npx jangnal replay FILE.csv[.gz]");
    const atOnce = Number(concurrency);
    if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 256) throw new CommandFailed("--concurrency must be a whole number from 1 to 256.");
    const config = readConfig(process.env);
    const address = typeof url === "string" ? url : `http://127.0.0.1:${config.port}`;
    const { ok } = await bringIn({
      file,
      url: address,
      token: typeof token === "string" ? token : operatorToken(config),
      ...(typeof batch === "string" ? { batch } : {}),
      concurrency: atOnce,
      out: (line) => console.log(line),
    });
    return ok ? 0 : 1;
  },
};

function operatorToken(config: ReturnType<typeof readConfig>): string {
  if (config.auth.jwksUrl !== undefined) throw new CommandFailed("--token is needed: tokens come from the issuer of AUTH_JWKS_URL.");
  if (config.auth.secret === undefined && !existsSync(join(config.dataDir, "secret"))) {
    throw new CommandFailed(`--token is needed: there is no secret in ${config.dataDir}. Start the shop there first, or set DATA_DIR.`);
  }
  return mintToken(shopSecret(config), { id: "replay", role: "operator" }, 24, config.auth);
}
