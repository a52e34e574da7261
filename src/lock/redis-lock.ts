// Admission by Redis: a lock that expires, is renewed while it is needed, and carries a fencing
// token, higher for each holder than for the one before. The round's own transaction checks the
// token, so the database rejects a holder that slept through its expiry. Waiting instances queue,
// so that the instance that released the lock is not always the first to take it again.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { arrayOf, type Statement, textArray } from "../database/statement.ts";
import { type RedisClient, RedisUnavailable } from "../redis/redis-client.ts";
import { type Admission, type FirstComeLock, LockTimeout } from "./lock.ts";

export type RedisLockOptions = {
  redis: RedisClient;
  /** Admits while Redis is unavailable. */
  fallback: FirstComeLock;
  /** How long a lock outlives an instance that has crashed, in ms. */
  expiresMs: number;
};

/**
 * KEYS: lock, queue, time of each waiter's last try, last token.
 * ARGV: waiter, expiry in ms, after how many ms without a try a waiter is removed.
 * Returns the fencing token, or 0 if the lock is not free yet.
 */
const TAKE = `
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local ms = math.floor(micros / 1000)
redis.call('ZADD', KEYS[2], 'NX', micros, ARGV[1])
redis.call('ZADD', KEYS[3], ms, ARGV[1])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ms - tonumber(ARGV[3]))) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('ZREM', KEYS[3], gone)
end
redis.call('PEXPIRE', KEYS[2], 60000)
redis.call('PEXPIRE', KEYS[3], 60000)
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('ZRANGE', KEYS[2], 0, 0)[1] ~= ARGV[1] then return '0' end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
local last = tonumber(redis.call('GET', KEYS[4]) or '0')
local fence = math.max(micros, last + 1)
redis.call('SET', KEYS[4], string.format('%.0f', fence), 'PX', 86400000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return string.format('%.0f', fence)`;

const RELEASE = `
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/**
 * Overlapping rounds of one instance share a lock, but no longer than this: then other instances
 * have their turn.
 */
const SHARED_MS = 25;
const RETRY_MS = 4;
/** A waiter that has not tried for this long is removed from the queue. */
const WAITER_EXPIRES_MS = 500;

type Hold = { holder: string; fence: string; since: number; rounds: number; broken: boolean; renewing: NodeJS.Timeout };

export class RedisLock implements FirstComeLock {
  readonly #options: RedisLockOptions;
  readonly #holds = new Map<string, Hold>();
  readonly counts = { admitted: 0, fallback: 0, tooLate: 0 };

  constructor(options: RedisLockOptions) {
    this.#options = options;
  }

  async admit(keys: string[], waitMs: number): Promise<Admission> {
    const deadline = performance.now() + waitMs;
    // In one order, so that two instances never wait for each other in a cycle.
    const sorted = [...new Set(keys)].sort();
    const held: [key: string, hold: Hold][] = [];
    const leave = (broken = false): void => {
      for (const [key, hold] of held.splice(0)) this.#leave(key, hold, broken);
    };
    try {
      for (const key of sorted) held.push([key, await this.#hold(key, deadline)]);
    } catch (error) {
      leave();
      if (!(error instanceof RedisUnavailable)) throw error;
      this.counts.fallback++;
      return this.#options.fallback.admit(keys, Math.max(1, deadline - performance.now()));
    }
    this.counts.admitted++;
    return { statement: checkFences(held.map(([key, { fence }]) => ({ key, fence }))), leave };
  }

  /**
   * Joins the lock that this instance holds, or queues for it. Errors: RedisUnavailable,
   * LockTimeout.
   */
  async #hold(key: string, deadline: number): Promise<Hold> {
    const waiter = randomUUID();
    let queued = false;
    try {
      for (;;) {
        const own = this.#holds.get(key);
        if (own && !own.broken && performance.now() - own.since < SHARED_MS) {
          own.rounds++;
          return own;
        }
        if (!own) {
          queued = true;
          const fence = await this.#take(key, waiter);
          queued = fence === "0";
          if (!queued) return this.#start(key, waiter, fence);
        }
        if (performance.now() >= deadline) {
          this.counts.tooLate++;
          throw new LockTimeout(`other instances hold ${key}`);
        }
        await sleep(RETRY_MS);
      }
    } finally {
      // So that no waiter behind waits for this one. If the response was lost, this releases the
      // lock itself.
      if (queued) this.#release(key, waiter);
    }
  }

  #take(key: string, waiter: string): Promise<string> {
    return this.#options.redis.run<string>((redis) => redis.eval(TAKE, 4, ...this.#keysOf(key), waiter, this.#options.expiresMs, WAITER_EXPIRES_MS));
  }

  #start(key: string, holder: string, fence: string): Hold {
    const { redis: client, expiresMs } = this.#options;
    const hold: Hold = { holder, fence, since: performance.now(), rounds: 1, broken: false, renewing: setInterval(renew, expiresMs / 3) };
    hold.renewing.unref();
    const [lockKey = ""] = this.#keysOf(key);
    function renew(): void {
      client
        .run<number>((redis) => redis.eval(RENEW, 1, lockKey, holder, expiresMs))
        .then(
          (renewed) => (hold.broken ||= renewed === 0),
          () => (hold.broken = true),
        );
    }
    this.#holds.set(key, hold);
    return hold;
  }

  #leave(key: string, hold: Hold, broken: boolean): void {
    hold.rounds--;
    hold.broken ||= broken;
    if (hold.rounds > 0) return;
    clearInterval(hold.renewing);
    if (this.#holds.get(key) === hold) this.#holds.delete(key);
    this.#release(key, hold.holder);
  }

  /**
   * Releases the lock or leaves the queue. If Redis does not get the command, the entry expires.
   */
  #release(key: string, holder: string): void {
    this.#options.redis.run((redis) => redis.eval(RELEASE, 3, ...this.#keysOf(key).slice(0, 3), holder)).catch(() => {});
  }

  #keysOf(key: string): string[] {
    const lockKey = `${this.#options.redis.prefix}:lock:${key}`;
    return [lockKey, `${lockKey}:line`, `${lockKey}:asked`, `${lockKey}:fence`];
  }
}

/** Fails with 40001 (the round is retried) if a holder with a higher token has been there. */
function checkFences(fences: { key: string; fence: string }[]): Statement {
  return {
    name: "check fences",
    text: "SELECT check_first_come_fences($1::text[], $2::bigint[])",
    values: [textArray(fences, ({ key }) => key), arrayOf(fences, ({ fence }) => fence)],
  };
}
