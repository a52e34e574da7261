// Rate limits counted over all instances. While Redis is unavailable each instance counts for
// itself, so a caller that uses all of them gets the limit at each: better than rejecting or
// admitting all callers.

import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { RedisClient } from "./redis-client.ts";
import { lruCache } from "../lru.ts";

/** The first count starts the window. Returns the count and the rest of the window in ms. */
const COUNT = `
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}`;

/** Bounds the memory: beyond this number the least recent callers start from zero again. */
const MAX_CALLERS = 100_000;

/** A rate-limit store for Fastify that counts in Redis and falls back to this process. */
export function sharedRates(client: RedisClient): FastifyRateLimitStoreCtor {
  const windows = lruCache<{ count: number; endsAt: number }>(MAX_CALLERS);

  function countLocally(key: string, windowMs: number): { current: number; ttl: number } {
    const now = performance.now();
    const known = windows.get(key);
    const window = known && known.endsAt > now ? known : { count: 0, endsAt: now + windowMs };
    window.count++;
    windows.set(key, window);
    return { current: window.count, ttl: window.endsAt - now };
  }

  return class SharedRates implements FastifyRateLimitStore {
    incr(key: string, callback: (error: Error | null, result?: { current: number; ttl: number }) => void, windowMs: number): void {
      client
        .run<[number, number]>((redis) => redis.eval(COUNT, 1, `${client.prefix}:rate:${key}`, windowMs))
        .then(
          ([current, ttl]) => callback(null, { current, ttl }),
          () => callback(null, countLocally(key, windowMs)),
        );
    }

    child(): SharedRates {
      return this;
    }
  };
}
