import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Authenticator, Caller } from "./tokens.ts";

function isPublic(request: FastifyRequest): boolean {
  return (request.routeOptions.config.audience ?? "anyone") === "anyone";
}

function readsToken({ routeOptions: { config }, headers }: FastifyRequest, counted: boolean): boolean {
  return headers.authorization !== undefined && (counted || config.optionalToken === true);
}

/**
 * Finds out who calls, or else (`stranger`) why nobody knows. Where anyone may call, a token matters only to the rate limit and to routes that show some callers more.
 * Without a promise unless a key has still to be fetched, so that requests keep their order.
 */
export function authenticate(server: FastifyInstance, authenticator: Authenticator, counted: boolean): void {
  // Whoever forgets to say who may call a route would have said everybody. (Those of the reference are a library's own, for everybody.)
  server.addHook("onRoute", ({ url, config }) => {
    if (config?.audience === undefined && config?.page !== true && !/^\/docs(\/|$)/.test(url)) throw new Error(`${url} does not say who may call it`);
  });
  server.decorateRequest("caller", null);
  server.decorateRequest("stranger", null);
  server.addHook("onRequest", (request, _reply, done) => {
    const { authorization } = request.headers;
    if (isPublic(request) && !readsToken(request, counted)) return done();
    const known = (caller: Caller): void => {
      request.caller = caller;
      done();
    };
    const unknown = (error: Error): void => {
      request.authenticationError = error;
      done();
    };
    let caller: Caller | Promise<Caller>;
    try {
      caller = authenticator.callerOf(authorization);
    } catch (error) {
      return unknown(error as Error);
    }
    if (caller instanceof Promise) void caller.then(known, unknown);
    else known(caller);
  });
}

/** Turns strangers away where not everybody may call. What callers are told is for them alone. */
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
