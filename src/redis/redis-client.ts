// The line to Redis or Valkey. Nothing that matters may hang on it: whoever asks over it gets an answer soon or is told that there is none,
// and then does without.

import { Redis } from "ioredis";

/** Redis is slow, full, restarting or gone. */
export class RedisUnavailable extends Error {}

export type RedisClientOptions = {
  url: string;
  /** What this shop's keys begin with, apart from other shops'. */
  prefix: string;
  /** Told when the line is lost and when it is there again; not for every command. */
  onChange?: (up: boolean, reason: string) => void;
  /** How long an answer is waited for. */
  timeoutMs?: number;
};

const CONNECT_MS = 2000;
/** After a silence nobody else waits for an answer before this has passed. */
const LEFT_ALONE_MS = 1000;
const LONGEST_RETRY_MS = 1000;

export class RedisClient {
  readonly prefix: string;
  readonly #redis: Redis;
  readonly #onChange: (up: boolean, reason: string) => void;
  #up = false;
  #leftAloneUntil = 0;
  #reason = "not connected yet";
  /** Counts connections: what was said on one may never have arrived before the next. */
  #connection = 0;
  readonly counts = { asked: 0, failed: 0 };

  constructor({ url, prefix, onChange = () => {}, timeoutMs = 250 }: RedisClientOptions) {
    this.prefix = prefix;
    this.#onChange = onChange;
    this.#redis = new Redis(url, {
      connectionName: "jangnal",
      connectTimeout: CONNECT_MS,
      commandTimeout: timeoutMs,
      // Fail at once where there is no line; nothing is kept to be sent later.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (times) => Math.min(LONGEST_RETRY_MS, times * 50),
    });
    this.#redis.on("error", (error: Error) => (this.#reason = error.message));
    this.#redis.on("close", () => this.#change(false, this.#reason));
    this.#redis.on("ready", () => {
      this.#connection++;
      this.#leftAloneUntil = 0;
      this.#change(true, "connected");
    });
  }

  /** Whether it answered when it was asked last. */
  get up(): boolean {
    return this.#up && performance.now() >= this.#leftAloneUntil;
  }

  get connection(): number {
    return this.#connection;
  }

  /** Runs one command, or a script. Errors: RedisAway, within the timeout. */
  async ask<Answer>(command: (redis: Redis) => Promise<unknown>): Promise<Answer> {
    this.counts.asked++;
    if (!this.up) {
      this.counts.failed++;
      throw new RedisUnavailable("Redis is away");
    }
    try {
      const answer = (await command(this.#redis)) as Answer;
      this.#change(true, "it answers");
      return answer;
    } catch (error) {
      this.counts.failed++;
      // An answer that we did not want (full, read-only, loading) is one as well: in each case we do without for a while.
      this.#leftAloneUntil = performance.now() + LEFT_ALONE_MS;
      this.#change(false, (error as Error).message);
      throw new RedisUnavailable("Redis is away", { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  #change(up: boolean, reason: string): void {
    if (this.#up !== up) this.#onChange(up, reason);
    this.#up = up || this.#redis.status === "ready";
  }
}
