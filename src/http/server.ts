// The HTTP server: how requests are read, checked and refused. What they ask for is in the nouns' own `*.routes.ts`.

import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { ErrorObject } from "ajv";
import type { Config } from "../config.ts";
import { UUID_PATTERN } from "../ids.ts";
import { invalid, Refusal, type RefusalCode, refuse } from "../refusal.ts";
import type { Authenticator } from "./tokens.ts";
import { BODY_LIMIT_BYTES } from "./body-limit.ts";
import { rejectMalformed, malformedRequest } from "./client-error.ts";
import { authenticate, rejectUnauthenticated } from "./authentication.ts";
import { escapePointer, readJson } from "./json.ts";
import { serializePipelined } from "./pipelining.ts";
import { localeOf, PROBLEM_TYPE, problemOf, toRefusal } from "../problem.ts";
import { limitRates } from "./rate-limit.ts";
import { notFoundHandlers } from "./not-found.ts";
import { invalidRequest, validatorFor } from "./validate.ts";

/** Of a body that is too large so much is let run by: who still sends when the connection is closed sees it break, and may never learn why. */
const MOST_RUN_BY = 32 * 1024 * 1024;
/** Node's own limit for a request's line and headers together: whatever comes through that is looked at. */
const MOST_HEAD_BYTES = 16 * 1024;

export type ServerOptions = {
  config: Pick<Config, "locale" | "rateLimit" | "trustProxy">;
  authenticator: Authenticator;
  rates?: FastifyRateLimitStoreCtor | undefined;
  onFault: (error: unknown) => void;
};

/** A server that reads, checks and refuses what comes, and knows no route yet. */
export function createServer({ config, authenticator, rates, onFault }: ServerOptions): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    keepAliveTimeout: 65_000,
    requestTimeout: 30_000,
    http: { maxHeaderSize: MOST_HEAD_BYTES, requireHostHeader: false },
    routerOptions: { maxParamLength: MOST_HEAD_BYTES, ignoreDuplicateSlashes: false },
    frameworkErrors: refuseWith,
    clientErrorHandler: (error, socket) => rejectMalformed(error, socket, config.locale),
  });

  function refuseWith(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = refusalFor(error, request);
    if (refusal.code === "INTERNAL") onFault(error);
    reply.refusal = refusal.code;
    const { status, body } = problemOf(refusal, localeOf(request.headers["accept-language"], config.locale));
    if (refusal.details.retryAfter !== undefined) reply.header("retry-after", String(refusal.details.retryAfter));
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="jangnal"');
    if (status === 413 && !(Number(request.headers["content-length"]) > MOST_RUN_BY)) reply.removeHeader("connection");
    protect(reply).code(status).type(PROBLEM_TYPE).send(body);
  }

  server.decorateReply("refusal", null);
  server.decorateReply("refuse", function (refusal) {
    refuseWith(refusal, this.request, this);
  });
  const unknown = notFoundHandlers(server);
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply): void => {
    const { refusal, allow } = unknown(request);
    if (allow !== undefined) reply.header("allow", allow);
    refuseWith(refusal, request, reply);
  };
  server.setNotFoundHandler(refuseUnknown);
  server.setErrorHandler((error, request, reply) => refuseWith(error, request, reply));
  server.setValidatorCompiler(validatorFor);
  server.setSerializerCompiler(() => JSON.stringify);
  takeJson(server);

  server.addHook("onRequest", (request, reply, done) => {
    protect(reply);
    // Node would answer this one by itself, in no language of ours.
    if (request.headers.host === undefined && request.raw.httpVersion === "1.1") invalid("/headers/host", "is required");
    serializePipelined(request, reply, done);
  });
  authenticate(server, authenticator, config.rateLimit !== undefined);
  // Between finding out who calls and turning strangers away: whoever guesses at tokens is counted too, by address.
  if (config.rateLimit !== undefined) limitRates(server, { perSecond: config.rateLimit, trustProxy: config.trustProxy, shared: rates });
  rejectUnauthenticated(server);
  // Before the body is read: whatever is wrong with it, there is no route that it could be for.
  server.addHook("onRequest", (request, reply, done) => {
    if (request.is404) refuseUnknown(request, reply);
    else done();
  });
  // Where every member is optional the body may be left out; where none is known none may be in it.
  server.addHook("preValidation", (request, _reply, done) => {
    if (request.bodyError) throw request.bodyError;
    if (!request.routeOptions.config.takesBody) refuseMembers(request.body);
    else if (request.body === undefined) request.body = {};
    done();
  });
  // Ids are compared as PostgreSQL writes them, in lower case.
  server.addHook("preHandler", (request, _reply, done) => {
    const params = request.params as Record<string, string>;
    for (const name in params) if (UUID.test(params[name] as string)) params[name] = (params[name] as string).toLowerCase();
    done();
  });
  let closing = false;
  server.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  server.addHook("onSend", (_request, reply, _payload, done) => {
    if (closing) reply.header("connection", "close");
    done();
  });
  return server;
}

const UUID = new RegExp(UUID_PATTERN);

/** An answer is data: a browser that is led to one must neither guess at its type, nor run it, nor show it inside another page. */
function protect(reply: FastifyReply): FastifyReply {
  return reply.header("x-content-type-options", "nosniff").header("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
}

function refuseMembers(body: unknown): void {
  if (body === undefined) return;
  if (typeof body !== "object" || body === null || Array.isArray(body)) invalid("", "must be object");
  const errors = Object.keys(body).map((name) => ({ path: `/${escapePointer(name)}`, message: "unknown property" }));
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
}

function takeJson(server: FastifyInstance): void {
  server.decorateRequest("misread", null);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i, { parseAs: "buffer" }, (request, bytes, done) => {
    try {
      const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
      const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1] ?? "utf-8";
      // What an operator may send in bulk would be a burden from anybody else.
      if (bytes.length > BODY_LIMIT_BYTES && request.caller?.role !== "operator") refuse("BODY_TOO_LARGE");
      if (!/^utf-?8$/i.test(charset) || encoding.toLowerCase() !== "identity") refuse("UNSUPPORTED_MEDIA_TYPE");
      done(null, readJson(bytes));
    } catch (error) {
      // Fastify would end the connection, on which there may be more; but this body has been read whole.
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
  // Whatever else the framework blames on the client is the client's.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return malformedRequest();
  return toRefusal(error);
}
