// Client for Redis or Valkey. Correctness must not depend on it: every command succeeds soon or
// fails with RedisUnavailable, and the caller then does without Redis.

import { Redis } from "ioredis";
import { sentinelsOf } from "../redis-settings.ts";

/** Redis is slow, full, restarting or unreachable. */
export class RedisUnavailable extends Error {}

export type RedisClientOptions = {
  url: string;
  /** The prefix of this shop's keys, different for each shop. */
  prefix: string;
  /**
   * Called when Redis becomes unavailable and when it is available again; not for every command.
   */
  onChange?: (up: boolean, reason: string) => void;
  /** The longest wait for a response. */
  timeoutMs?: number;
};

const CONNECT_MS = 2000;
/**
 * After a failure all commands fail at once for this long, so that they don't each wait for the
 * timeout.
 */
const PAUSE_MS = 1000;
const MAX_RECONNECT_MS = 1000;
/** A connection without a response for this long is replaced. TCP alone would keep it for minutes. */
const SILENT_MS = 3000;
const OF_SENTINELS = {
  sentinelRetryStrategy: (times: number) => Math.min(MAX_RECONNECT_MS, times * 50),
  sentinelCommandTimeout: CONNECT_MS,
};

export class RedisClient {
  readonly prefix: string;
  readonly #redis: Redis;
  readonly #onChange: (up: boolean, reason: string) => void;
  #up = false;
  #pausedUntil = 0;
  /** When the first of the last commands failed, in a row. */
  #failingSince: number | undefined;
  #reason = "not connected yet";
  /** Counts connections: a command sent on one may be lost before the next is open. */
  #connection = 0;
  readonly counts = { commands: 0, failed: 0 };

  constructor({ url, prefix, onChange = () => {}, timeoutMs = 250 }: RedisClientOptions) {
    this.prefix = prefix;
    this.#onChange = onChange;
    const options = {
      connectionName: "jangnal",
      connectTimeout: CONNECT_MS,
      commandTimeout: timeoutMs,
      // Without a connection commands fail at once; none is kept to be sent later.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (times: number) => Math.min(MAX_RECONNECT_MS, times * 50),
    };
    const sentinels = sentinelsOf(url);
    this.#redis = sentinels ? new Redis({ ...options, ...OF_SENTINELS, ...sentinels }) : new Redis(url, options);
    this.#redis.on("error", (error: Error) => (this.#reason = error.message));
    this.#redis.on("close", () => this.#change(false, this.#reason));
    this.#redis.on("ready", () => {
      this.#connection++;
      this.#pausedUntil = 0;
      this.#change(true, "connected");
    });
  }

  /** True if Redis is connected and the last command succeeded. */
  get up(): boolean {
    return this.#up && performance.now() >= this.#pausedUntil;
  }

  get connection(): number {
    return this.#connection;
  }

  /** Runs a command or a script. Errors: RedisUnavailable, within the timeout. */
  async run<Response>(command: (redis: Redis) => Promise<unknown>): Promise<Response> {
    this.counts.commands++;
    if (!this.up) {
      this.counts.failed++;
      throw new RedisUnavailable("Redis is unavailable");
    }
    try {
      const response = (await command(this.#redis)) as Response;
      this.#failingSince = undefined;
      this.#change(true, "responding again");
      return response;
    } catch (error) {
      this.counts.failed++;
      // Error responses (full, read-only, loading) count as well: the shop does without Redis for a
      // while.
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.#change(false, (error as Error).message);
      this.#replaceConnection(error as Error);
      throw new RedisUnavailable("Redis is unavailable", { cause: error });
    }
  }

  /**
   * Connects anew if the server is silent, or has become a replica: the address, or a Sentinel, may
   * lead to another server by now.
   */
  #replaceConnection({ message }: Error): void {
    this.#failingSince ??= performance.now();
    const isSilent = message === "Command timed out" && performance.now() - this.#failingSince >= SILENT_MS;
    if (!isSilent && !message.startsWith("READONLY")) return;
    this.#failingSince = undefined;
    this.#redis.disconnect(true);
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  #change(up: boolean, reason: string): void {
    if (this.#up !== up) this.#onChange(up, reason);
    this.#up = up || this.#redis.status === "ready";
  }
}
