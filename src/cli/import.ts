import { readConfig } from "../config.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { openProductFile, type ProductFile, type ProductLine } from "./import-file.ts";
import { notAnswered, runningShop, SHOP_OPTIONS } from "./running-shop.ts";
import { type LineResult, sendProducts } from "./send-products.ts";

export const importProducts: CliCommand = {
  summary: "Import products from Shopify's CSV, or NDJSON, into a running shop",
  usage: ` FILE.csv|FILE.ndjson [--dry-run] [--url URL] [--token TOKEN]

  --dry-run      prints what would change, and changes nothing
  --url URL      the shop; default http://127.0.0.1:$PORT
  --token TOKEN  an operator's token; default: minted with AUTH_JWT_SECRET or the secret in DATA_DIR

CSV is Shopify's product export: the handle becomes the external id, vendor and type become metadata, and prices are in whole units of the
shop's currency. Any other file is NDJSON: a product a line, as POST /admin/catalog/import takes it. Products are matched by their external
ids and variants by SKU or options. Stock counts only for variants that are made. Each refused product is named with its line, the others are
imported, and then the command exits with 1. If it breaks off, run it again: products that the shop has already are not changed again.`,
  options: { ...SHOP_OPTIONS, "dry-run": { type: "boolean" } },
  async run({ "dry-run": dryRun = false, ...options }, [file, ...more]) {
    if (file === undefined || more.length > 0) throw new CommandFailed("Give one file: npx jangnal import FILE");
    const to = { ...runningShop(readConfig(process.env), options, "import"), dryRun: dryRun === true };
    const { lines, faults, total } = open(file, await currencyDigits(to.url));
    for (const { line, message } of faults) console.error(`line ${line}: ${message}`);
    const report = new Report(total, to.dryRun);
    await sendProducts(lines, to, (line, result) => report.add(line, result)).finally(() => report.end());
    report.print(faults.length);
    return report.refused + faults.length === 0 ? 0 : 1;
  },
};

function open(file: string, digits: number): ProductFile {
  try {
    return openProductFile(file, digits);
  } catch (error) {
    throw new CommandFailed(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** The digits of the minor unit of the shop's currency. Errors: CommandFailed if the shop does not answer. */
async function currencyDigits(url: string): Promise<number> {
  try {
    const { currency } = (await (await fetch(new URL("/shop", url))).json()) as { currency: string };
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 0;
  } catch (error) {
    throw notAnswered(url, error);
  }
}

/** Counts results, shows the progress on a terminal, and prints refused lines, warnings and changes. */
class Report {
  readonly #total: number | undefined;
  readonly #dryRun: boolean;
  readonly #counts = { CREATED: 0, UPDATED: 0, UNCHANGED: 0 };
  #done = 0;
  #shownAt = 0;
  refused = 0;

  constructor(total: number | undefined, dryRun: boolean) {
    this.#total = total;
    this.#dryRun = dryRun;
  }

  add({ line, place }: ProductLine, { externalId, result, problem, warnings = [], changes = [] }: LineResult): void {
    this.#done++;
    const name = externalId === undefined ? "" : ` (${externalId})`;
    if (problem !== undefined) {
      this.refused++;
      const faults = problem.errors ?? [{ path: "", message: problem.detail }];
      for (const { path, message } of faults) this.#say(console.error, `line ${place(path)}${name}: ${path === "" ? "" : `${path} `}${message}`);
    } else if (result !== undefined) {
      this.#counts[result]++;
      if (this.#dryRun && result === "CREATED") this.#say(console.log, `line ${line}${name}: would be created`);
    }
    for (const { path, from, to } of changes) this.#say(console.log, `line ${line}${name}: ${path} ${JSON.stringify(from)} → ${JSON.stringify(to)}`);
    if (result === "UPDATED") for (const { path, message } of warnings) this.#say(console.error, `line ${place(path)}${name}: ${path} ${message}`);
    this.#progress();
  }

  /** Clears the progress. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }

  print(unread: number): void {
    const { CREATED, UPDATED, UNCHANGED } = this.#counts;
    const counts = `${CREATED} created, ${UPDATED} updated, ${UNCHANGED} unchanged, ${this.refused + unread} refused`;
    console.log(this.#dryRun ? `Dry run: ${counts}. The shop was not changed.` : `${counts}.`);
  }

  #say(print: (line: string) => void, line: string): void {
    this.end();
    print(line);
  }

  #progress(): void {
    if (!process.stderr.isTTY || performance.now() - this.#shownAt < 100) return;
    this.#shownAt = performance.now();
    const of = this.#total === undefined ? "" : ` of ${this.#total.toLocaleString("en")}`;
    process.stderr.write(`\r${this.#done.toLocaleString("en")}${of} products`);
  }
}
