// What instances share: cache, rate limits, admission to first-come keys. By Redis where there is one; else each has its own, and
// PostgreSQL admits.

import type { FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { Registry } from "prom-client";
import type { Cache } from "../cache/cache.ts";
import { MemoryCache } from "../cache/memory-cache.ts";
import type { Database } from "../database/pool.ts";
import { readCounter, readGauge } from "../read-metrics.ts";
import type { FirstComeLock } from "../lock/lock.ts";
import { postgresLock } from "../lock/postgres-lock.ts";

export type SharedState = {
  cache: Cache;
  firstCome: FirstComeLock;
  /** Undefined: every instance counts for itself. */
  rates: FastifyRateLimitStoreCtor | undefined;
  /** For `/readyz`: what is shared, and how it is. The shop is ready either way. */
  state(): Record<string, string>;
  measure(registry: Registry): void;
  close(): Promise<void>;
};

export type SharedStateOptions = {
  redisUrl: string | undefined;
  database: Database;
  lockWaitMs: number;
  onChange: (up: boolean, reason: string) => void;
};

/** An instance that died holds up the others no longer than they would wait in any case. */
const LONGEST_LOCK_MS = 2000;
const SHORTEST_LOCK_MS = 200;

export async function openSharedState({ redisUrl, database, lockWaitMs, onChange }: SharedStateOptions): Promise<SharedState> {
  if (redisUrl === undefined)
    return { cache: new MemoryCache(), firstCome: postgresLock, rates: undefined, state: () => ({}), measure() {}, async close() {} };
  // The client is loaded only where it is needed.
  const [{ RedisClient }, { RedisCache }, { RedisLock }, { sharedRates }, { shopPrefix }] = await Promise.all([
    import("../redis/redis-client.ts"),
    import("../cache/redis-cache.ts"),
    import("../lock/redis-lock.ts"),
    import("../redis/shared-rates.ts"),
    import("../redis/shop-prefix.ts"),
  ]);
  const client = new RedisClient({ url: redisUrl, prefix: await shopPrefix(database), onChange });
  const cache = new RedisCache(client);
  const firstCome = new RedisLock({
    redis: client,
    fallback: postgresLock,
    expiresMs: Math.min(LONGEST_LOCK_MS, Math.max(SHORTEST_LOCK_MS, lockWaitMs / 2)),
  });
  return {
    cache,
    firstCome,
    rates: sharedRates(client),
    state: () => ({ redis: client.up ? "ok" : "away: each instance caches and counts for itself, PostgreSQL locks" }),
    measure(registry) {
      readGauge(registry, "jangnal_redis_up", "1 while Redis answers", () => Number(client.up), "min");
      readCounter(registry, "jangnal_redis_asked_total", "What Redis was asked", () => client.counts.commands);
      readCounter(registry, "jangnal_redis_failed_total", "What it did not answer, or was not asked because it is away", () => client.counts.failed);
      readCounter(registry, "jangnal_cache_shared_total", "Cached answers that another instance had loaded", () => cache.counts.shared);
      readCounter(registry, "jangnal_cache_loaded_total", "Cached answers that were loaded and shared", () => cache.counts.loaded);
      readCounter(registry, "jangnal_cache_alone_total", "Cached answers that were loaded while Redis was away", () => cache.counts.fallback);
      readCounter(registry, "jangnal_lock_redis_total", "Rounds admitted to first-come keys by Redis", () => firstCome.counts.admitted);
      readCounter(registry, "jangnal_lock_postgres_total", "Rounds admitted by PostgreSQL because Redis was away", () => firstCome.counts.fallback);
      readCounter(registry, "jangnal_lock_too_late_total", "Rounds that were not admitted in time", () => firstCome.counts.tooLate);
    },
    close: () => client.close(),
  };
}
