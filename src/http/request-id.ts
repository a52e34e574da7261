// Ids of requests: taken over from the client (`X-Request-Id`), else made. An id is on every answer, in every problem document and log line.

import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Different in each process; the count behind it is different for each request. */
const prefix = randomBytes(9).toString("base64url");
let count = 0;

/** The client's own id if it is 1 to 128 visible ASCII characters, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[\x21-\x7e]{1,128}$/.test(given) ? given : newRequestId();
}

/** A new id, different from all others. */
export function newRequestId(): string {
  return `${prefix}-${(++count).toString(36)}`;
}

/** Adds the current request's id to a problem document, which may be another request's, stored under an idempotency key. */
export function withRequestId(problem: string, id: string): string {
  return `${problem.slice(0, -1)},"requestId":${/["\\]/.test(id) ? JSON.stringify(id) : `"${id}"`}}`;
}
