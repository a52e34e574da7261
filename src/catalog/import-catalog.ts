// Imports products line by line. Independent lines are executed together, and all are answered in their order. A line whose product is
// already as it says takes no lock and writes nothing, so that a nightly import of a whole catalog does not disturb its sale.

import { PassThrough, type Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import { readJson } from "../http/json.ts";
import type { Line, LineBody } from "../http/line-body.ts";
import { invalidRequest, validatorFor } from "../http/validate.ts";
import { newId } from "../ids.ts";
import { type FieldError, invalid, Refusal, refuse } from "../refusal.ts";
import type { Command } from "../till/command.ts";
import type { Till } from "../till/till.ts";
import { ImportLine } from "./catalog.bodies.ts";
import { mergeProduct, type SentProduct } from "./merge-product.ts";
import type { Difference } from "./product-differences.ts";
import { putProduct, type PutAnswer, type PutProduct, type PutResult } from "./put-product.ts";
import { fullProduct, type FullProductRow, selectProductsByExternalId } from "./read-catalog.sql.ts";

export type ImportParts = { till: Till; database: Database };
export type ImportCounts = { lines: number; created: number; updated: number; unchanged: number; refused: number };

type Done = { id: string; result: PutResult; warnings?: FieldError[]; changes?: Difference[] };

/** Lines that are executed at the same time. More would make orders wait for longer rounds. */
const LINES_AT_ONCE = 100;
/** Answers that a client has not read yet. Beyond it no more lines are read. */
const UNREAD_MAX_BYTES = 64 * 1024 * 1024;
/** How long a line waits for a busy or restarting shop before it is refused. */
const PATIENCE_MS = 30_000;

const validate = validatorFor({ schema: ImportLine, httpPart: "body" });
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Imports catalogs of one shop. */
export class CatalogImporter {
  readonly #till: Till;
  readonly #put: Command<PutProduct, PutAnswer>;
  readonly #products: BatchedRead<FullProductRow>;

  constructor({ till, database }: ImportParts) {
    this.#till = till;
    this.#put = putProduct(database);
    this.#products = new BatchedRead(async (externalIds) => {
      const rows = await database.rows<FullProductRow>(selectProductsByExternalId(externalIds));
      return new Map(rows.map((row) => [row.externalId as string, row]));
    });
  }

  /** Executes the lines, and streams a result for each and then the counts. @param dryRun changes nothing */
  run(body: LineBody, dryRun: boolean): { results: Readable; counts: Promise<ImportCounts> } {
    const results = new PassThrough({ readableHighWaterMark: UNREAD_MAX_BYTES });
    const run = new ImportRun(results, body, (sent) => this.#execute(sent, { dryRun, isGone: body.isGone }));
    const ended = run.execute().catch((error: Error) => void results.destroy(error));
    return { results, counts: ended.then(() => run.counts) };
  }

  async #execute(sent: SentProduct, { dryRun, isGone }: { dryRun: boolean; isGone: () => boolean }): Promise<Done> {
    const row = await this.#products.get(sent.externalId);
    if (row !== undefined) {
      const { revision, errors, warnings } = mergeProduct(fullProduct(row), sent, { newId: () => newId(0), now: 0 });
      if (errors.length === 0 && !revision.isChanged) return doneWith(row.id, { result: "UNCHANGED", warnings, differences: [] });
    }
    const { result, product, warnings, differences } = await this.#till.submit(this.#put, { sent, dryRun }, isGone);
    return doneWith(product.id, { result, warnings, differences });
  }
}

function doneWith(id: string, { result, warnings, differences }: Pick<PutAnswer, "result" | "warnings" | "differences">): Done {
  return { id, result, ...(warnings.length > 0 ? { warnings } : {}), ...(differences.length > 0 ? { changes: differences } : {}) };
}

/** One import. */
class ImportRun {
  readonly #results: PassThrough;
  readonly #body: LineBody;
  readonly #execute: (sent: SentProduct) => Promise<Done>;
  readonly counts: ImportCounts = { lines: 0, created: 0, updated: 0, unchanged: 0, refused: 0 };
  /** Resolves when all lines so far have their result. */
  #ended = Promise.resolve();
  /** The last line of each external id that is being executed. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(results: PassThrough, body: LineBody, execute: (sent: SentProduct) => Promise<Done>) {
    this.#results = results;
    this.#body = body;
    this.#execute = execute;
  }

  /** Errors: that of a connection that broke off; then no more lines are executed. */
  async execute(): Promise<void> {
    let written = Promise.resolve();
    const unwritten: Promise<void>[] = [];
    let problem: string | undefined;
    try {
      for await (const line of this.#body.lines) {
        const result = this.#resultOf(line);
        written = Promise.all([written, result]).then(([, text]) => this.#write(text));
        if (unwritten.push(written) >= LINES_AT_ONCE) await unwritten.shift();
      }
    } catch (error) {
      if (!(error instanceof Refusal)) {
        await written;
        throw error;
      }
      problem = this.#body.problem(error);
    }
    await written;
    const counts = JSON.stringify(this.counts);
    this.#results.end(problem === undefined ? `${counts}\n` : `${counts.slice(0, -1)},"problem":${problem}}\n`);
  }

  async #write(text: string): Promise<void> {
    if (!this.#results.write(text)) await drained(this.#results);
  }

  /** The result of a line, as JSON. Never rejects. */
  async #resultOf(line: Line): Promise<string> {
    const ended = Promise.withResolvers<void>();
    const before = this.#ended;
    this.#ended = Promise.all([before, ended.promise]).then(() => {});
    this.counts.lines++;
    let externalId: string | undefined;
    try {
      const sent = readLine(line, (key) => (externalId = key));
      const done = await this.#afterEqual(sent, before);
      this.counts[done.result.toLowerCase() as "created" | "updated" | "unchanged"]++;
      return `${JSON.stringify({ line: line.number, externalId, ...done })}\n`;
    } catch (error) {
      this.counts.refused++;
      const head = JSON.stringify({ line: line.number, ...(externalId === undefined ? {} : { externalId }) });
      return `${head.slice(0, -1)},"problem":${this.#body.problem(error)}}\n`;
    } finally {
      ended.resolve();
    }
  }

  /** Executes a line after the lines before it that have the same external id, so that the later one wins. */
  async #afterEqual(sent: SentProduct, before: Promise<void>): Promise<Done> {
    const equal = this.#running.get(sent.externalId);
    const done = (equal ?? Promise.resolve()).catch(() => {}).then(() => this.#twice(sent, before));
    this.#running.set(sent.externalId, done);
    try {
      return await done;
    } finally {
      if (this.#running.get(sent.externalId) === done) this.#running.delete(sent.externalId);
    }
  }

  /** Executes a line that is refused again when the lines before it are done: one of them may give up the SKU that it takes. */
  async #twice(sent: SentProduct, before: Promise<void>): Promise<Done> {
    try {
      return await this.#patiently(sent);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === "INVALID_REQUEST")) throw error;
      await before;
      return await this.#patiently(sent);
    }
  }

  /** Executes a line again while the shop is too busy for it, or restarts. */
  async #patiently(sent: SentProduct): Promise<Done> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        if (this.#body.isGone()) refuse("UNAVAILABLE");
        return await this.#execute(sent);
      } catch (error) {
        const isTemporary = error instanceof Refusal && (error.code === "BUSY" || error.code === "UNAVAILABLE");
        if (!isTemporary || this.#body.isGone() || performance.now() >= deadline) throw error;
        await pause(1000 * (error.details.retryAfter ?? 1));
      }
    }
  }
}

/** Resolves when the stream takes more, or is closed. */
function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stream.off("drain", end).off("close", end);
      resolve();
    };
    stream.on("drain", end).on("close", end);
  });
}

/** @param onKey called with the external id, also of a line that is refused. Errors: INVALID_REQUEST, BODY_TOO_LARGE. */
function readLine({ number, bytes }: Line, onKey: (externalId: string) => void): SentProduct {
  if (bytes === undefined) refuse("BODY_TOO_LARGE");
  const value = readJson(number === 1 && bytes.subarray(0, 3).equals(UTF8_MARK) ? bytes.subarray(3) : bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) invalid("", "must be object");
  const { externalId } = value as Partial<SentProduct>;
  if (typeof externalId === "string") onKey(externalId);
  const validation = validate(value);
  if (validation !== true) throw invalidRequest(validation.error as Parameters<typeof invalidRequest>[0], "body", {});
  return value as SentProduct;
}
