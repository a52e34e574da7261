// The HTTP server: reads, validates and refuses requests. The nouns' `*.routes.ts` add the routes.

import type { FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { ErrorObject } from "ajv";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestAsyncHookHandler,
  type onRequestHookHandler,
} from "fastify";
import type { Config } from "../config.ts";
import { localeOf, PROBLEM_TYPE, problemOf, toRefusal } from "../problem.ts";
import { invalidField, Refusal, type RefusalCode } from "../refusal.ts";
import { Answers, JSON_TYPE } from "./answer.ts";
import { authenticate, rejectUnauthenticated } from "./authentication.ts";
import { checkBody, parseBodies } from "./bodies.ts";
import { BODY_LIMIT_BYTES } from "./body-limit.ts";
import { malformedRequest, rejectMalformed } from "./client-error.ts";
import { Cors } from "./cors.ts";
import type { HttpMetrics } from "./metrics.ts";
import { notFoundHandlers } from "./not-found.ts";
import { inTurn } from "./pipelining.ts";
import { rateLimiter } from "./rate-limit.ts";
import { requestIdOf } from "./request-id.ts";
import type { OnAnswered } from "./request-log.ts";
import type { RoutePlan } from "./route-plan.ts";
import type { Authenticator } from "./tokens.ts";
import { invalidRequest, validatorFor } from "./validate.ts";

/**
 * How much of a too large body is read and discarded. If the connection were closed during the upload, the client might see a broken
 * connection instead of the 413.
 */
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
/** Node's own limit for the request line and headers together. */
const MAX_HEAD_BYTES = 16 * 1024;

const HTTP_OPTIONS = { maxHeaderSize: MAX_HEAD_BYTES, requireHostHeader: false };

export type ServerOptions = {
  config: Pick<Config, "locale" | "rateLimit" | "trustProxy" | "corsOrigins">;
  authenticator: Authenticator;
  metrics: HttpMetrics;
  /** A store that counts requests over all instances. */
  rates?: FastifyRateLimitStoreCtor | undefined;
  /** Receives each error that is answered 500. */
  onFault: (error: unknown, requestId: string) => void;
  /** Called after each answer. */
  onAnswered?: OnAnswered | undefined;
};

type Refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply, headers?: readonly string[]) => void;

/** Creates the server, still without routes. */
export function createServer({ config, authenticator, metrics, rates, onFault, onAnswered }: ServerOptions): FastifyInstance {
  const cors = config.corsOrigins === undefined ? undefined : new Cors(config.corsOrigins);
  const answers = new Answers({ cors, metrics, onAnswered });
  const refuseWith: Refuse = (error, request, reply, headers = []) => {
    const refusal = refusalFor(error, request);
    if (refusal.code === "INTERNAL") onFault(error, request.id);
    const { status, body } = problemOf(refusal, localeOf(request.raw.headers["accept-language"], config.locale));
    answers.send(reply, status, body, PROBLEM_TYPE, [...headers, ...refusalHeaders(refusal, status, request)], refusal.code);
  };

  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    keepAliveTimeout: 65_000,
    requestTimeout: 30_000,
    http: HTTP_OPTIONS,
    routerOptions: { maxParamLength: MAX_HEAD_BYTES, ignoreDuplicateSlashes: false },
    requestIdHeader: false,
    genReqId: requestIdOf,
    frameworkErrors: refuseWith,
    clientErrorHandler: (error, socket) => rejectMalformed(error, socket, config.locale, onAnswered),
  });
  server.decorateRequest("caller", null);
  server.decorateReply("startedAt", 0);
  server.decorateReply("plan", null);
  server.decorateReply("answer", function (...answer) {
    answers.send(this, ...answer);
  });
  server.decorateReply("complete", function () {
    answers.completeReply(this);
  });
  server.decorateReply("refuse", function (refusal) {
    refuseWith(refusal, this.request, this);
  });
  server.decorateReply("fail", function (error) {
    refuseWith(error, this.request, this);
  });
  server.setErrorHandler((error, request, reply) => refuseWith(error, request, reply));
  server.setValidatorCompiler(validatorFor);
  server.setSerializerCompiler(() => JSON.stringify);
  parseBodies(server);

  const { rateLimit, trustProxy } = config;
  const limit = rateLimit === undefined ? undefined : rateLimiter(server, { perSecond: rateLimit, trustProxy, shared: rates });
  beginRequests(server, refuseWith, {
    cors,
    answers,
    unknown: limit && { authenticate: authenticate(unknownPlan(metrics), authenticator, true), limit },
  });
  prepareRoutes(server, { answers, metrics, authenticator, limit });
  server.addHook("preClose", (done) => {
    answers.closing = true;
    done();
  });
  return server;
}

function refusalHeaders({ details }: Refusal, status: number, { raw }: FastifyRequest): string[] {
  const headers = details.retryAfter === undefined ? [] : ["retry-after", String(details.retryAfter)];
  if (status === 401) headers.push("www-authenticate", 'Bearer realm="jangnal"');
  if (status === 413 && Number(raw.headers["content-length"]) > MAX_DISCARDED_BYTES) headers.push("connection", "close");
  return headers;
}

function unknownPlan(metrics: HttpMetrics): RoutePlan {
  return { audience: "anyone", optionalToken: false, vary: "", meter: metrics.meterOf("", "unknown") };
}

type Beginning = {
  cors: Cors | undefined;
  answers: Answers;
  unknown: { authenticate: onRequestHookHandler; limit: onRequestAsyncHookHandler } | undefined;
};

/** Begins each request in its turn, and answers 404, 405 and preflights before the body is read: no route could read it. */
function beginRequests(server: FastifyInstance, refuseWith: Refuse, { cors, answers, unknown }: Beginning): void {
  const refusalForPath = notFoundHandlers(server);
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply): void => {
    const { refusal, allow } = refusalForPath(request);
    reply.plan = null;
    const preflight = allow !== undefined && request.method === "OPTIONS" ? cors?.preflight(request.raw.headers, allow) : undefined;
    if (preflight !== undefined) answers.send(reply, 204, null, JSON_TYPE, preflight);
    else refuseWith(refusal, request, reply, allow === undefined ? [] : ["allow", allow]);
  };
  server.setNotFoundHandler(refuseUnknown);
  server.addHook("onRequest", (request, reply, done) => {
    reply.startedAt = performance.now();
    inTurn(reply.raw, () => {
      // Node would answer this itself, without a problem document.
      if (request.raw.headers.host === undefined && request.raw.httpVersion === "1.1")
        refuseWith(invalidField("/headers/host", "is required"), request, reply);
      else if (request.is404 && unknown === undefined) refuseUnknown(request, reply);
      else done();
    });
  });
  if (unknown === undefined) return;
  server.addHook("onRequest", function (request, reply, done) {
    return request.is404 ? unknown.authenticate.call(this, request, reply, done) : done();
  });
  server.addHook("onRequest", async function (request, reply) {
    if (request.is404) await unknown.limit.call(this, request, reply);
  });
  server.addHook("onRequest", (request, reply, done) => {
    if (request.is404) refuseUnknown(request, reply);
    else done();
  });
}

type Preparation = { answers: Answers; metrics: HttpMetrics; authenticator: Authenticator; limit: onRequestAsyncHookHandler | undefined };

/** Gives each route its own hooks, which know its declaration, instead of hooks of the server that look for it at each request. */
function prepareRoutes(server: FastifyInstance, { answers, metrics, authenticator, limit }: Preparation): void {
  server.addHook("onRoute", (route) => {
    const { url, method, config = {} } = route;
    const { audience, optionalToken = false, unlimited = false, isWhole = false, body = "none", vary } = config;
    // Without this check a route that declares no audience would be public. The API reference's own routes are exempt.
    if (audience === undefined && config.page !== true && !/^\/docs(\/|$)/.test(url)) throw new Error(`${url} declares no audience`);
    const plan: RoutePlan = {
      audience: audience ?? "anyone",
      optionalToken,
      vary: vary ?? (optionalToken ? "Authorization" : ""),
      meter: metrics.meterOf(String(method), url),
    };
    const guards = limit === undefined ? [] : unlimited ? [rejectUnauthenticated] : [limit, rejectUnauthenticated];
    route.onRequest = [authenticate(plan, authenticator, limit !== undefined), ...guards, ...[route.onRequest ?? []].flat()];
    if (method !== "GET" && method !== "HEAD") route.preValidation = [checkBody(body), ...[route.preValidation ?? []].flat()];
    if (isWhole) return;
    route.onSend = [
      ...[route.onSend ?? []].flat(),
      (_request, reply, _payload, done) => {
        answers.completeReply(reply);
        done();
      },
    ];
    route.onResponse = (_request, reply, done) => {
      answers.measureReply(reply);
      done();
    };
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
