import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CsvError } from "csv-parse";
import { parse } from "csv-parse/sync";
import { ReplayError } from "./replay-error.ts";
import { columns, isCancellation, saleOf } from "./sale.ts";
import type { LeftOut, Row, Sale } from "./sale.ts";

export type SalesFile = {
  /** Of the uncompressed content: the same sales are the same file, zipped or not. */
  digest: string;
  lineCount: number;
  sales: Sale[];
  cancellations: Sale[];
  leftOut: Map<LeftOut, number>;
};

/** Reads the lines of an Online Retail file, gzipped or not, and keeps those with a customer, a positive quantity and a positive price. */
export async function readSalesFile(path: string): Promise<SalesFile> {
  return parseSales(await contentOf(path), path);
}

export function parseSales(content: Buffer, path: string): SalesFile {
  const rows = rowsOf(content, path);
  const file: SalesFile = {
    digest: createHash("sha256").update(content).digest("hex"),
    lineCount: rows.length,
    sales: [],
    cancellations: [],
    leftOut: new Map(),
  };
  for (const [index, row] of rows.entries()) {
    const sale = saleOf(row, index + 2);
    if (typeof sale === "string") file.leftOut.set(sale, (file.leftOut.get(sale) ?? 0) + 1);
    else (isCancellation(sale.invoice) ? file.cancellations : file.sales).push(sale);
  }
  if (file.sales.length === 0) throw new ReplayError(`${path} holds no sale: no line has a customer, a positive quantity and a positive price.`);
  return file;
}

async function contentOf(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new ReplayError(error.code === "ENOENT" ? `There is no file ${path}.` : `${path} cannot be read (${error.code ?? error.message}).`);
  });
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip && path.endsWith(".gz")) throw new ReplayError(`${path} is not gzip, although its name says so.`);
  if (!isGzip) return bytes;
  return promisify(gunzip)(bytes).catch(() => {
    throw new ReplayError(`${path} is damaged: it begins as gzip but cannot be unpacked.`);
  });
}

function rowsOf(content: Buffer, path: string): Row[] {
  try {
    return parse<Row>(content, { bom: true, skip_empty_lines: true, trim: true, columns: (header: string[]) => checked(header, path) });
  } catch (error) {
    if (error instanceof CsvError) throw new ReplayError(`${path} is not the CSV that it should be: ${error.message}.`);
    throw error;
  }
}

function checked(header: string[], path: string): string[] {
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new ReplayError(`${path} lacks the column${missing.length > 1 ? "s" : ""} ${missing.join(", ")}.`);
  return header;
}
