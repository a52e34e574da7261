// The public file of a draw (`application/x-ndjson`): a header, then a line per entry in order of
// number. Written by the shop, read by `npx jangnal verify-draw`.

import { DRAW_FORMAT, type DrawEntry } from "./draw.ts";

/** A value that is not known yet is null. `stock`: units by variant at the draw. */
export type DrawHeader = {
  format: typeof DRAW_FORMAT;
  dropId: string;
  commitment: string;
  publicValueSource: string | null;
  publicValue: string | null;
  seed: string | null;
  entriesRoot: string | null;
  entryCount: number | null;
  drawnAt: string | null;
  stock: Record<string, number> | null;
};

export type DrawLine = DrawEntry & { rank: number | null };

/** A line of the file, with its line feed. */
export function drawLine({ number, entryId, variantId, quantity, rank }: DrawLine): string {
  return `${JSON.stringify({ number, entryId, variantId, quantity, rank })}\n`;
}

/** The file is not one of a draw: `message` says which line is wrong. */
export class NotADrawFile extends Error {}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;

const isText = (value: unknown): boolean => typeof value === "string";
const isHash = (value: unknown): boolean => typeof value === "string" && HASH.test(value);
const isId = (value: unknown): boolean => typeof value === "string" && UUID.test(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isPositive = (value: unknown): boolean => isCount(value) && value !== 0;
const orNull =
  (check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || check(value);

function isStock(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.entries(value).every(([id, units]) => isId(id) && isCount(units));
}

const HEADER: Record<keyof DrawHeader, (value: unknown) => boolean> = {
  format: (value) => value === DRAW_FORMAT,
  dropId: isId,
  commitment: isHash,
  publicValueSource: orNull(isText),
  publicValue: orNull(isText),
  seed: orNull(isHash),
  entriesRoot: orNull(isHash),
  entryCount: orNull(isCount),
  drawnAt: orNull(isText),
  stock: orNull(isStock),
};
const LINE: Record<keyof DrawLine, (value: unknown) => boolean> = {
  number: isPositive,
  entryId: isId,
  variantId: isId,
  quantity: isPositive,
  rank: orNull(isPositive),
};

/** Errors: NotADrawFile. */
export function readHeader(text: string | undefined): DrawHeader {
  return read(text ?? "", 1, HEADER) as DrawHeader;
}

/**
 * @param line the number of the line in the file, from 1
 * Errors: NotADrawFile.
 */
export function readLine(text: string, line: number): DrawLine {
  return read(text, line, LINE) as DrawLine;
}

function read(text: string, line: number, shape: Record<string, (value: unknown) => boolean>): unknown {
  const value = parsed(text);
  if (typeof value !== "object" || value === null) throw new NotADrawFile(`line ${line} is not a JSON object`);
  for (const [name, check] of Object.entries(shape)) {
    if (!check((value as Record<string, unknown>)[name])) throw new NotADrawFile(`line ${line}: ${JSON.stringify(name)} is missing or invalid`);
  }
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The lines of a text that arrives in chunks. Errors: NotADrawFile for a line of more than a MiB. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoded(() => decoder.decode(chunk, { stream: true }))).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_MAX) throw new NotADrawFile("a line is longer than a MiB");
    yield* lines;
  }
  rest += decoded(() => decoder.decode());
  if (rest !== "") yield rest;
}
const LINE_MAX = 1 << 20;

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw new NotADrawFile("it is not UTF-8");
  }
}
