// Bodies of lines, read while they arrive, so that their size is bounded by no memory and their first lines are answered before their last
// ones are sent.

import type { Socket } from "node:net";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Readable } from "node:stream";
import { type Locale, localeOf, problemOf, toRefusal } from "../problem.ts";
import { Refusal, refuse } from "../refusal.ts";
import { BODY_LIMIT_BYTES, LINES_LIMIT_BYTES } from "./body-limit.ts";
import { withRequestId } from "./request-id.ts";

/** Lines count from 1. `bytes` is undefined for a line that is longer than a request may be. */
export type Line = { number: number; bytes: Buffer | undefined };

/** The body of a request. `problem` makes a problem document, as JSON. `isGone` tells whether the client has disconnected. */
export type LineBody = { lines: AsyncIterable<Line>; problem: (error: unknown) => string; isGone: () => boolean };

/** How long a client may send nothing, and read nothing, in the middle of its lines. */
const IDLE_MS = 60_000;
/** How long the rest of a request is discarded that is answered before its end. */
const DISCARD_MS = 5000;
/** Connections that may take longer than other requests. */
const streaming = new WeakSet<object>();

/** Whether a connection sends lines: for these the time limit of whole requests does not hold. */
export function sendsLines(socket: Socket): boolean {
  return streaming.has(socket);
}

/**
 * Starts to read a request's lines. An answer that ends before its request does also ends the connection.
 * @param closing aborts when the server closes: no more lines are read
 */
export function lineBody(request: FastifyRequest, { raw: response }: FastifyReply, fallback: Locale, closing: AbortSignal): LineBody {
  const { raw, id } = request;
  const locale = localeOf(raw.headers["accept-language"], fallback);
  streaming.add(raw.socket);
  raw.socket.setTimeout(IDLE_MS);
  response.once("finish", () => {
    streaming.delete(raw.socket);
    if (!raw.complete) endConnection(raw);
  });
  return {
    lines: splitLines(chunksOf(request.body as Readable, closing)),
    problem: (error) => withRequestId(problemOf(toRefusal(error), locale).body, id),
    isGone: () => raw.socket.destroyed,
  };
}

/** Discards a request whose answer is sent. If the connection ended at once, the client might see it broken instead of the answer. */
function endConnection(raw: IncomingMessage): void {
  const { socket } = raw;
  const end = (): void => socket.destroySoon();
  const timer = setTimeout(end, DISCARD_MS);
  socket.once("close", () => clearTimeout(timer));
  raw.once("end", end).resume();
}

/** Errors: the stream's; UNAVAILABLE when the server closes. */
export async function* chunksOf(stream: Readable, closing: AbortSignal): AsyncGenerator<Buffer> {
  // The stream stays open if the reading ends, because it has the connection of the answer.
  const iterator: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await unlessClosing(iterator.next(), closing);
    if (next.done) return;
    yield next.value;
  }
}

/** `Promise.race` with a promise that lasts as long as the server would keep a part of each race in memory, for each chunk. */
function unlessClosing<T>(work: Promise<T>, closing: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Refusal("UNAVAILABLE", { retryAfter: 1 }));
    if (closing.aborted) stop();
    closing.addEventListener("abort", stop);
    work.then(resolve, reject).finally(() => closing.removeEventListener("abort", stop));
  });
}

const LINE_FEED = 0x0a;
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (!BLANKS.has(byte)) return false;
  return true;
}

/**
 * Splits a stream into lines, without blank ones. A last line without a line feed is one, too, unless the stream breaks off.
 * Errors: the stream's; BODY_TOO_LARGE behind the last line that ends within the limit.
 */
export async function* splitLines(stream: AsyncIterable<Buffer>, limit = LINES_LIMIT_BYTES): AsyncGenerator<Line> {
  let begun: Buffer[] = [];
  let length = 0;
  let number = 1;
  let total = 0;
  const end = (part: Buffer): Line | undefined => {
    const bytes = length + part.length > BODY_LIMIT_BYTES ? undefined : length === 0 ? part : Buffer.concat([...begun, part]);
    begun = [];
    length = 0;
    const line = { number: number++, bytes };
    return bytes !== undefined && isBlank(bytes) ? undefined : line;
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      if (total + at >= limit) refuse("BODY_TOO_LARGE");
      const line = end(chunk.subarray(from, at));
      from = at + 1;
      if (line) yield line;
    }
    total += chunk.length;
    if (total > limit) refuse("BODY_TOO_LARGE");
    length += chunk.length - from;
    if (length <= BODY_LIMIT_BYTES) begun.push(chunk.subarray(from));
    else begun = [];
  }
  const last = end(Buffer.alloc(0));
  if (last) yield last;
}
