// Files of products for `npx jangnal import`: their lines as the shop takes them.

import { createReadStream, readFileSync } from "node:fs";
import { type FileProduct, readShopifyFile, type RowFault } from "../catalog/shopify-file.ts";
import { textLines } from "./text-lines.ts";

/** `line` in the file; `place` finds the line of a fault at a JSON pointer. */
export type ProductLine = { line: number; text: string; place: (path: string) => number };

export type ProductFile = {
  lines: AsyncIterable<ProductLine> | Iterable<ProductLine>;
  /** Rows that cannot be read, and are not sent. */
  faults: RowFault[];
  /** Unknown for a file that is read while it is sent. */
  total: number | undefined;
};

/** Opens a file of products: CSV by its name, or else NDJSON. @param digits of the currency's minor unit. Errors: the file system's. */
export function openProductFile(file: string, digits: number): ProductFile {
  if (!/\.csv$/i.test(file)) return { lines: ndjsonLines(file), faults: [], total: undefined };
  const { products, faults } = readShopifyFile(readFileSync(file), digits);
  return { lines: products.map(csvLine), faults, total: products.length };
}

function csvLine({ line, lines, product }: FileProduct): ProductLine {
  return {
    line,
    text: JSON.stringify(product),
    place: (path) => lines[Number(/^\/variants\/(\d+)/.exec(path)?.[1])] ?? line,
  };
}

async function* ndjsonLines(file: string): AsyncGenerator<ProductLine> {
  let number = 0;
  for await (const text of textLines(createReadStream(file))) {
    const line = ++number;
    if (text.trim() !== "") yield { line, text, place: () => line };
  }
}
