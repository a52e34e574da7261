// Delivers to Kafka. The key is the order's id, so an order's events share a partition and keep their sequence.

import {
  type Broker,
  type ConnectionOptions,
  Producer,
  ProduceAcks,
  ResponseError,
  type SASLMechanismValue,
  stringSerializers,
  UnsupportedApiError,
} from "@platformatic/kafka";
import type { Envelope } from "../envelope.ts";
import { ALL_DELIVERED, type DeliveryResult, type Replays, type Sink, SinkUnreachable } from "./sink.ts";

export type KafkaSinkOptions = { name: string; url: URL };

const TIMEOUT_MS = 10_000;

/**
 * `kafka://[user:password@]host:9092/topic?brokers=other:9092;third:9092&tls=on&sasl=SCRAM-SHA-512`. All replicas acknowledge.
 * If the broker allows it, the producer is idempotent: the client's own retries are written once. Consumers recognize events that
 * the relay repeats after a crash by their `id`.
 */
export class KafkaSink implements Sink {
  readonly name: string;
  readonly #options: KafkaSinkOptions;
  readonly #topic: string;
  #producer: { client: Producer<string, string, string, string>; idempotent: boolean } | undefined;

  constructor(options: KafkaSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#topic = decodeURIComponent(options.url.pathname.slice(1)) || "jangnal.events";
  }

  async deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult> {
    if (envelopes.length === 0) return ALL_DELIVERED;
    try {
      const { client, idempotent } = (this.#producer ??= await this.#connect());
      await client.send({
        messages: envelopes.map((envelope) => ({
          topic: this.#topic,
          key: envelope.partitionkey,
          value: JSON.stringify(envelope),
          headers: headersOf(envelope, replays),
        })),
        acks: ProduceAcks.ALL,
        idempotent,
      });
      return ALL_DELIVERED;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    try {
      await producer?.client.close(true);
    } catch {} // The producer is discarded in any case.
  }

  async #connect(): Promise<{ client: Producer<string, string, string, string>; idempotent: boolean }> {
    const client = this.#client();
    try {
      // -1 requests a new producer id; by default the client would claim to be producer 0.
      await client.initIdempotentProducer({ producerId: -1n, producerEpoch: -1 });
      return { client, idempotent: true };
    } catch (error) {
      if (error instanceof ResponseError || error instanceof UnsupportedApiError) return { client, idempotent: false };
      await client.close(true);
      throw new SinkUnreachable((error as Error).message, { cause: error });
    }
  }

  #client(): Producer<string, string, string, string> {
    const { hostname, port, searchParams, username, password } = this.#options.url;
    const more = searchParams.get("brokers")?.split(";").filter(Boolean) ?? [];
    const security: ConnectionOptions = {
      ...(searchParams.get("tls") === "on" ? { tls: {} } : {}),
      ...(username
        ? {
            sasl: {
              mechanism: (searchParams.get("sasl") ?? "PLAIN") as SASLMechanismValue,
              username: decodeURIComponent(username),
              password: decodeURIComponent(password),
            },
          }
        : {}),
    };
    return new Producer({
      clientId: "jangnal",
      bootstrapBrokers: [{ host: hostname, port: Number(port || 9092) }, ...more.map(broker)],
      serializers: stringSerializers,
      autocreateTopics: true,
      connectTimeout: TIMEOUT_MS / 2,
      requestTimeout: TIMEOUT_MS,
      timeout: TIMEOUT_MS,
      retries: 1,
      ...security,
    });
  }
}

/** `replay` is set if an operator requested the delivery, so that consumers which drop repetitions by `id` can tell it apart. */
function headersOf({ id, type }: Envelope, replays: Replays | undefined): Record<string, string> {
  const replay = replays?.get(id);
  return replay === undefined ? { id, type } : { id, type, replay };
}

function broker(address: string): Broker {
  const [host = "", port = "9092"] = address.split(":");
  return { host, port: Number(port) };
}
