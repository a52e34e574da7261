// The HTTP server: how requests are read, checked and refused. What they ask for is in the nouns' own `*.routes.ts`.

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Config } from "../config.ts";
import { UUID_PATTERN } from "../ids.ts";
import { type FieldError, invalid, Refusal, type RefusalCode } from "../refusal.ts";
import type { Authenticator } from "./auth.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { type Locale, localeOf, PROBLEM_TYPE, renderProblem, toRefusal } from "./problem.ts";

const BODY_LIMIT = 1024 * 1024;
const MOST_ERRORS = 20;

export type ServerOptions = { config: Pick<Config, "locale">; authenticator: Authenticator; onFault: (error: unknown) => void };

/** A server that checks and refuses as the contract says, and knows no route yet. */
export function createServer({ config, authenticator, onFault }: ServerOptions): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    keepAliveTimeout: 65_000,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 2000, ignoreDuplicateSlashes: false },
    frameworkErrors: (error, request, reply) => void refuseWith(error, request, reply),
    clientErrorHandler(error, socket) {
      if (!socket.writable) return socket.destroy();
      const [line, code] = error.code === "HPE_HEADER_OVERFLOW" ? ["431 Request Header Fields Too Large", "INVALID_REQUEST" as const] : ["400 Bad Request", "INVALID_REQUEST" as const];
      const { body } = renderProblem(new Refusal(code), config.locale);
      socket.end(`HTTP/1.1 ${line}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    },
  });

  const localeFor = (request: FastifyRequest): Locale => localeOf(request.headers["accept-language"], config.locale);

  function refuseWith(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const refusal = refusalFor(error, request);
    if (refusal.code === "INTERNAL") onFault(error);
    const { status, body } = renderProblem(refusal, localeFor(request));
    if (refusal.details.retryAfter !== undefined) reply.header("retry-after", String(refusal.details.retryAfter));
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="jangnal"');
    return reply.code(status).type(PROBLEM_TYPE).send(body);
  }

  server.setErrorHandler((error, request, reply) => refuseWith(error, request, reply));
  server.setValidatorCompiler<{ [key: string]: unknown }>(({ schema, httpPart }) => (httpPart === "body" ? BODY : STRINGS).compile(schema) as ValidateFunction);
  server.setSerializerCompiler(() => JSON.stringify);
  readJson(server);
  answerUnknown(server, refuseWith);

  server.decorateRequest("caller", null);
  server.addHook("onRequest", oneAtATime);
  server.addHook("onRequest", (request, _reply, done) => {
    const { audience } = request.routeOptions.config;
    if (audience === undefined || audience === "anyone") return done();
    const caller = authenticator.callerOf(request.headers.authorization);
    if (!(caller instanceof Promise)) {
      request.caller = caller;
      return done();
    }
    caller.then(
      (found) => {
        request.caller = found;
        done();
      },
      (error: Error) => done(error),
    );
  });
  // Where every member is optional the body may be left out.
  server.addHook("preValidation", (request, _reply, done) => {
    if (request.routeOptions.config.takesBody && request.body === undefined) request.body = {};
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
const FORMATS = {
  uuid: UUID,
  "date-time": (text: string) => /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) && isRealDay(text) && !Number.isNaN(Date.parse(text)),
  date: (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && isRealDay(text),
  "uri-reference": true,
} as const;

/** JavaScript takes 31 February for 3 March, and years below 1 not at all. */
function isRealDay(text: string): boolean {
  const day = text.slice(0, 10);
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && at >= Date.parse("0001-01-01") && new Date(at).toISOString().startsWith(day);
}

const STRICT = { allErrors: true, strict: false, removeAdditional: false, useDefaults: true, discriminator: true, formats: FORMATS };
/** Bodies are taken as they are. */
const BODY = new Ajv({ ...STRICT, coerceTypes: false });
/** Paths, queries and headers are strings, and become what the schema wants. */
const STRINGS = new Ajv({ ...STRICT, coerceTypes: true });

function readJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser("error", "error");
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<string>(/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i, { parseAs: "string" }, (request, text, done) => {
    if (text === "") return done(null, undefined);
    void parse(request, text, (error: Error | null, body?: unknown) => {
      if (error) return done(new Refusal("INVALID_REQUEST", { errors: [{ path: "", message: "is not valid JSON" }] }));
      try {
        if (text.includes("\\u0000")) refuseNul(body, "");
        done(null, body);
      } catch (refusal) {
        done(refusal as Error);
      }
    });
  });
}

/** PostgreSQL's text has no NUL character, so no text of the shop's has. */
function refuseNul(value: unknown, path: string): void {
  if (typeof value === "string" && value.includes("\0")) invalid(path, "must not contain the NUL character");
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    if (key.includes("\0")) invalid(path, "must not have a member whose name contains the NUL character");
    refuseNul(part, `${path}/${pointer(key)}`);
  }
}

/** Nothing is here, or nothing by this method. */
function answerUnknown(server: FastifyInstance, refuseWith: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply): void {
  const known: { method: string; pattern: RegExp }[] = [];
  server.addHook("onRoute", ({ method, url }) => {
    const pattern = new RegExp(`^${url.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/:\w+/g, "[^/]+")}$`);
    for (const one of [method].flat()) known.push({ method: one, pattern });
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (allowed.size > 0) reply.header("allow", [...allowed].sort().join(", "));
    return refuseWith(new Refusal(allowed.size > 0 ? "METHOD_NOT_ALLOWED" : "NOT_FOUND"), request, reply);
  });
}

const FRAMEWORK_CODES: Record<string, RefusalCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "INVALID_REQUEST",
  FST_ERR_BAD_URL: "INVALID_REQUEST",
  FST_ERR_ASYNC_CONSTRAINT: "INVALID_REQUEST",
};

function refusalFor(error: unknown, request: FastifyRequest): Refusal {
  const { code, statusCode, validation, validationContext } = error as FastifyError;
  if (validation) return invalidRequest(validation as ErrorObject[], validationContext ?? "body", request.routeOptions.config.faults ?? {});
  if (error instanceof Refusal) return error;
  const known = FRAMEWORK_CODES[code];
  if (known) return new Refusal(known);
  // Whatever else the framework blames on the client is the client's.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Refusal("INVALID_REQUEST");
  return toRefusal(error);
}

/** Names every field at fault by its JSON pointer. A field with a code of its own decides the refusal's. */
function invalidRequest(validation: ErrorObject[], part: string, faults: Record<string, RefusalCode>): Refusal {
  const errors: FieldError[] = validation.filter(({ keyword }) => keyword !== "if").map(fieldError);
  const own = errors.map(({ path }) => faults[`${part}${path}`]).find((code) => code !== undefined);
  return new Refusal(own ?? "INVALID_REQUEST", { errors: errors.slice(0, MOST_ERRORS) });
}

function fieldError({ instancePath, keyword, params, message = "is not valid" }: ErrorObject): FieldError {
  const { missingProperty, additionalProperty, allowedValues } = params as Record<string, unknown>;
  if (keyword === "required") return { path: `${instancePath}/${pointer(String(missingProperty))}`, message: "is required" };
  if (keyword === "additionalProperties") return { path: `${instancePath}/${pointer(String(additionalProperty))}`, message: "is not known here" };
  if (keyword === "enum") return { path: instancePath, message: `must be one of ${(allowedValues as string[]).join(", ")}` };
  return { path: instancePath, message };
}

function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
