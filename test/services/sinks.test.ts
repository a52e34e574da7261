// Each adapter with its real server, and the Kafka adapter with librdkafka's mock broker.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { KafkaSink } from "../../src/outbox/sinks/kafka-sink.ts";
import { NatsSink } from "../../src/outbox/sinks/nats-sink.ts";
import { RedisStreamSink } from "../../src/outbox/sinks/redis-stream-sink.ts";
import { SinkUnreachable } from "../../src/outbox/sinks/sink.ts";
import { event, newOrder, sinkContract } from "../support/contract/sinks.ts";
import { readKafka, startKafkaMock, startNats, startRedis } from "../support/services.ts";

sinkContract("NATS JetStream", async () => {
  const nats = await startNats();
  return {
    sink: new NatsSink({ name: "nats", url: new URL(`${nats.url}/SHOP`) }),
    deduplicates: true,
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
    deduplicates: true,
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
    deduplicates: false,
    received: async () => readKafka(kafka.broker, "shop").map(({ value }) => JSON.parse(value) as Envelope),
    remove: kafka.remove,
  };
});

describe("events that a broker refuses", () => {
  const big = (): Envelope => ({ ...event(newOrder()), subject: "x".repeat(2_000_000) });

  // Fails if any rejected publish makes the sink unavailable, which would block all deliveries forever.
  test("an event over the max_payload of NATS is refused, and the others are delivered", async () => {
    const nats = await startNats();
    const sink = new NatsSink({ name: "nats", url: new URL(`${nats.url}/SHOP`) });
    try {
      const sent = [event(newOrder()), big(), event(newOrder())];
      const { failed, unclear } = await sink.deliver(sent);
      assert.deepEqual([[...failed.keys()], unclear?.size], [[sent[1]?.id], 0]);
      assert.match(failed.get(sent[1]?.id ?? "") ?? "", /max_payload/);
      assert.deepEqual(
        (await readStream(nats.url, "SHOP")).map(({ id }) => id),
        [sent[0]?.id, sent[2]?.id],
      );
    } finally {
      await sink.close();
      await nats.remove();
    }
  });

  test("an event over the message size of a stream is unclear, and the others are delivered", async () => {
    const nats = await startNats();
    const connection = await connect({ servers: nats.url });
    await (await jetstreamManager(connection)).streams.add({ name: "SMALL", subjects: ["small.>"], max_msg_size: 10_000 });
    await connection.close();
    const sink = new NatsSink({ name: "nats", url: new URL(`${nats.url}/SMALL`) });
    try {
      const sent = [event(newOrder()), { ...event(newOrder()), subject: "x".repeat(20_000) }, event(newOrder())];
      const { unclear } = await sink.deliver(sent);
      assert.deepEqual([...(unclear?.keys() ?? [])], [sent[1]?.id]);
      assert.equal((await readStream(nats.url, "SMALL")).length, 2);
    } finally {
      await sink.close();
      await nats.remove();
    }
  });

  // Fails if the marker is written before the entry: the event would count as delivered and its retry would be dropped.
  test("a failed Redis script leaves no marker, so that a retry delivers the event", async () => {
    const redis = await startRedis();
    const client = new Redis(redis.url);
    const sink = new RedisStreamSink({ name: "redis", url: new URL(`${redis.url}/0?stream=shop`) });
    try {
      await client.set("shop", "not a stream");
      const sent = Array.from({ length: 8 }, () => event(newOrder()));
      const { unclear } = await sink.deliver(sent);
      assert.deepEqual(
        [...(unclear?.keys() ?? [])],
        sent.map(({ id }) => id),
      );
      assert.match([...(unclear?.values() ?? [])][0]?.message ?? "", /WRONGTYPE/);
      assert.deepEqual(await client.keys("*seen*"), []);
      await client.del("shop");
      assert.equal((await sink.deliver(sent)).unclear?.size, 0);
      assert.equal((await readRedis(redis.url, "shop")).length, 8);
    } finally {
      await sink.close();
      client.disconnect();
      await redis.remove();
    }
  });

  // Fails if a Redis without memory keeps the markers of events that it has not written.
  test("a Redis that ran out of memory accepts all events once it has memory again", async () => {
    const redis = await startRedis("--maxmemory", "2mb", "--maxmemory-policy", "noeviction");
    const client = new Redis(redis.url);
    const sink = new RedisStreamSink({ name: "redis", url: new URL(`${redis.url}/0?stream=shop`) });
    try {
      const sent = Array.from({ length: 8 }, () => ({ ...event(newOrder()), subject: "x".repeat(300_000) }));
      const failing = await sink.deliver(sent).then(
        ({ unclear }) => unclear?.size ?? 0,
        () => sent.length,
      );
      assert.ok(failing > 0);
      await client.config("SET", "maxmemory", "100mb");
      assert.equal((await sink.deliver(sent)).unclear?.size, 0);
      assert.deepEqual(new Set((await readRedis(redis.url, "shop")).map(({ id }) => id)), new Set(sent.map(({ id }) => id)));
    } finally {
      await sink.close();
      client.disconnect();
      await redis.remove();
    }
  });
});

// Fails if the sink returns to the same server after a failure.
test("a sink goes to the next server of a cluster when one cannot be reached", async () => {
  const nats = await startNats();
  const sink = new NatsSink({ name: "nats", url: new URL(`nats://127.0.0.1:1/SHOP?servers=127.0.0.1:${nats.port}`) });
  try {
    const sent = [event(newOrder())];
    await assert.rejects(sink.deliver(sent), SinkUnreachable);
    assert.equal((await sink.deliver(sent)).unclear?.size, 0);
    assert.equal((await readStream(nats.url, "SHOP")).length, 1);
  } finally {
    await sink.close();
    await nats.remove();
  }
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
