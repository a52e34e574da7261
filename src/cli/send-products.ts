// Sends products to a shop's import, a batch a request, and sends unanswered products again if the connection breaks.

import { setTimeout as pause } from "node:timers/promises";
import { CommandFailed } from "./command-line.ts";
import type { ProductLine } from "./import-file.ts";
import { notAnswered, type RunningShop } from "./running-shop.ts";
import { textLines } from "./text-lines.ts";

export type Problem = { detail: string; code: string; errors?: { path: string; message: string }[] };
/** A line of the answer. */
export type LineResult = {
  line: number;
  externalId?: string;
  result?: "CREATED" | "UPDATED" | "UNCHANGED";
  problem?: Problem;
  warnings?: { path: string; message: string }[];
  changes?: { path: string; from: unknown; to: unknown }[];
};

export type Destination = RunningShop & { dryRun: boolean };

/** Bounds of a request. A shop takes 64 MiB; smaller ones repeat less if a connection breaks. */
const BATCH_LINES = 2000;
const BATCH_BYTES = 16 * 1024 * 1024;
const TRIES = 5;

/**
 * Sends all lines, and calls `onResult` for each in their order.
 * Errors: CommandFailed if the shop refuses the request, or does not answer after several tries.
 */
export async function sendProducts(
  lines: AsyncIterable<ProductLine> | Iterable<ProductLine>,
  to: Destination,
  onResult: (line: ProductLine, result: LineResult) => void,
): Promise<void> {
  let batch: ProductLine[] = [];
  let bytes = 0;
  for await (const line of lines) {
    const size = Buffer.byteLength(line.text) + 1;
    if (batch.length > 0 && (batch.length === BATCH_LINES || bytes + size > BATCH_BYTES)) {
      await sendBatch(batch, to, onResult);
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += size;
  }
  if (batch.length > 0) await sendBatch(batch, to, onResult);
}

async function sendBatch(batch: ProductLine[], to: Destination, onResult: (line: ProductLine, result: LineResult) => void): Promise<void> {
  let answered = 0;
  for (let attempt = 1; answered < batch.length; attempt++) {
    const rest = batch.slice(answered);
    const before = answered;
    try {
      for await (const result of resultsOf(rest, to)) {
        onResult(rest[result.line - 1] as ProductLine, result);
        answered = before + result.line;
      }
      if (answered < batch.length) throw new Error("the answer broke off");
    } catch (error) {
      if (error instanceof CommandFailed) throw error;
      if (answered > before) attempt = 0;
      if (attempt >= TRIES) throw notAnswered(to.url, error, "Run the command again to go on.");
      await pause(1000 * 2 ** attempt);
    }
  }
}

/** The results of the lines; the counts at the end are left out. Errors: CommandFailed for a refusal; the connection's. */
async function* resultsOf(lines: ProductLine[], { url, token, dryRun }: Destination): AsyncGenerator<LineResult> {
  const response = await fetch(new URL(`/admin/catalog/import${dryRun ? "?dryRun=true" : ""}`, url), {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson", "accept-language": "en" },
    body: lines.map(({ text }) => `${text}\n`).join(""),
  });
  if (response.status === 503 || response.status === 429) throw new Error(((await response.json()) as Problem).detail);
  if (!response.ok || response.body === null) throw new CommandFailed(`The shop refused the file: ${await reasonOf(response)}.`);
  for await (const line of textLines(response.body)) {
    const result = JSON.parse(line) as LineResult & { lines?: number };
    if (result.lines !== undefined) return;
    yield result;
  }
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  return response.headers.get("content-type")?.startsWith("application/problem+json")
    ? (JSON.parse(text) as Problem).detail
    : String(response.status);
}
