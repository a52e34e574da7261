// Rate limits that count over all instances. While Redis is away each counts for itself, so that a caller who goes round all of them may
// do as much at each: better than refusing everybody, and better than letting everybody in.

import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import { LRUCache } from "lru-cache";
import type { RedisClient } from "./redis-client.ts";

/** Counts, and begins the window with the first. Answers the count and what is left of the window in ms. */
const COUNT = `
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}`;

/** Beyond as many callers those longest silent are forgotten, and begin anew. */
const CALLERS_KEPT = 100_000;

export function sharedRates(link: RedisClient): FastifyRateLimitStoreCtor {
  const own = new LRUCache<string, { count: number; endsAt: number }>({ max: CALLERS_KEPT });

  function countAlone(key: string, windowMs: number): { current: number; ttl: number } {
    const now = performance.now();
    const known = own.get(key);
    const window = known && known.endsAt > now ? known : { count: 0, endsAt: now + windowMs };
    window.count++;
    own.set(key, window);
    return { current: window.count, ttl: window.endsAt - now };
  }

  return class SharedRates implements FastifyRateLimitStore {
    incr(key: string, callback: (error: Error | null, result?: { current: number; ttl: number }) => void, windowMs: number): void {
      link
        .ask<[number, number]>((redis) => redis.eval(COUNT, 1, `${link.prefix}:rate:${key}`, windowMs))
        .then(
          ([current, ttl]) => callback(null, { current, ttl }),
          () => callback(null, countAlone(key, windowMs)),
        );
    }

    child(): SharedRates {
      return this;
    }
  };
}
