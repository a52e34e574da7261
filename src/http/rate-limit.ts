import rateLimit, { type FastifyRateLimitStoreCtor, normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TrustedProxies } from "../config.ts";
import { clientAddressReader } from "./client-address.ts";
import { refuse } from "../refusal.ts";

/** Beyond as many callers within a second the ones longest silent are forgotten, and begin anew. */
const CALLERS_KEPT = 100_000;

/**
 * Lets each caller do so much in a second and answers TOO_MANY_REQUESTS beyond it. A caller is a token's `sub`; without a good token
 * the address, or for IPv6 the network of 64 bits that one subscriber has. Probes and Prometheus are let through (`unlimited`).
 * @param trustProxy whose word on the address is taken
 * @param shared counts over all instances; this one counts for itself, unless given
 */
export function limitRates(
  server: FastifyInstance,
  { perSecond, trustProxy, shared }: { perSecond: number; trustProxy: TrustedProxies | undefined; shared: FastifyRateLimitStoreCtor | undefined },
): void {
  const addressOf = clientAddressReader(trustProxy);
  const nameOf = ({ caller, raw }: FastifyRequest): string => (caller ? `caller ${caller.id}` : `ip ${normalizeIP(addressOf(raw))}`);
  server.register(rateLimit, {
    global: false,
    max: perSecond,
    timeWindow: 1000,
    cache: CALLERS_KEPT,
    keyGenerator: nameOf,
    ...(shared ? { store: shared } : {}),
  });

  let count: ReturnType<FastifyInstance["createRateLimit"]>;
  server.addHook("onReady", (done) => {
    count = server.createRateLimit();
    done();
  });
  server.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.unlimited) return;
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) refuse("TOO_MANY_REQUESTS", { retryAfter: Math.max(1, counted.ttlInSeconds) });
  });
}
