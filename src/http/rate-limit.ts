import rateLimit, { type FastifyRateLimitStoreCtor, normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import type { TrustedProxies } from "../config.ts";
import { refuse } from "../refusal.ts";
import { clientAddressReader } from "./client-address.ts";

/** How many callers are counted. Beyond that the least recent ones are forgotten and start again at zero. */
const MAX_CALLERS = 100_000;

/**
 * A hook that allows each caller a number of requests per second and refuses the rest with TOO_MANY_REQUESTS. A caller is a token's `sub`; without a valid
 * token it is the address, for IPv6 its /64 network, which belongs to one subscriber.
 * @param trustProxy the proxies whose X-Forwarded-For is trusted
 * @param shared a store that counts over all instances; undefined: each instance counts for itself
 */
export function rateLimiter(
  server: FastifyInstance,
  { perSecond, trustProxy, shared }: { perSecond: number; trustProxy: TrustedProxies | undefined; shared: FastifyRateLimitStoreCtor | undefined },
): onRequestAsyncHookHandler {
  const addressOf = clientAddressReader(trustProxy);
  const nameOf = ({ caller, raw }: FastifyRequest): string => (caller ? `caller ${caller.id}` : `ip ${normalizeIP(addressOf(raw))}`);
  server.register(rateLimit, {
    global: false,
    max: perSecond,
    timeWindow: 1000,
    cache: MAX_CALLERS,
    keyGenerator: nameOf,
    ...(shared ? { store: shared } : {}),
  });

  let count: ReturnType<FastifyInstance["createRateLimit"]>;
  server.addHook("onReady", (done) => {
    count = server.createRateLimit();
    done();
  });
  return async (request) => {
    const result = await count(request);
    if (!result.isAllowed && result.isExceeded) refuse("TOO_MANY_REQUESTS", { retryAfter: Math.max(1, result.ttlInSeconds) });
  };
}
