// Opens the HTTP server with all routes, not listening yet.

import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { backlogChecks, type BacklogReader } from "../backlog/backlog.ts";
import type { CachedAccounts } from "../balance/accounts.ts";
import { HttpMetrics } from "../http/metrics.ts";
import { type OnAnswered, requestLog } from "../http/request-log.ts";
import { createServer } from "../http/server.ts";
import { authenticator } from "../http/tokens.ts";
import type { Live } from "../live/live.ts";
import type { ShopTelemetry } from "../telemetry/shop-telemetry.ts";
import { Rehearsals } from "../rehearsal/rehearsals.ts";
import { openSignIn } from "../sign-in/open-sign-in.ts";
import { signInRoutes } from "../sign-in/sign-in.routes.ts";
import { declareRoutes, type ShopParts } from "./routes.ts";
import type { SharedState } from "./shared-state.ts";

export type OpenHttpOptions = {
  shop: ShopParts;
  accounts: CachedAccounts;
  live: Live;
  shared: SharedState;
  registry: Registry;
  backlog: BacklogReader;
  /** Signs the shop's own tokens. */
  secret: string;
  log: Logger;
  /** Whether the till can be reached. */
  isReachable: () => boolean;
  /** Ends the calls to the payment gateway. */
  stopGateway: () => void;
  telemetry: ShopTelemetry | undefined;
};

/** How long a shutdown waits for requests that wait for the payment gateway. */
const GATEWAY_PATIENCE_MS = 4000;

/** Opens it, and adds to `stack` how to close it. */
export async function openHttp(
  stack: AsyncDisposableStack,
  { shop, accounts, live, shared, registry, backlog, secret, log, isReachable, stopGateway, telemetry }: OpenHttpOptions,
): Promise<{ server: FastifyInstance; rehearsals: Rehearsals }> {
  const { config, database } = shop;
  const tokens = authenticator(config.auth, secret, { accounts });
  const signIn = openSignIn(config.oidc, { database, authenticator: tokens, auth: config.auth, log });
  const server = createServer({
    config,
    authenticator: signIn?.sessions.authenticator() ?? tokens,
    metrics: new HttpMetrics(registry, live),
    rates: shared.rates,
    onFault: (error, requestId) => log.error({ err: error, requestId }, "a request failed with an unexpected error"),
    onAnswered: inTurn(telemetry?.http.onAnswered, requestLog(log, telemetry?.http.traceOf)),
  });
  telemetry?.http.follow(server);
  server.addHook("preClose", (done) => {
    live.stop();
    shop.dropLive.stop();
    done();
  });
  const rehearsals = new Rehearsals({ shop, live, secret, onError: (error) => log.error({ err: error }, "a rehearsal failed") });
  stack.defer(async () => {
    // Requests that wait for an unresponsive gateway end in time. Settlement finishes their attempts after the next start.
    const timer = setTimeout(stopGateway, GATEWAY_PATIENCE_MS);
    await rehearsals.close();
    await server.close();
    clearTimeout(timer);
  });
  const state = () => ({ cards: config.gateway.kind, ...shared.state() });
  const operations = { database, registry, isReachable, state, backlog: () => backlogChecks(backlog) };
  await declareRoutes(server, { shop, live, rehearsals, operations, secret });
  signInRoutes(server, signIn);
  return { server, rehearsals };
}

function inTurn(first: OnAnswered | undefined, second: OnAnswered | undefined): OnAnswered | undefined {
  if (!first || !second) return first ?? second;
  return (request, reply) => {
    first(request, reply);
    second(request, reply);
  };
}
