// Declarations of routes. A route declares its audience, inputs, answers and refusals; checks, authorization, idempotency and the
// OpenAPI document follow from that, so no route can forget one of them.

import type { Static, TSchema } from "typebox";
import type { RefusalCode } from "../refusal.ts";
import type { Locale } from "../problem.ts";
import type { Permission } from "./permissions.ts";
import type { Caller } from "./caller.ts";
import type { Tag } from "./openapi/tags.ts";

/** `owner`: the path's `userId` must be the caller's own, unless an operator calls. */
export type Audience = "anyone" | "shopper" | "owner" | "operator";

/**
 * A validated request. `caller` exists for every audience but `anyone`; there it is null, unless the route has `optionalToken` and the token is valid.
 * `keyed` tells whether the request has an Idempotency-Key.
 */
export type Call<Params, Query, Body> = { caller: Caller; params: Params; query: Query; body: Body; locale: Locale; keyed: boolean };
export type CallOf<P extends TSchema, Q extends TSchema, B extends TSchema> = Call<Static<P>, Static<Q>, Static<B>>;

export type RouteDefinition<P extends TSchema, Q extends TSchema, B extends TSchema> = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  operationId: string;
  audience: Audience;
  /** The permission that an operator needs. Every route but a public one has one. */
  permission?: Permission;
  tag: Tag;
  summary: string;
  description: string;
  params?: P;
  query?: Q;
  body?: B;
  /** Schemas of the responses by status; null for a response without a body. */
  answers: Record<number, TSchema | null>;
  refusals?: RefusalCode[];
  /** Refusal codes of single fields: `params/userId`, `body/amount`. */
  faults?: Record<string, RefusalCode>;
  /** Checks a request's shape beyond its schemas. It may refuse, and runs before authorization. */
  shape?: (call: CallOf<P, Q, B>) => void;
  /** Media type of the answers, if it is not JSON. */
  mediaType?: string;
  /** Bulk route with a larger body limit. Operators' routes only. */
  bulk?: true;
  /** The body is a stream of lines (NDJSON), each of the schema `body`, and so is the answer. */
  lines?: true;
  /** Exempt from RATE_LIMIT. */
  unlimited?: true;
  /** For GET and `anyone`: answers carry an entity tag, and a client that has the same answer gets 304 instead. */
  revalidated?: true;
  /** For `anyone`: a valid token is read, and the answer may depend on its caller. Without one `caller` is null. */
  optionalToken?: true;
};

/** A declared route, as the OpenAPI document sees it. */
export type Operation = { definition: RouteDefinition<TSchema, TSchema, TSchema>; refusals: RefusalCode[]; writes: boolean };

/** All refusals of a route: those that it declares, and those that follow from its inputs and audience. */
export function refusalsOf(
  { audience, params, query, body, refusals = [], faults = {}, unlimited }: RouteDefinition<TSchema, TSchema, TSchema>,
  writes: boolean,
): RefusalCode[] {
  return [
    ...new Set<RefusalCode>([
      ...(params || query || body || writes ? (["INVALID_REQUEST"] as const) : []),
      ...Object.values(faults),
      ...(audience === "anyone" ? [] : (["UNAUTHENTICATED"] as const)),
      ...(audience === "anyone" ? [] : (["FORBIDDEN"] as const)),
      ...refusals,
      ...(writes || body ? (["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
      ...(writes ? (["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "BUSY"] as const) : []),
      ...(unlimited ? [] : (["TOO_MANY_REQUESTS"] as const)),
      "UNAVAILABLE",
      "INTERNAL",
    ]),
  ];
}
