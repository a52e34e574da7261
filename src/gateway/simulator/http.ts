// Reading requests and writing responses of the simulator.

import type { IncomingMessage, ServerResponse } from "node:http";

const BODY_MAX_BYTES = 64 * 1024;

export function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

/** The body as text; undefined if it is too large. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  return bytes > BODY_MAX_BYTES ? undefined : Buffer.concat(chunks).toString("utf8");
}

/** A JSON object; undefined for any other text. An empty body is an empty object. */
export function readJson(text: string): Record<string, unknown> | undefined {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const KST = "+09:00";

/** An instant in ms; NaN for malformed text. A time without a zone is Korean time, a day is its beginning. */
export function readTime(text: string | null): number {
  if (text === null) return Number.NaN;
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text;
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(time) ? time : time + KST);
}
