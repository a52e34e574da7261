// Admission by Redis: a lock that expires, is renewed while it is needed, and is numbered, each holder higher than the one before
// (a fencing number). The number is checked in the round's own transaction, so that a holder who slept through its expiry is told so
// by the database. Whoever waits stands in a line, lest the instance that let go always be the first to have it again.

import { randomUUID } from "node:crypto";
import { textArray, type Statement } from "../database/statement.ts";
import { RedisUnavailable, type RedisClient } from "../redis/redis-client.ts";
import { LockTimeout } from "../till/store.ts";
import type { Admission, FirstComeLock } from "./lock.ts";

export type RedisLockOptions = {
  link: RedisClient;
  /** Admits while Redis is away. */
  otherwise: FirstComeLock;
  /** How long a lock outlives an instance that has died. */
  expiresMs: number;
};

/** KEYS: lock, line, who asks again, last number. ARGV: who, expiry in ms, forget who has not asked for so many ms. Answers the fencing number, or 0. */
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

const LEAVE = `
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/** Rounds of one instance that overlap share what it holds, but no longer than this: then it is the others' turn. */
const SHARED_MS = 25;
const ASK_AGAIN_MS = 4;
/** Who waits asks again within this, or has gone. */
const FORGET_MS = 500;

type Hold = { who: string; fence: string; since: number; rounds: number; broken: boolean; renewing: NodeJS.Timeout };

export class RedisLock implements FirstComeLock {
  readonly #options: RedisLockOptions;
  readonly #holds = new Map<string, Hold>();
  readonly counts = { admitted: 0, otherwise: 0, tooLate: 0 };

  constructor(options: RedisLockOptions) {
    this.#options = options;
  }

  async admit(keys: string[], waitMs: number): Promise<Admission> {
    const deadline = performance.now() + waitMs;
    // In one order, so that two instances never wait for each other in a circle.
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
      this.counts.otherwise++;
      return this.#options.otherwise.admit(keys, Math.max(1, deadline - performance.now()));
    }
    this.counts.admitted++;
    return { statement: checkFences(held.map(([key, { fence }]) => ({ key, fence }))), leave };
  }

  /** Joins what this instance holds, or stands in line for it. Errors: RedisAway, LockTimeout. */
  async #hold(key: string, deadline: number): Promise<Hold> {
    const who = randomUUID();
    let inLine = false;
    try {
      for (;;) {
        const mine = this.#holds.get(key);
        if (mine && !mine.broken && performance.now() - mine.since < SHARED_MS) {
          mine.rounds++;
          return mine;
        }
        if (!mine) {
          inLine = true;
          const fence = await this.#take(key, who);
          inLine = fence === "0";
          if (!inLine) return this.#begin(key, who, fence);
        }
        if (performance.now() >= deadline) {
          this.counts.tooLate++;
          throw new LockTimeout(`others hold ${key}`);
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    } finally {
      // Nobody behind waits for one who has gone. (After a silence it may be the lock itself that is let go.)
      if (inLine) this.#tell(key, who);
    }
  }

  #take(key: string, who: string): Promise<string> {
    return this.#options.link.ask<string>((redis) => redis.eval(TAKE, 4, ...this.#places(key), who, this.#options.expiresMs, FORGET_MS));
  }

  #begin(key: string, who: string, fence: string): Hold {
    const { link, expiresMs } = this.#options;
    const hold: Hold = { who, fence, since: performance.now(), rounds: 1, broken: false, renewing: setInterval(renew, expiresMs / 3) };
    hold.renewing.unref();
    const places = this.#places(key);
    function renew(): void {
      link
        .ask<number>((redis) => redis.eval(RENEW, 1, places[0] as string, who, expiresMs))
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
    this.#tell(key, hold.who);
  }

  /** Lets go, or leaves the line. Where that does not arrive it expires. */
  #tell(key: string, who: string): void {
    this.#options.link.ask((redis) => redis.eval(LEAVE, 3, ...this.#places(key).slice(0, 3), who)).catch(() => {});
  }

  #places(key: string): string[] {
    const place = `${this.#options.link.prefix}:lock:${key}`;
    return [place, `${place}:line`, `${place}:asked`, `${place}:fence`];
  }
}

/** Fails with 40001, upon which the round is tried again, where somebody with a higher number has been there. */
function checkFences(fences: { key: string; fence: string }[]): Statement {
  return {
    name: "check fences",
    text: "SELECT check_first_come_fences($1::text[], $2::bigint[])",
    values: [textArray(fences, ({ key }) => key), `{${fences.map(({ fence }) => fence).join(",")}}`],
  };
}
