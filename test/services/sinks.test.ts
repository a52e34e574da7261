// The brokers themselves: every adapter against its real server, and Kafka's against the mock that librdkafka has of it.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { KafkaSink } from "../../src/outbox/kafka-sink.ts";
import { NatsSink } from "../../src/outbox/nats-sink.ts";
import { RedisStreamSink } from "../../src/outbox/redis-stream-sink.ts";
import { sinkContract } from "../contract/sinks.ts";
import { readKafka, startKafkaMock, startNats, startRedis } from "../support/services.ts";

sinkContract("NATS JetStream", async () => {
  const nats = await startNats();
  return {
    sink: new NatsSink({ name: "nats", url: new URL(`${nats.url}/SHOP`) }),
    recognises: true,
    received: () => readStream(nats.url, "SHOP"),
    kill: nats.kill,
    start: nats.start,
    remove: nats.remove,
  };
});

sinkContract("a Redis stream", async () => {
  const redis = await startRedis();
  return {
    sink: new RedisStreamSink({ name: "redis", url: new URL(`${redis.url}/0?stream=shop`) }),
    recognises: true,
    received: () => readRedis(redis.url, "shop"),
    kill: redis.kill,
    start: redis.start,
    remove: redis.remove,
  };
});

sinkContract("Kafka", async () => {
  const kafka = await startKafkaMock();
  return {
    sink: new KafkaSink({ name: "kafka", url: new URL(`kafka://${kafka.broker}/shop`) }),
    recognises: false,
    received: async () => readKafka(kafka.broker, "shop").map(({ value }) => JSON.parse(value) as Envelope),
    remove: kafka.remove,
  };
});

async function readStream(url: string, stream: string): Promise<Envelope[]> {
  const connection = await connect({ servers: url });
  try {
    const { state } = await (await jetstreamManager(connection)).streams.info(stream);
    const consumer = await jetstream(connection).consumers.get(stream);
    const envelopes: Envelope[] = [];
    while (envelopes.length < state.messages)
      for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5000 })) {
        envelopes.push(message.json());
        if (envelopes.length === state.messages) break;
      }
    return envelopes;
  } finally {
    await connection.close();
  }
}

async function readRedis(url: string, stream: string): Promise<Envelope[]> {
  const redis = new Redis(url);
  try {
    const entries = await redis.xrange(stream, "-", "+");
    return entries.map(([, fields]) => JSON.parse(fields[fields.indexOf("event") + 1] as string) as Envelope);
  } finally {
    redis.disconnect();
  }
}
