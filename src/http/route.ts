// How a route is declared. Whoever declares one says who may call it, what it takes, what it answers and every way in which it may
// refuse; checking, authority, idempotency and the OpenAPI document follow from that, so no route can forget one of them.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import type { RefusalCode } from "../refusal.ts";
import { REFUSALS, refuse } from "../refusal.ts";
import type { Command } from "../till/command.ts";
import type { Till } from "../till/till.ts";
import type { Caller } from "./auth.ts";
import { type Key, type KeyedAnswer, keptAnswer, keyOf, once } from "./idempotency.ts";
import { type Locale, localeOf, PROBLEM_TYPE, type Rendered } from "./problem.ts";
import { problemSchema } from "./schemas.ts";

/** `owner`: the path's `userId` must be the caller's own, unless an operator calls. */
export type Audience = "anyone" | "shopper" | "owner" | "operator";

/** A checked request. `caller` is there for every audience but `anyone`; `keyed` tells whether it came with an Idempotency-Key. */
export type Call<Params, Query, Body> = { caller: Caller; params: Params; query: Query; body: Body; locale: Locale; keyed: boolean };

/** What is said of every route. `faults` gives a field its own refusal code: `params/userId`, `body/amount`. */
export type RouteFacts<P extends TSchema, Q extends TSchema, B extends TSchema> = {
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
  /** Whoever asks gets an answer, whatever RATE_LIMIT says. */
  unlimited?: true;
};

type CallOf<P extends TSchema, Q extends TSchema, B extends TSchema> = Call<Static<P>, Static<Q>, Static<B>>;

/** A command on its way to the till, with the answer that its result becomes. */
export type Submission = { to(till: Till, key: Key | undefined, locale: Locale, gone: () => boolean): Promise<KeyedAnswer> };

/** Submits a command and answers its result: 200 unless said otherwise, the result itself unless a view of it is given. */
export function submit<Input, Answer>(command: Command<Input, Answer>, input: Input, status = 200, view: (answer: Answer) => unknown = (answer) => answer): Submission {
  const render = (answer: Answer): Rendered => ({ status, body: status === 204 ? "" : JSON.stringify(view(answer)) });
  return {
    to: (till, key, locale, gone) =>
      key ? till.submit(once(command, key, render, locale), input, gone) : till.submit(command, input, gone).then((answer) => ({ ...render(answer), replayed: false })),
  };
}

/**
 * Work that is not the till's (a job, a replay), with its answer. Under a key it may be done twice when two ask at the same moment,
 * so it must bear that; both get the answer that was kept first.
 */
export function perform(work: () => Promise<unknown>, status = 200): Submission {
  return {
    async to(till, key, locale, gone) {
      const kept = key && (await till.submit(keptAnswer(key), null, gone));
      if (kept) return kept;
      const answer = await work();
      return submit({ name: "keep answer", needs: () => [], decide: () => answer }, null, status).to(till, key, locale, gone);
    },
  };
}

export class Routes {
  readonly #server: FastifyInstance;
  readonly #till: Till;
  readonly #locale: Locale;

  constructor(server: FastifyInstance, till: Till, locale: Locale) {
    this.#server = server;
    this.#till = till;
    this.#locale = locale;
  }

  /** A route that changes nothing. Its answer is the body, or a string that is JSON already. */
  read<P extends TSchema, Q extends TSchema, B extends TSchema>(facts: RouteFacts<P, Q, B>, answer: (call: CallOf<P, Q, B>) => unknown): void {
    this.#declare(facts, [], async (request, reply) => {
      const body = await answer(this.#call(request));
      return reply.type("application/json; charset=utf-8").send(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  /** A route that changes something: it names a command, which goes through the till, once per Idempotency-Key. */
  write<P extends TSchema, Q extends TSchema, B extends TSchema>(facts: RouteFacts<P, Q, B>, submission: (call: CallOf<P, Q, B>) => Submission): void {
    this.#declare(facts, ["IDEMPOTENCY_KEY_REUSED", "BUSY"], async (request, reply) => {
      const key = keyOf(request.headers["idempotency-key"], (request.caller as Caller).id, request);
      const call = this.#call<P, Q, B>(request, key !== undefined);
      const gone = (): boolean => request.raw.socket.destroyed;
      const { status, body, replayed } = await submission(call).to(this.#till, key, call.locale, gone);
      if (replayed) reply.header("idempotent-replayed", "true");
      reply.code(status);
      if (body !== "") reply.type(status < 400 ? "application/json; charset=utf-8" : PROBLEM_TYPE);
      return reply.send(body === "" ? undefined : body);
    });
  }

  #call<P extends TSchema, Q extends TSchema, B extends TSchema>(request: FastifyRequest, keyed = false): CallOf<P, Q, B> {
    const { caller, params, query, body } = request;
    return { caller, params, query, body, locale: localeOf(request.headers["accept-language"], this.#locale), keyed } as CallOf<P, Q, B>;
  }

  #declare<P extends TSchema, Q extends TSchema, B extends TSchema>(
    facts: RouteFacts<P, Q, B>,
    ownRefusals: RefusalCode[],
    handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  ): void {
    const { method, path, audience, params, query, body } = facts;
    const refusals = allRefusals(facts, ownRefusals);
    this.#server.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
      config: { audience, faults: facts.faults ?? {}, takesBody: body !== undefined, unlimited: facts.unlimited ?? false },
      schema: {
        operationId: facts.operationId,
        tags: [facts.tag],
        summary: facts.summary,
        ...(facts.description ? { description: facts.description } : {}),
        ...(params ? { params } : {}),
        ...(query ? { querystring: query } : {}),
        ...(body ? { body } : {}),
        ...(audience === "anyone" ? {} : { security: [{ bearer: [] }] }),
        response: responses(facts.answers, refusals),
      },
      preHandler: async (request) => authorize(audience, request),
      handler,
    });
  }
}

/** Authority comes after shape: a shopper who sends nonsense to an operator's route is told that it is nonsense. */
function authorize(audience: Audience, request: FastifyRequest): void {
  if (audience === "anyone") return;
  const { caller } = request;
  if (caller === null) throw new Error("a route for known callers was reached without one");
  if (caller.role === "operator") return;
  if (audience === "operator") refuse("FORBIDDEN");
  if (audience === "owner" && (request.params as { userId: string }).userId !== caller.id) refuse("FORBIDDEN");
}

function allRefusals({ audience, params, query, body, refusals = [], faults = {} }: RouteFacts<TSchema, TSchema, TSchema>, own: RefusalCode[]): RefusalCode[] {
  return [
    ...new Set<RefusalCode>([
      ...(params || query || body || own.length > 0 ? (["INVALID_REQUEST"] as const) : []),
      ...Object.values(faults),
      ...(audience === "anyone" ? [] : (["UNAUTHENTICATED"] as const)),
      ...(audience === "owner" || audience === "operator" ? (["FORBIDDEN"] as const) : []),
      ...(body ? (["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
      ...refusals,
      ...own,
      "TOO_MANY_REQUESTS",
      "UNAVAILABLE",
      "INTERNAL",
    ]),
  ];
}

/** The answers, and one problem document per status with the codes that this operation can give. */
function responses(answers: Record<number, TSchema | null>, refusals: RefusalCode[]): Record<string, unknown> {
  const byStatus = new Map<number, RefusalCode[]>();
  for (const code of refusals) {
    const { status } = REFUSALS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const good = Object.entries(answers).map(([status, schema]) => [status, schema ?? { type: "null", description: "Nothing" }]);
  const bad = [...byStatus].map(([status, codes]) => [String(status), { description: codes.join(", "), content: { "application/problem+json": { schema: problemSchema(codes) } } }]);
  return Object.fromEntries([...good, ...bad]);
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
    /** Why nobody knows who calls. */
    stranger: Error | null;
  }
  interface FastifyContextConfig {
    audience?: Audience;
    faults?: Record<string, RefusalCode>;
    takesBody?: boolean;
    unlimited?: boolean;
  }
}
