// Reads request bodies: JSON as a whole, lines as a stream.

import { Readable } from "node:stream";
import type { FastifyInstance, preValidationHookHandler } from "fastify";
import { invalid, refuse } from "../refusal.ts";
import { BODY_LIMIT_BYTES, LINES_LIMIT_BYTES } from "./body-limit.ts";
import { escapePointer, readJson } from "./json.ts";

/** The kind of body that a route takes. `lines` is a stream of JSON texts (NDJSON). */
export type BodyKind = "none" | "json" | "lines";

/** The media type of lines. */
export const LINES_TYPE = "application/x-ndjson";

export function parseBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i, { parseAs: "buffer" }, (request, bytes, done) => {
    try {
      // Bulk limits are for operators only.
      if (bytes.length > BODY_LIMIT_BYTES && request.caller?.role !== "operator") refuse("BODY_TOO_LARGE");
      checkEncoding(request.headers);
      done(null, readJson(bytes));
    } catch (error) {
      // Given to `done`, the error would make Fastify close the connection. The body was read to its end, so the connection can stay open.
      request.bodyError = error as Error;
      done(null);
    }
  });
  server.addContentTypeParser(/^application\/x-ndjson(?:\s*;|$)/i, (request, stream, done) => {
    try {
      if (request.routeOptions.config.body !== "lines") refuse("UNSUPPORTED_MEDIA_TYPE");
      if (Number(request.headers["content-length"] ?? 0) > LINES_LIMIT_BYTES) refuse("BODY_TOO_LARGE");
      checkEncoding(request.headers);
      done(null, stream);
    } catch (error) {
      done(error as Error);
    }
  });
}

function checkEncoding({ "content-type": type = "", "content-encoding": encoding = "identity" }: Record<string, unknown>): void {
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(String(type))?.[1] ?? "utf-8";
  if (!/^utf-?8$/i.test(charset) || String(encoding).toLowerCase() !== "identity") refuse("UNSUPPORTED_MEDIA_TYPE");
}

/** A body whose properties are all optional may be missing; a route without a body refuses all properties. */
export function checkBody(kind: BodyKind): preValidationHookHandler {
  return (request, _reply, done) => {
    if (request.bodyError) throw request.bodyError;
    if (kind === "none") refuseProperties(request.body);
    else if (kind === "lines" && !(request.body instanceof Readable)) refuse("UNSUPPORTED_MEDIA_TYPE");
    else if (request.body === undefined) request.body = {};
    done();
  };
}

function refuseProperties(body: unknown): void {
  if (body === undefined) return;
  if (typeof body !== "object" || body === null || Array.isArray(body)) invalid("", "must be object");
  const errors = Object.keys(body).map((name) => ({ path: `/${escapePointer(name)}`, message: "unknown property" }));
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
}
