// Authentication of requests by their bearer tokens.

import type { onRequestHookHandler } from "fastify";
import type { Caller } from "./caller.ts";
import type { RoutePlan } from "./route-plan.ts";
import type { Authenticator } from "./tokens.ts";

/**
 * The first hook of a route: notes the route's plan, and sets the request's caller. A request without a valid token is refused, unless the
 * route is public. On public routes a token matters only to the rate limit and to routes with `optionalToken`.
 * Runs synchronously unless a key has to be fetched, so that requests keep their order.
 * @param rateLimited attempts to guess tokens are to be counted first: `rejectUnauthenticated` refuses them afterwards
 */
export function authenticate(plan: RoutePlan, authenticator: Authenticator, rateLimited: boolean): onRequestHookHandler {
  const isPublic = plan.audience === "anyone";
  if (isPublic && !plan.optionalToken && !rateLimited)
    return (_request, reply, done) => {
      reply.plan = plan;
      done();
    };
  return (request, reply, done) => {
    reply.plan = plan;
    const { authorization } = request.raw.headers;
    if (isPublic && authorization === undefined) return done();
    const reject = (error: Error): void => {
      request.authenticationError = error;
      done(isPublic || rateLimited ? undefined : error);
    };
    let caller: Caller | Promise<Caller>;
    try {
      caller = authenticator.callerOf(authorization, request.raw);
    } catch (error) {
      return reject(error as Error);
    }
    if (caller instanceof Promise)
      return void caller.then((found) => {
        request.caller = found;
        done();
      }, reject);
    request.caller = caller;
    done();
  };
}

/** Refuses requests without a valid token on routes that are not public. */
export const rejectUnauthenticated: onRequestHookHandler = (request, reply, done) => {
  done(reply.plan?.audience === "anyone" ? undefined : (request.authenticationError ?? undefined));
};
