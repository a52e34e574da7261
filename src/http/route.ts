// How a route is declared. Whoever declares one says who may call it, what it takes, what it answers and every way in which it may
// refuse; checking, authority, idempotency and the OpenAPI document follow from that, so no route can forget one of them.

import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import type { Static, TSchema } from "typebox";
import type { Cache } from "../cache/cache.ts";
import { Refusal, type RefusalCode, refuse } from "../refusal.ts";
import type { Till } from "../till/till.ts";
import type { Caller } from "./tokens.ts";
import { BULK_BODY_LIMIT_BYTES } from "./body-limit.ts";
import { checkKey, requestKey } from "../idempotency/request-key.ts";
import { type Locale, localeOf, PROBLEM_TYPE } from "../problem.ts";
import { execute, type Submission } from "./submission.ts";

export { perform, type Submission, submit } from "./submission.ts";

/** `owner`: the path's `userId` must be the caller's own, unless an operator calls. */
export type Audience = "anyone" | "shopper" | "owner" | "operator";

/**
 * A checked request. `caller` is there for every audience but `anyone`, where it is null unless the route has `optionalToken` and the token is good;
 * `keyed` tells whether the request came with an Idempotency-Key.
 */
export type Call<Params, Query, Body> = { caller: Caller; params: Params; query: Query; body: Body; locale: Locale; keyed: boolean };

/** What is said of every route. `faults` gives a field its own refusal code: `params/userId`, `body/amount`. */
export type RouteDefinition<P extends TSchema, Q extends TSchema, B extends TSchema> = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  operationId: string;
  audience: Audience;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  answers: Record<number, TSchema | null>;
  refusals?: RefusalCode[];
  faults?: Record<string, RefusalCode>;
  /** What no schema can say of a request's shape: may refuse, before anybody asks who may do it. */
  shape?: (call: CallOf<P, Q, B>) => void;
  /** Of the answers, where that is not JSON. */
  mediaType?: string;
  /** Takes many things at once: its body may be larger than others. Operators' routes only. */
  bulk?: true;
  /** Whoever asks gets an answer, whatever RATE_LIMIT says. */
  unlimited?: true;
  /** For `anyone`: a valid token is read, and the answer may depend on its caller. Without one `caller` is null. */
  optionalToken?: true;
};

type CallOf<P extends TSchema, Q extends TSchema, B extends TSchema> = Call<Static<P>, Static<Q>, Static<B>>;

/** A declared route, for the document. */
export type Operation = { facts: RouteDefinition<TSchema, TSchema, TSchema>; refusals: RefusalCode[]; writes: boolean };

/** Answers by itself. What it throws at once is refused at once; it never gives back the reply, which would be waited for. */
type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<void> | void;

export class Routes {
  readonly #server: FastifyInstance;
  readonly #till: Till;
  readonly #locale: Locale;
  /** Everything that was declared so far. */
  readonly operations: Operation[] = [];

  constructor(server: FastifyInstance, till: Till, locale: Locale) {
    this.#server = server;
    this.#till = till;
    this.#locale = locale;
  }

  /** A route that changes nothing. Its answer is the body, or a string that is written as it should go out already. */
  read<P extends TSchema, Q extends TSchema, B extends TSchema>(facts: RouteDefinition<P, Q, B>, answer: (call: CallOf<P, Q, B>) => unknown): void {
    this.#declare(facts, false, async (request, reply) => {
      const body = await answer(this.#call(request));
      reply.type(facts.mediaType ?? JSON_TYPE).send(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  /**
   * A route that answers everybody alike and is kept in a group of the cache. While it is good, whoever asks in the same words gets it before
   * the request is looked at any further: it was good when the answer was made.
   */
  shared<P extends TSchema, Q extends TSchema, B extends TSchema>(
    facts: RouteDefinition<P, Q, B> & { method: "GET"; audience: "anyone" },
    cache: Cache,
    group: string,
    answer: (call: CallOf<P, Q, B>) => Promise<{ body: unknown; ttlMs: number }>,
  ): void {
    type Kept = { text: string; ttlMs: number };
    const key = ({ url, headers }: FastifyRequest): string => `${localeOf(headers["accept-language"], this.#locale)} ${url}`;
    const handler: Handler = async (request, reply) => {
      const { text } = await cache.read<Kept>({
        key: key(request),
        group,
        ttlMs: (kept) => kept.ttlMs,
        load: async () => {
          const { body, ttlMs } = await answer(this.#call(request));
          return { text: JSON.stringify(body), ttlMs };
        },
      });
      reply.type(JSON_TYPE).send(text);
    };
    this.#declare(facts, false, handler, (request, reply, done) => {
      const kept = cache.peek<Kept>({ key: key(request), group });
      if (kept === undefined) done();
      else reply.type(JSON_TYPE).send(kept.text);
    });
  }

  /** A route that goes on answering: what `open` gives is written as it comes, and let go of when the caller leaves. */
  stream<P extends TSchema, Q extends TSchema, B extends TSchema>(facts: RouteDefinition<P, Q, B>, open: (call: CallOf<P, Q, B>) => Readable): void {
    this.#declare(facts, false, (request, reply) => {
      const stream = open(this.#call(request));
      // Proxies that gather answers must not gather this one.
      reply
        .type(facts.mediaType ?? JSON_TYPE)
        .header("x-accel-buffering", "no")
        .send(stream);
    });
  }

  /**
   * A route that changes something: it names a command, which goes through the till, once per Idempotency-Key. A refusal may be
   * thrown or given back.
   */
  write<P extends TSchema, Q extends TSchema, B extends TSchema>(
    facts: RouteDefinition<P, Q, B>,
    submission: (call: CallOf<P, Q, B>) => Submission | Refusal,
  ): void {
    this.#declare(facts, true, (request, reply) => {
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

  readonly #turnAway: onRequestHookHandler = (_request, reply, done) => {
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
    facts: RouteDefinition<P, Q, B>,
    writes: boolean,
    handler: Handler,
    first?: onRequestHookHandler,
  ): void {
    const { method, path, audience, params, query, body, faults = {}, unlimited = false, optionalToken = false, bulk = false } = facts;
    this.operations.push({ facts, refusals: refusalsOf(facts, writes), writes });
    this.#server.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
      ...(bulk ? { bodyLimit: BULK_BODY_LIMIT_BYTES } : {}),
      config: { audience, faults, takesBody: body !== undefined, unlimited, optionalToken },
      schema: { ...(params ? { params } : {}), ...(query ? { querystring: query } : {}), ...(body ? { body } : {}) },
      // Whoever would be told so in the end is told before the body is read: in a rush that is what most of the time would go into.
      ...(writes && audience !== "operator" ? { onRequest: this.#turnAway } : {}),
      ...(first ? { onRequest: first } : {}),
      // Authority comes after shape: a shopper who sends nonsense to an operator's route is told that it is nonsense.
      preHandler: (request, _reply, done) => {
        if (writes) checkKey(request.headers["idempotency-key"]);
        facts.shape?.(this.#call<P, Q, B>(request));
        authorize(audience, request);
        done();
      },
      handler,
    });
  }
}

const JSON_TYPE = "application/json; charset=utf-8";

function authorize(audience: Audience, request: FastifyRequest): void {
  if (audience === "anyone") return;
  const { caller } = request;
  if (caller === null) throw new Error("a route for known callers was reached without one");
  if (caller.role === "operator") return;
  if (audience === "operator") refuse("FORBIDDEN");
  if (audience === "owner" && (request.params as { userId: string }).userId !== caller.id) refuse("FORBIDDEN");
}

/** Every way in which an operation may say no: its own, and those that follow from what it takes and who may call it. */
function refusalsOf(
  { audience, params, query, body, refusals = [], faults = {}, unlimited }: RouteDefinition<TSchema, TSchema, TSchema>,
  writes: boolean,
): RefusalCode[] {
  return [
    ...new Set<RefusalCode>([
      ...(params || query || body || writes ? (["INVALID_REQUEST"] as const) : []),
      ...Object.values(faults),
      ...(audience === "anyone" ? [] : (["UNAUTHENTICATED"] as const)),
      ...(audience === "owner" || audience === "operator" ? (["FORBIDDEN"] as const) : []),
      ...refusals,
      ...(writes || body ? (["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
      ...(writes ? (["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "BUSY"] as const) : []),
      ...(unlimited ? [] : (["TOO_MANY_REQUESTS"] as const)),
      "UNAVAILABLE",
      "INTERNAL",
    ]),
  ];
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
    /** Why nobody knows who calls. */
    authenticationError: Error | null;
    /** What was wrong with the body. */
    bodyError: Error | null;
  }
  interface FastifyReply {
    /** The code of the refusal that it is. */
    refusal: string | null;
    /** Says no without its being thrown: what thousands are told costs half. */
    refuse(refusal: Refusal): void;
  }
  interface FastifyContextConfig {
    audience?: Audience;
    faults?: Record<string, RefusalCode>;
    takesBody?: boolean;
    unlimited?: boolean;
    optionalToken?: boolean;
    /** A page, or a part of one. */
    page?: boolean;
  }
}
