// A data platform behind a Redis stream. Redis numbers its entries by itself, so a note per event keeps what comes again out of the
// stream; note and entry are made in one script, so that there is never one without the other.

import { Redis } from "ioredis";
import type { Envelope } from "./envelope.ts";
import { ALL_DELIVERED, type DeliveryResult, type Sink } from "./sink.ts";

export type RedisStreamSinkOptions = { name: string; url: URL };

const TIMEOUT_MS = 5000;
const REMEMBERED_SECONDS = 24 * 3600;

/** KEYS: the stream, a note per event. ARGV: how long notes are kept, how long the stream may get (0: any), then id, type and event each. */
const APPEND = `
local most = tonumber(ARGV[2])
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 3
  if redis.call('SET', KEYS[i], 1, 'NX', 'EX', ARGV[1]) then
    if most > 0 then redis.call('XADD', KEYS[1], 'MAXLEN', '~', most, '*', 'id', ARGV[at], 'type', ARGV[at + 1], 'event', ARGV[at + 2])
    else redis.call('XADD', KEYS[1], '*', 'id', ARGV[at], 'type', ARGV[at + 1], 'event', ARGV[at + 2]) end
  end
end
return 1`;

/** `redis://[user:password@]host:6379/0?stream=jangnal:events&maxlen=1000000`; `rediss://` with TLS. */
export class RedisStreamSink implements Sink {
  readonly name: string;
  readonly #redis: Redis;
  readonly #stream: string;
  readonly #most: number;

  constructor({ name, url }: RedisStreamSinkOptions) {
    this.name = name;
    this.#stream = url.searchParams.get("stream") ?? "jangnal:events";
    this.#most = Number(url.searchParams.get("maxlen") ?? 0);
    const address = new URL(url);
    address.search = "";
    this.#redis = new Redis(address.href, {
      lazyConnect: true,
      connectionName: "jangnal-events",
      connectTimeout: TIMEOUT_MS,
      commandTimeout: TIMEOUT_MS,
      // What could not be sent is the relay's to send again.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    this.#redis.on("error", () => {}); // Every command that fails says so itself.
  }

  async deliver(envelopes: Envelope[]): Promise<DeliveryResult> {
    if (envelopes.length === 0) return ALL_DELIVERED;
    if (this.#redis.status === "wait" || this.#redis.status === "end") await this.#redis.connect();
    const keys = [this.#stream, ...envelopes.map(({ id }) => `{${this.#stream}}:seen:${id}`)];
    const values = envelopes.flatMap((envelope) => [envelope.id, envelope.type, JSON.stringify(envelope)]);
    await this.#redis.eval(APPEND, keys.length, ...keys, REMEMBERED_SECONDS, this.#most, ...values);
    return ALL_DELIVERED;
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}
