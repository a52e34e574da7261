// Adds declared routes to the server (route-definition.ts).

import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, preHandlerHookHandler } from "fastify";
import type { TSchema } from "typebox";
import type { Cache } from "../cache/cache.ts";
import type { TrustedProxies } from "../config.ts";
import { checkKey, requestKey } from "../idempotency/request-key.ts";
import { type Locale, localeOf, PROBLEM_TYPE } from "../problem.ts";
import { Refusal } from "../refusal.ts";
import type { Till } from "../till/till.ts";
import { JSON_TYPE } from "./answer.ts";
import { authorize, idNames, lowerIds, resolveMe } from "./authority.ts";
import { BULK_BODY_LIMIT_BYTES } from "./body-limit.ts";
import type { LineBody } from "./line-body.ts";
import { lineHandler, type LineWork } from "./line-route.ts";
import type { Broadcast } from "./broadcast.ts";
import { OperatorJournal, orRefusal } from "./operator-journal.ts";
import { cachingHeaders, hasTag, REVALIDATED_VARY } from "./revalidation.ts";
import { type CallOf, type Operation, refusalsOf, type RouteDefinition } from "./route-definition.ts";
import { execute, type Submission } from "./submission.ts";
import { Utf8 } from "./utf8.ts";

export { perform, type Submission, submit } from "./submission.ts";

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> | void;

type CachedResponse = { text: string; ttlMs: number };
/** The encoded bodies of cached responses. */
const encoded = new WeakMap<CachedResponse, Utf8>();

export class Routes {
  readonly #server: FastifyInstance;
  readonly #till: Till;
  readonly #locale: Locale;
  readonly #closing = new AbortController();
  readonly #journal: OperatorJournal;
  /** All routes that were declared so far. */
  readonly operations: Operation[] = [];

  /** @param trustProxy the proxies whose X-Forwarded-For is trusted */
  constructor(server: FastifyInstance, till: Till, locale: Locale, trustProxy?: TrustedProxies) {
    this.#server = server;
    this.#till = till;
    this.#locale = locale;
    server.addHook("preClose", (done) => {
      this.#closing.abort();
      done();
    });
    this.#journal = new OperatorJournal(till, trustProxy);
  }

  /** A route without effects. `answer` gives the body, or one that is sent as it is; null is sent as 204. */
  read<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    answer: (call: CallOf<P, Q, B>) => unknown,
  ): void {
    const { mediaType = JSON_TYPE, revalidated = false } = definition;
    const send = (request: FastifyRequest, reply: FastifyReply, body: unknown): void => {
      if (body === null) return reply.answer(204, null);
      const sent = typeof body === "string" || body instanceof Utf8 ? body : JSON.stringify(body);
      if (revalidated) revalidate(request, reply, sent instanceof Utf8 ? sent : new Utf8(sent));
      else reply.answer(200, sent, mediaType);
    };
    this.#declare(definition, false, (request, reply) => {
      const body = answer(this.#call(request));
      if (!(body instanceof Promise)) return send(request, reply, body);
      body.then((read) => send(request, reply, read)).catch((error: unknown) => reply.fail(error));
    });
  }

  /**
   * A route whose answer does not depend on the caller and is cached in a group of the cache. A cached answer is sent before the request is
   * validated: an equal request was valid when the answer was made.
   */
  shared<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B> & { method: "GET"; audience: "anyone"; revalidated: true },
    cache: Cache,
    group: string,
    answer: (call: CallOf<P, Q, B>) => Promise<{ body: unknown; ttlMs: number }>,
  ): void {
    const keyFor = ({ raw }: FastifyRequest): string => `${localeOf(raw.headers["accept-language"], this.#locale)} ${raw.url}`;
    const send = (request: FastifyRequest, reply: FastifyReply, cached: CachedResponse): void => {
      const body = encoded.get(cached) ?? new Utf8(cached.text);
      encoded.set(cached, body);
      revalidate(request, reply, body);
    };
    const handler: Handler = (request, reply) => {
      const load = async (): Promise<CachedResponse> => {
        const { body, ttlMs } = await answer(this.#call(request));
        return { text: JSON.stringify(body), ttlMs };
      };
      cache
        .read<CachedResponse>({ key: keyFor(request), group, ttlMs: (cached) => cached.ttlMs, load })
        .then((cached) => send(request, reply, cached))
        .catch((error: unknown) => reply.fail(error));
    };
    this.#declare(definition, false, handler, (request, reply, done) => {
      const cached = cache.peek<CachedResponse>({ key: keyFor(request), group });
      if (cached === undefined) done();
      else send(request, reply, cached);
    });
  }

  /** A route that streams its response. Fastify destroys the stream when the client disconnects. */
  stream<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    open: (call: CallOf<P, Q, B>) => Readable | Promise<Readable>,
  ): void {
    this.#declare({ ...definition, streams: true }, false, async (request, reply) => {
      const stream = await open(this.#call(request));
      // Tells reverse proxies not to buffer the response.
      return reply
        .type(definition.mediaType ?? JSON_TYPE)
        .header("x-accel-buffering", "no")
        .send(stream);
    });
  }

  /** A route whose answer is a stream of events that all listeners share. */
  broadcast<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    find: (call: CallOf<P, Q, B>) => Promise<{ broadcast: Broadcast; seconds?: number | undefined }>,
  ): void {
    this.#declare({ ...definition, streams: true }, false, async (request, reply) => {
      const { broadcast, seconds } = await find(this.#call(request));
      broadcast.join(request, reply, seconds);
    });
  }

  /** A route that reads lines and answers lines while it reads. It must bear to be repeated: its requests have no Idempotency-Key. */
  lines<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B> & { lines: true },
    open: (call: CallOf<P, Q, B>, body: LineBody) => LineWork,
  ): void {
    const parts = { till: this.#till, journal: this.#journal, locale: this.#locale, closing: this.#closing.signal };
    const handler = lineHandler(parts, definition, (request, body) => open(this.#call(request), body));
    this.#declare({ ...definition, streams: true }, true, handler);
  }

  /**
   * A route with an effect: its submission goes through the till, once per Idempotency-Key. A refusal may be thrown or returned. An operator's
   * request leaves an entry in the operators' journal.
   */
  write<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    submission: (call: CallOf<P, Q, B>) => Submission | Refusal,
  ): void {
    const route = definition.path.replaceAll(/\{(\w+)\}/g, ":$1");
    this.#declare(definition, true, (request, reply) => {
      const call = this.#call<P, Q, B>(request);
      const { method, params, body, raw } = request;
      const header = raw.headers["idempotency-key"];
      const key = header === undefined ? undefined : requestKey(call.caller.id, header, { method, route, params, body });
      const entry = this.#journal.draftOf(definition, request);
      const submitted = entry === undefined ? submission(call) : orRefusal(() => submission(call));
      if (submitted instanceof Refusal) return this.#journal.refuse(reply, submitted, entry);
      const gone = (): boolean => raw.socket.destroyed;
      execute(submitted, { till: this.#till, key, locale: call.locale, gone, entry })
        .then((response) => respond(reply, response))
        .catch((error: unknown) => reply.fail(error));
    });
  }

  readonly #rejectIfOverloaded: onRequestHookHandler = (_request, reply, done) => {
    const refusal = this.#till.rejectIfOverloaded();
    if (refusal) reply.refuse(refusal);
    else done();
  };

  #call<P extends TSchema, Q extends TSchema, B extends TSchema>(request: FastifyRequest): CallOf<P, Q, B> {
    const { caller, params, query, body, raw } = request;
    const locale = localeOf(raw.headers["accept-language"], this.#locale);
    return { caller, params, query, body, locale, keyed: raw.headers["idempotency-key"] !== undefined } as CallOf<P, Q, B>;
  }

  #declare<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B> & { streams?: true },
    writes: boolean,
    handler: Handler,
    onRequest?: onRequestHookHandler,
  ): void {
    const { method, path, audience, params, query, body, faults = {}, unlimited = false, optionalToken = false, bulk = false } = definition;
    const { permission, shape, streams = false, revalidated = false, lines = false } = definition;
    const ids = idNames(params);
    if (method !== "GET" && audience !== "anyone" && !writes) throw new Error(`${method} ${path} bypasses the operators' journal`);
    if (audience !== "anyone" && permission === undefined) throw new Error(`${method} ${path} names no permission`);
    this.operations.push({ definition, refusals: refusalsOf(definition, writes && !lines), writes: writes && !lines });
    // Shape comes before authority: an invalid request to an operators' route is 400 for a shopper too.
    const check: preHandlerHookHandler = (request, reply, done) => {
      if (ids.length > 0) lowerIds(request.params as Record<string, string>, ids);
      if (writes) checkKey(request.raw.headers["idempotency-key"]);
      shape?.(this.#call<P, Q, B>(request));
      const refusal = authorize(definition, request, writes);
      if (refusal === undefined) done();
      else this.#journal.refuse(reply, refusal, writes ? this.#journal.draftOf(definition, request) : undefined);
    };
    this.#server.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
      ...(bulk ? { bodyLimit: BULK_BODY_LIMIT_BYTES } : {}),
      config: {
        audience,
        faults,
        body: lines ? "lines" : body === undefined ? "none" : "json",
        unlimited,
        optionalToken,
        isWhole: !streams,
        ...(revalidated ? { vary: REVALIDATED_VARY } : {}),
      },
      schema: { ...(params ? { params } : {}), ...(query ? { querystring: query } : {}), ...(body && !lines ? { body } : {}) },
      // Overload is checked before the body is read: in a flash sale reading and validating would take most of the time.
      ...(writes && audience !== "operator" ? { onRequest: this.#rejectIfOverloaded } : {}),
      ...(onRequest ? { onRequest } : {}),
      ...(audience === "owner" ? { preValidation: resolveMe } : {}),
      preHandler: check,
      handler,
    });
  }
}

/** Sends a body with its entity tag, or 304 to a client that has it. */
function revalidate({ raw }: FastifyRequest, reply: FastifyReply, body: Utf8): void {
  const isKnown = hasTag(raw.headers["if-none-match"], body.tag);
  reply.answer(isKnown ? 304 : 200, isKnown ? null : body, JSON_TYPE, cachingHeaders(body.tag, raw.headers.authorization !== undefined));
}

const REPLAYED: readonly string[] = ["idempotent-replayed", "true"];
const NOT_REPLAYED: readonly string[] = [];

function respond(reply: FastifyReply, { status, body, replayed }: { status: number; body: string; replayed: boolean }): void {
  const headers = replayed ? REPLAYED : NOT_REPLAYED;
  if (status < 400) reply.answer(status, body === "" ? null : body, JSON_TYPE, headers);
  else reply.answer(status, body, PROBLEM_TYPE, headers, /"code":"(\w+)"/.exec(body)?.[1] ?? "");
}
