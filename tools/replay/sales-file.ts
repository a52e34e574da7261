import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readCsv } from "../../src/files/csv.ts";
import { describeFault } from "../../src/files/fault.ts";
import { refuseFile, ReplayError } from "./replay-error.ts";
import { columns, isCancellation, saleOf } from "./sale.ts";
import type { LeftOut, Sale } from "./sale.ts";

export type SalesFile = {
  lineCount: number;
  sales: Sale[];
  cancellations: Sale[];
  leftOut: Map<LeftOut, number>;
};

/** Reads an Online Retail file, gzipped or not. Keeps lines with a customer, a positive quantity and a positive price. */
export async function readSalesFile(path: string): Promise<SalesFile> {
  return parseSales(await contentOf(path), path);
}

/** Errors: a `ReplayError` that lists all faulty rows with their lines. @param now in ms */
export function parseSales(content: Uint8Array, path: string, now: number = Date.now()): SalesFile {
  const { rows, faults: inFile } = readCsv(content, { columns: columns.map((name) => ({ name })), header: "required" });
  const faults = inFile.map((fault) => ({ line: fault.line, text: describeFault(fault) }));
  const file: SalesFile = { lineCount: rows.length, sales: [], cancellations: [], leftOut: new Map() };
  for (const { line, cells } of rows) {
    const sale = saleOf(cells, now);
    if (Array.isArray(sale)) faults.push(...sale.map((text) => ({ line, text })));
    else if (typeof sale === "string") file.leftOut.set(sale, (file.leftOut.get(sale) ?? 0) + 1);
    else (isCancellation(sale.invoice) ? file.cancellations : file.sales).push(sale);
  }
  if (faults.length > 0)
    refuseFile(
      path,
      faults.toSorted((a, b) => a.line - b.line).map(({ line, text }) => `line ${line}: ${text}`),
    );
  if (file.sales.length === 0) throw new ReplayError(`${path} has no sales: no line has a customer, a positive quantity and a positive price.`);
  return file;
}

async function contentOf(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new ReplayError(error.code === "ENOENT" ? `There is no file ${path}.` : `${path} cannot be read (${error.code ?? error.message}).`);
  });
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip && path.endsWith(".gz")) throw new ReplayError(`${path} is not a gzip file, despite its name.`);
  if (!isGzip) return bytes;
  return promisify(gunzip)(bytes).catch(() => {
    throw new ReplayError(`${path} is a damaged gzip file.`);
  });
}
