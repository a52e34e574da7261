// The HTTP server: reads, validates and refuses requests. The nouns' `*.routes.ts` add the routes.

import type { FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { ErrorObject } from "ajv";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Config } from "../config.ts";
import { UUID_PATTERN } from "../ids.ts";
import { localeOf, PROBLEM_TYPE, problemOf, toRefusal } from "../problem.ts";
import { invalid, Refusal, type RefusalCode, refuse } from "../refusal.ts";
import { authenticate, rejectUnauthenticated } from "./authentication.ts";
import { BODY_LIMIT_BYTES } from "./body-limit.ts";
import { malformedRequest, rejectMalformed } from "./client-error.ts";
import { escapePointer, readJson } from "./json.ts";
import { notFoundHandlers } from "./not-found.ts";
import { serializePipelined } from "./pipelining.ts";
import { limitRates } from "./rate-limit.ts";
import type { Authenticator } from "./tokens.ts";
import { invalidRequest, validatorFor } from "./validate.ts";

/**
 * How much of a too large body is read and discarded. If the connection were closed during the upload, the client might see a broken
 * connection instead of the 413.
 */
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
/** Node's own limit for the request line and headers together. */
const MAX_HEAD_BYTES = 16 * 1024;

export type ServerOptions = {
  config: Pick<Config, "locale" | "rateLimit" | "trustProxy">;
  authenticator: Authenticator;
  /** A store that counts requests over all instances. */
  rates?: FastifyRateLimitStoreCtor | undefined;
  /** Receives each error that is answered 500. */
  onFault: (error: unknown) => void;
};

type Refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** Creates the server, still without routes. */
export function createServer({ config, authenticator, rates, onFault }: ServerOptions): FastifyInstance {
  const refuseWith: Refuse = (error, request, reply) => {
    const refusal = refusalFor(error, request);
    if (refusal.code === "INTERNAL") onFault(error);
    reply.refusal = refusal.code;
    const { status, body } = problemOf(refusal, localeOf(request.headers["accept-language"], config.locale));
    if (refusal.details.retryAfter !== undefined) reply.header("retry-after", String(refusal.details.retryAfter));
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="jangnal"');
    if (status === 413 && !(Number(request.headers["content-length"]) > MAX_DISCARDED_BYTES)) reply.removeHeader("connection");
    addSecurityHeaders(reply).code(status).type(PROBLEM_TYPE).send(body);
  };

  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    keepAliveTimeout: 65_000,
    requestTimeout: 30_000,
    http: { maxHeaderSize: MAX_HEAD_BYTES, requireHostHeader: false },
    routerOptions: { maxParamLength: MAX_HEAD_BYTES, ignoreDuplicateSlashes: false },
    frameworkErrors: refuseWith,
    clientErrorHandler: (error, socket) => rejectMalformed(error, socket, config.locale),
  });
  server.decorateReply("refusal", null);
  server.decorateReply("refuse", function (refusal) {
    refuseWith(refusal, this.request, this);
  });
  server.setErrorHandler((error, request, reply) => refuseWith(error, request, reply));
  server.setValidatorCompiler(validatorFor);
  server.setSerializerCompiler(() => JSON.stringify);
  parseJson(server);

  server.addHook("onRequest", (request, reply, done) => {
    addSecurityHeaders(reply);
    // Node would answer this itself, without a problem document.
    if (request.headers.host === undefined && request.raw.httpVersion === "1.1") invalid("/headers/host", "is required");
    serializePipelined(request, reply, done);
  });
  authenticate(server, authenticator, config.rateLimit !== undefined);
  // Between authentication and its rejection, so that attempts to guess tokens are counted by address.
  if (config.rateLimit !== undefined) limitRates(server, { perSecond: config.rateLimit, trustProxy: config.trustProxy, shared: rates });
  rejectUnauthenticated(server);
  refuseUnknownPaths(server, refuseWith);
  checkBodies(server);
  closeConnectionsOnShutdown(server);
  return server;
}

const UUID = new RegExp(UUID_PATTERN);

/** A response is data: a browser must not guess its type, run it, or show it inside another page. */
function addSecurityHeaders(reply: FastifyReply): FastifyReply {
  return reply.header("x-content-type-options", "nosniff").header("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
}

/** Answers 404 and 405 before the body is read: no route could read it. */
function refuseUnknownPaths(server: FastifyInstance, refuseWith: Refuse): void {
  const refusalForPath = notFoundHandlers(server);
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply): void => {
    const { refusal, allow } = refusalForPath(request);
    if (allow !== undefined) reply.header("allow", allow);
    refuseWith(refusal, request, reply);
  };
  server.setNotFoundHandler(refuseUnknown);
  server.addHook("onRequest", (request, reply, done) => {
    if (request.is404) refuseUnknown(request, reply);
    else done();
  });
}

function checkBodies(server: FastifyInstance): void {
  // A body whose properties are all optional may be missing; a route without a body refuses all properties.
  server.addHook("preValidation", (request, _reply, done) => {
    if (request.bodyError) throw request.bodyError;
    if (!request.routeOptions.config.takesBody) refuseProperties(request.body);
    else if (request.body === undefined) request.body = {};
    done();
  });
  // PostgreSQL writes UUIDs in lower case, and ids are compared as strings.
  server.addHook("preHandler", (request, _reply, done) => {
    const params = request.params as Record<string, string>;
    for (const name in params) if (UUID.test(params[name] as string)) params[name] = (params[name] as string).toLowerCase();
    done();
  });
}

function closeConnectionsOnShutdown(server: FastifyInstance): void {
  let closing = false;
  server.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  server.addHook("onSend", (_request, reply, _payload, done) => {
    if (closing) reply.header("connection", "close");
    done();
  });
}

function refuseProperties(body: unknown): void {
  if (body === undefined) return;
  if (typeof body !== "object" || body === null || Array.isArray(body)) invalid("", "must be object");
  const errors = Object.keys(body).map((name) => ({ path: `/${escapePointer(name)}`, message: "unknown property" }));
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
}

function parseJson(server: FastifyInstance): void {
  server.decorateRequest("bodyError", null);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i, { parseAs: "buffer" }, (request, bytes, done) => {
    try {
      const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
      const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1] ?? "utf-8";
      // Bulk limits are for operators only.
      if (bytes.length > BODY_LIMIT_BYTES && request.caller?.role !== "operator") refuse("BODY_TOO_LARGE");
      if (!/^utf-?8$/i.test(charset) || encoding.toLowerCase() !== "identity") refuse("UNSUPPORTED_MEDIA_TYPE");
      done(null, readJson(bytes));
    } catch (error) {
      // Given to `done`, the error would make Fastify close the connection. The body was read to its end, so the connection can stay open.
      request.bodyError = error as Error;
      done(null);
    }
  });
}

const FRAMEWORK_CODES: Record<string, RefusalCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
};

function refusalFor(error: unknown, request: FastifyRequest): Refusal {
  if (error instanceof Refusal) return error;
  const { code, statusCode, validation, validationContext } = error as FastifyError;
  if (validation) return invalidRequest(validation as ErrorObject[], validationContext ?? "body", request.routeOptions.config.faults ?? {});
  const known = FRAMEWORK_CODES[code];
  if (known) return new Refusal(known);
  // Fastify's other 4xx errors mean malformed requests.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return malformedRequest();
  return toRefusal(error);
}
