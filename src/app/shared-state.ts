// State that instances share: cache, rate limits, admission to first-come keys. With Redis it is shared; without, each instance caches
// and counts for itself, and PostgreSQL admits.

import type { FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { Registry } from "prom-client";
import type { Cache } from "../cache/cache.ts";
import { MemoryCache } from "../cache/memory-cache.ts";
import type { Database } from "../database/pool.ts";
import type { FirstComeLock } from "../lock/lock.ts";
import { postgresLock } from "../lock/postgres-lock.ts";
import { readCounter, readGauge } from "../read-metrics.ts";

export type SharedState = {
  cache: Cache;
  firstCome: FirstComeLock;
  /** Undefined: every instance counts for itself. */
  rates: FastifyRateLimitStoreCtor | undefined;
  /** Checks for `/readyz`. The shop is ready with or without Redis. */
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

/** Bounds of a lock's expiry: an instance that dies delays the others no longer than they would wait anyway. */
const LONGEST_LOCK_MS = 2000;
const SHORTEST_LOCK_MS = 200;

export async function openSharedState({ redisUrl, database, lockWaitMs, onChange }: SharedStateOptions): Promise<SharedState> {
  if (redisUrl === undefined)
    return { cache: new MemoryCache(), firstCome: postgresLock, rates: undefined, state: () => ({}), measure() {}, async close() {} };
  // The Redis client is loaded only if it is used.
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
    state: () => ({ redis: client.up ? "ok" : "down: each instance caches and counts for itself, PostgreSQL locks" }),
    measure(registry) {
      readGauge(registry, "jangnal_redis_up", "1 while Redis is reachable", () => Number(client.up), "min");
      readCounter(registry, "jangnal_redis_asked_total", "Commands for Redis", () => client.counts.commands);
      readCounter(
        registry,
        "jangnal_redis_failed_total",
        "Redis commands that failed or were not sent because Redis was down",
        () => client.counts.failed,
      );
      readCounter(registry, "jangnal_cache_shared_total", "Cache reads that another instance had loaded", () => cache.counts.shared);
      readCounter(registry, "jangnal_cache_loaded_total", "Cache reads that were loaded and shared", () => cache.counts.loaded);
      readCounter(registry, "jangnal_cache_alone_total", "Cache reads that were loaded while Redis was down", () => cache.counts.fallback);
      readCounter(registry, "jangnal_lock_redis_total", "Rounds that Redis admitted to first-come keys", () => firstCome.counts.admitted);
      readCounter(registry, "jangnal_lock_postgres_total", "Rounds that PostgreSQL admitted because Redis was down", () => firstCome.counts.fallback);
      readCounter(registry, "jangnal_lock_too_late_total", "Rounds that were not admitted in time", () => firstCome.counts.tooLate);
    },
    close: () => client.close(),
  };
}
