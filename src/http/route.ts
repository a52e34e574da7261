// Adds declared routes to the server (route-definition.ts).

import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, preValidationHookHandler } from "fastify";
import type { TSchema } from "typebox";
import type { Cache } from "../cache/cache.ts";
import { checkKey, requestKey } from "../idempotency/request-key.ts";
import { type Locale, localeOf, PROBLEM_TYPE } from "../problem.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Till } from "../till/till.ts";
import { BULK_BODY_LIMIT_BYTES } from "./body-limit.ts";
import type { Broadcast } from "./broadcast.ts";
import { onBehalf } from "./on-behalf.ts";
import { checkPermission, type Permission } from "./permissions.ts";
import { type CallOf, type Operation, refusalsOf, type RouteDefinition } from "./route-definition.ts";
import { ME } from "./schemas.ts";
import { execute, type Submission } from "./submission.ts";

export { perform, type Submission, submit } from "./submission.ts";

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> | void;

type CachedResponse = { text: string; ttlMs: number };

export class Routes {
  readonly #server: FastifyInstance;
  readonly #till: Till;
  readonly #locale: Locale;
  /** All routes that were declared so far. */
  readonly operations: Operation[] = [];

  constructor(server: FastifyInstance, till: Till, locale: Locale) {
    this.#server = server;
    this.#till = till;
    this.#locale = locale;
  }

  /** A route without effects. `answer` gives the body, or a string that is sent as it is. */
  read<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    answer: (call: CallOf<P, Q, B>) => unknown,
  ): void {
    this.#declare(definition, false, async (request, reply) => {
      const body = await answer(this.#call(request));
      reply.type(definition.mediaType ?? JSON_TYPE).send(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  /**
   * A route whose answer does not depend on the caller and is cached in a group of the cache. A cached answer is sent before the request is
   * validated: an equal request was valid when the answer was made.
   */
  shared<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B> & { method: "GET"; audience: "anyone" },
    cache: Cache,
    group: string,
    answer: (call: CallOf<P, Q, B>) => Promise<{ body: unknown; ttlMs: number }>,
  ): void {
    const keyFor = ({ url, headers }: FastifyRequest): string => `${localeOf(headers["accept-language"], this.#locale)} ${url}`;
    const handler: Handler = async (request, reply) => {
      const { text } = await cache.read<CachedResponse>({
        key: keyFor(request),
        group,
        ttlMs: (cached) => cached.ttlMs,
        load: async () => {
          const { body, ttlMs } = await answer(this.#call(request));
          return { text: JSON.stringify(body), ttlMs };
        },
      });
      reply.type(JSON_TYPE).send(text);
    };
    this.#declare(definition, false, handler, (request, reply, done) => {
      const cached = cache.peek<CachedResponse>({ key: keyFor(request), group });
      if (cached === undefined) done();
      else reply.type(JSON_TYPE).send(cached.text);
    });
  }

  /** A route that streams its response. Fastify destroys the stream when the client disconnects. */
  stream<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    open: (call: CallOf<P, Q, B>) => Readable | Promise<Readable>,
  ): void {
    this.#declare(definition, false, async (request, reply) => {
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
    this.#declare(definition, false, async (request, reply) => {
      const { broadcast, seconds } = await find(this.#call(request));
      broadcast.join(request, reply, seconds);
    });
  }

  /** A route with an effect: its submission goes through the till, once per Idempotency-Key. A refusal may be thrown or returned. */
  write<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    submission: (call: CallOf<P, Q, B>) => Submission | Refusal,
  ): void {
    this.#declare(definition, true, (request, reply) => {
      const call = this.#call<P, Q, B>(request);
      const { method, routeOptions, params, body: requestBody, headers } = request;
      const key = requestKey(call.caller.id, headers["idempotency-key"], { method, route: routeOptions.url ?? "", params, body: requestBody });
      const submitted = submission(call);
      if (submitted instanceof Refusal) return reply.refuse(submitted);
      const gone = (): boolean => request.raw.socket.destroyed;
      return execute(submitted, { till: this.#till, key, locale: call.locale, gone }).then(({ status, body, replayed }) => {
        if (replayed) reply.header("idempotent-replayed", "true");
        reply.code(status);
        if (status >= 400) reply.refusal = /"code":"(\w+)"/.exec(body)?.[1] ?? null;
        if (body !== "") reply.type(status < 400 ? JSON_TYPE : PROBLEM_TYPE);
        reply.send(body === "" ? undefined : body);
      });
    });
  }

  readonly #rejectIfOverloaded: onRequestHookHandler = (_request, reply, done) => {
    const refusal = this.#till.rejectIfOverloaded();
    if (refusal) reply.refuse(refusal);
    else done();
  };

  #call<P extends TSchema, Q extends TSchema, B extends TSchema>(request: FastifyRequest): CallOf<P, Q, B> {
    const { caller, params, query, body, headers } = request;
    return {
      caller,
      params,
      query,
      body,
      locale: localeOf(headers["accept-language"], this.#locale),
      keyed: headers["idempotency-key"] !== undefined,
    } as CallOf<P, Q, B>;
  }

  #declare<P extends TSchema, Q extends TSchema, B extends TSchema>(
    definition: RouteDefinition<P, Q, B>,
    writes: boolean,
    handler: Handler,
    onRequest?: onRequestHookHandler,
  ): void {
    const {
      method,
      path,
      audience,
      permission,
      params,
      query,
      body,
      faults = {},
      unlimited = false,
      optionalToken = false,
      bulk = false,
    } = definition;
    if (audience !== "anyone" && permission === undefined) throw new Error(`${method} ${path} names no permission`);
    this.operations.push({ definition, refusals: refusalsOf(definition, writes), writes });
    this.#server.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
      ...(bulk ? { bodyLimit: BULK_BODY_LIMIT_BYTES } : {}),
      config: { audience, faults, takesBody: body !== undefined, unlimited, optionalToken },
      schema: { ...(params ? { params } : {}), ...(query ? { querystring: query } : {}), ...(body ? { body } : {}) },
      // Overload is checked before the body is read: in a flash sale reading and validating would take most of the time.
      ...(writes && audience !== "operator" ? { onRequest: this.#rejectIfOverloaded } : {}),
      ...(onRequest ? { onRequest } : {}),
      // Shape comes before authority: an invalid request to an operators' route is 400 for a shopper too.
      ...(audience === "owner" ? { preValidation: resolveMe } : {}),
      preHandler: (request, _reply, done) => {
        if (writes) checkKey(request.headers["idempotency-key"]);
        definition.shape?.(this.#call<P, Q, B>(request));
        authorize(definition, request, writes);
        done();
      },
      handler,
    });
  }
}

const JSON_TYPE = "application/json; charset=utf-8";

function authorize({ audience, permission }: RouteDefinition<TSchema, TSchema, TSchema>, request: FastifyRequest, writes: boolean): void {
  if (audience === "anyone") return;
  const { caller } = request;
  if (caller === null) throw new Error("a route for authenticated callers was reached without a caller");
  if (caller.role === "operator") return checkPermission(caller, permission as Permission, writes);
  if (audience === "operator") refuse("FORBIDDEN");
  if (audience === "owner" && (request.params as { userId: string }).userId !== caller.id) refuse("FORBIDDEN");
}

/** `/users/me/…` is the caller's own path. */
const resolveMe: preValidationHookHandler = (request, _reply, done) => {
  const params = request.params as { userId: string };
  if (params.userId === ME && request.caller !== null) params.userId = onBehalf(request.caller, undefined);
  done();
};
