// Authentication of requests by their bearer tokens.

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Caller } from "./caller.ts";
import type { Authenticator } from "./tokens.ts";

function isPublic(request: FastifyRequest): boolean {
  return (request.routeOptions.config.audience ?? "anyone") === "anyone";
}

function readsToken({ routeOptions: { config }, headers }: FastifyRequest, rateLimited: boolean): boolean {
  return headers.authorization !== undefined && (rateLimited || config.optionalToken === true);
}

/**
 * Sets each request's caller, or the reason why the token was refused (`authenticationError`). On public routes a token matters
 * only to the rate limit and to routes with `optionalToken`.
 * Runs synchronously unless a key has to be fetched, so that requests keep their order.
 */
export function authenticate(server: FastifyInstance, authenticator: Authenticator, rateLimited: boolean): void {
  // Without this check a route that declares no audience would be public. The API reference's own routes are exempt.
  server.addHook("onRoute", ({ url, config }) => {
    if (config?.audience === undefined && config?.page !== true && !/^\/docs(\/|$)/.test(url)) throw new Error(`${url} declares no audience`);
  });
  server.decorateRequest("caller", null);
  server.decorateRequest("authenticationError", null);
  server.addHook("onRequest", (request, _reply, done) => {
    const { authorization } = request.headers;
    if (isPublic(request) && !readsToken(request, rateLimited)) return done();
    const accept = (caller: Caller): void => {
      request.caller = caller;
      done();
    };
    const reject = (error: Error): void => {
      request.authenticationError = error;
      done();
    };
    let caller: Caller | Promise<Caller>;
    try {
      caller = authenticator.callerOf(authorization);
    } catch (error) {
      return reject(error as Error);
    }
    if (caller instanceof Promise) void caller.then(accept, reject);
    else accept(caller);
  });
}

/** Refuses unauthenticated requests on routes that are not public, and keeps responses to callers out of shared caches. */
export function rejectUnauthenticated(server: FastifyInstance): void {
  server.addHook("onRequest", (request, reply, done) => {
    if (isPublic(request)) {
      if (request.routeOptions.config.optionalToken) reply.header("vary", "Authorization");
      if (request.routeOptions.config.optionalToken && request.caller) reply.header("cache-control", "no-store");
      return done();
    }
    reply.header("cache-control", "no-store");
    done(request.authenticationError ?? undefined);
  });
}
