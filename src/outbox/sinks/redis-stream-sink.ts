// Delivers to a Redis stream. Redis assigns entry ids itself, so a marker key per delivery keeps repetitions out of the stream.
// One script writes the entry and then the marker: if it fails in between, the event is delivered again rather than lost.

import { Redis } from "ioredis";
import type { Envelope } from "../envelope.ts";
import { deduplicationId, type DeliveryResult, type Replays, type Sink, SinkUnreachable } from "./sink.ts";

export type RedisStreamSinkOptions = { name: string; url: URL };

const TIMEOUT_MS = 5000;
const MARKER_SECONDS = 24 * 3600;

/**
 * KEYS: the stream, then a marker per event. ARGV: lifetime of markers in seconds, maximum length of the stream (0: unlimited), then
 * id, type, event and replay ("" for none) per event. Returns errors as pairs: the event's index from 0, and Redis's message.
 */
const APPEND = `
local maxlen = tonumber(ARGV[2])
local errors = {}
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 4
  if redis.call('EXISTS', KEYS[i]) == 0 then
    local entry = {'XADD', KEYS[1]}
    if maxlen > 0 then entry[3] = 'MAXLEN'; entry[4] = '~'; entry[5] = maxlen end
    for _, value in ipairs({'*', 'id', ARGV[at], 'type', ARGV[at + 1], 'event', ARGV[at + 2]}) do entry[#entry + 1] = value end
    if ARGV[at + 3] ~= '' then entry[#entry + 1] = 'replay'; entry[#entry + 1] = ARGV[at + 3] end
    local done = redis.pcall(unpack(entry))
    if type(done) ~= 'table' or not done.err then done = redis.pcall('SET', KEYS[i], 1, 'EX', ARGV[1]) end
    if type(done) == 'table' and done.err then errors[#errors + 1] = i - 2; errors[#errors + 1] = done.err end
  end
end
return errors`;

/** `redis://[user:password@]host:6379/0?stream=jangnal:events&maxlen=1000000`; `rediss://` with TLS. */
export class RedisStreamSink implements Sink {
  readonly name: string;
  readonly #redis: Redis;
  readonly #stream: string;
  readonly #maxLength: number;

  constructor({ name, url }: RedisStreamSinkOptions) {
    this.name = name;
    this.#stream = url.searchParams.get("stream") ?? "jangnal:events";
    this.#maxLength = Number(url.searchParams.get("maxlen") ?? 0);
    const address = new URL(url);
    address.search = "";
    this.#redis = new Redis(address.href, {
      lazyConnect: true,
      connectionName: "jangnal-events",
      connectTimeout: TIMEOUT_MS,
      commandTimeout: TIMEOUT_MS,
      // The relay repeats failed deliveries, so the client must not.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    this.#redis.on("error", () => {}); // Each failed command rejects by itself.
  }

  async deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult> {
    await this.#connect();
    const keys = [this.#stream, ...envelopes.map((envelope) => `{${this.#stream}}:seen:${deduplicationId(envelope, replays)}`)];
    const values = envelopes.flatMap((envelope) => [envelope.id, envelope.type, JSON.stringify(envelope), replays?.get(envelope.id) ?? ""]);
    const errors = (await this.#redis.eval(APPEND, keys.length, ...keys, MARKER_SECONDS, this.#maxLength, ...values)) as (number | string)[];
    const unclear = new Map<string, Error>();
    for (let i = 0; i < errors.length; i += 2) unclear.set((envelopes[errors[i] as number] as Envelope).id, new Error(String(errors[i + 1])));
    return { failed: new Map(), unclear };
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  async #connect(): Promise<void> {
    if (this.#redis.status !== "wait" && this.#redis.status !== "end") return;
    try {
      await this.#redis.connect();
    } catch (error) {
      throw new SinkUnreachable((error as Error).message, { cause: error });
    }
  }
}
