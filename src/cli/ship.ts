import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readConfig } from "../config.ts";
import { type ParcelRow, readShipmentFile } from "../fulfilment/shipment-file.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { notAnswered, type RunningShop, runningShop, SHOP_OPTIONS } from "./running-shop.ts";

const BATCH_SIZE = 1000;

export const ship: CliCommand = {
  summary: "Ship orders from a carrier's file",
  usage: ` FILE.csv [--url URL] [--token TOKEN]

  --url URL      the shop; default http://127.0.0.1:$PORT
  --token TOKEN  an operator's token; default: minted with AUTH_JWT_SECRET or the secret in DATA_DIR

The file has a header with the columns order number (주문번호), carrier (택배사) and tracking number (운송장번호), in any order; other columns
are ignored. Ships the rest of each order in one parcel. Batches of 1,000 rows are all or nothing. Each faulty row is named, and then the
command exits with 1. Shipped batches are not shipped again if the same file is sent again within a day.`,
  options: SHOP_OPTIONS,
  async run(options, [file, ...more]) {
    if (file === undefined || more.length > 0) throw new CommandFailed("Give one file: npx jangnal ship FILE.csv");
    const { rows, faults } = readShipmentFile(read(file));
    for (const { line, message } of faults) console.error(`line ${line}: ${message}`);
    if (faults.length > 0) throw new CommandFailed(`${faults.length} rows of ${file} cannot be read; no order was shipped.`);
    if (rows.length === 0) throw new CommandFailed(`${file} has no rows.`);
    const shop = runningShop(readConfig(process.env), options, "ship");
    let shipped = 0;
    let refused = 0;
    for (let at = 0; at < rows.length; at += BATCH_SIZE) {
      const batch = rows.slice(at, at + BATCH_SIZE);
      const wrong = await shipBatch(shop, batch);
      for (const { line, message } of wrong) console.error(`line ${line}: ${message}`);
      if (wrong.length === 0) shipped += batch.length;
      else refused += batch.length;
    }
    console.log(
      `${shipped} orders shipped.${refused === 0 ? "" : ` ${refused} rows were not shipped: correct the faulty ones and send these rows again.`}`,
    );
    return refused === 0 ? 0 : 1;
  },
};

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailed(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Returns the faulty rows; without any, the batch is shipped. Errors: CommandFailed for any other refusal. */
async function shipBatch({ url, token }: RunningShop, rows: ParcelRow[]): Promise<{ line: number; message: string }[]> {
  const body = JSON.stringify({ shipments: rows.map(({ orderNumber, carrier, trackingNumber }) => ({ orderNumber, carrier, trackingNumber })) });
  const response = await fetch(new URL("/admin/shipments", url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "accept-language": "en",
      // The same rows are the same request, so a file that is sent again ships nothing twice.
      "idempotency-key": createHash("sha256").update(body).digest("hex"),
    },
    body,
  }).catch((error: Error) => {
    throw notAnswered(url, error);
  });
  if (response.ok) return [];
  const problem = (await response.json()) as { detail: string; errors?: { path: string; message: string }[] };
  if (problem.errors === undefined) throw new CommandFailed(`The shop refused the file: ${problem.detail}.`);
  return problem.errors.map(({ path, message }) => ({ line: rows[Number(/^\/shipments\/(\d+)/.exec(path)?.[1])]?.line ?? 0, message }));
}
