import { readConfig } from "../config.ts";
import { replay as importSales } from "../../tools/replay/replay.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { runningShop, SHOP_OPTIONS } from "./running-shop.ts";

export const replay: CliCommand = {
  summary: "Import real sales (UCI Online Retail) into a running shop",
  usage: ` FILE.csv[.gz] [--url URL] [--token TOKEN] [--batch NAME] [--concurrency N]

  --url URL          the shop; default http://127.0.0.1:$PORT
  --token TOKEN      an operator's token; default: minted with AUTH_JWT_SECRET or the secret in DATA_DIR
  --batch NAME       names these sales; default online-retail. An invoice is imported once per batch
  --concurrency N    concurrent requests, 1 to 256; default 16

Every stock code becomes a product, each of its prices a variant, every customer a user, every invoice an order with its own date, every
cancellation a refund. The whole file is checked first. It can be run again within a day, also with a corrected file: an invoice that the
shop has with other contents is not changed, but reported. At the end it compares the totals of the file and of the shop, and exits with 1 if
they differ. data/online-retail/ has one day of sales to try it with.`,
  options: { ...SHOP_OPTIONS, batch: { type: "string" }, concurrency: { type: "string" } },
  async run({ batch, concurrency = "16", ...options }, [file, ...more]) {
    if (file === undefined || more.length > 0) throw new CommandFailed("Give one file: npx jangnal replay FILE.csv[.gz]");
    const limit = Number(concurrency);
    if (!Number.isInteger(limit) || limit < 1 || limit > 256) throw new CommandFailed("--concurrency must be a whole number from 1 to 256.");
    const { ok } = await importSales({
      file,
      ...runningShop(readConfig(process.env), options, "replay"),
      ...(typeof batch === "string" ? { batch } : {}),
      concurrency: limit,
      out: (line) => console.log(line),
    });
    return ok ? 0 : 1;
  },
};
