// The contract of every sink of events.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { envelopeOf, type Envelope } from "../../../src/outbox/envelope.ts";
import type { SentOrder } from "../../../src/outbox/variant-metadata.ts";
import type { Replays, Sink } from "../../../src/outbox/sinks/sink.ts";
import { newOrderId } from "../../../src/ids.ts";

export type SinkUnderTest = {
  sink: Sink;
  /** All events that the destination holds, in its order. */
  received(): Promise<Envelope[]>;
  /** Whether the destination itself drops repeated deliveries. */
  deduplicates: boolean;
  /**
   * Makes the destination unreachable, and reachable again with its stored events. Omitted if that
   * is impossible.
   */
  kill?(): Promise<void>;
  start?(): Promise<void>;
  remove(): Promise<void>;
};

/** The `seq`-th event of an order. */
export function event(orderId: string, seq = 1): Envelope {
  const data = { orderId, name: "사과 🍎" } as unknown as SentOrder;
  return envelopeOf({ orderId, seq, type: seq === 1 ? "order.completed" : "order.refunded", at: Date.UTC(2026, 10, 20) }, data);
}

export const newOrder = (): string => newOrderId(Date.now());

export function sinkContract(kind: string, open: () => Promise<SinkUnderTest>): void {
  describe(`events to ${kind}`, () => {
    let destination: SinkUnderTest;
    before(async () => {
      destination = await open();
    });
    after(async () => {
      await destination.sink.close();
      await destination.remove();
    });
    const ofOrders = async (orders: string[]): Promise<Envelope[]> =>
      (await destination.received()).filter(({ subject }) => orders.includes(subject));

    test("every delivered event arrives complete", async () => {
      const orders = Array.from({ length: 250 }, newOrder);
      const sent = orders.map((order) => event(order));
      assert.deepEqual((await destination.sink.deliver(sent)).failed, new Map());
      const received = await ofOrders(orders);
      assert.deepEqual(new Map(received.map((one) => [one.id, one])), new Map(sent.map((one) => [one.id, one])));
    });

    test("an order's events arrive in order", async () => {
      const orders = Array.from({ length: 20 }, newOrder);
      for (const seq of [1, 2, 3]) await destination.sink.deliver(orders.map((order) => event(order, seq)));
      const received = await ofOrders(orders);
      for (const order of orders)
        assert.deepEqual(
          received.filter(({ subject }) => subject === order).map(({ sequence }) => Number(sequence)),
          [1, 2, 3],
        );
    });

    test("a repeated delivery arrives under the same id", async () => {
      const order = newOrder();
      await destination.sink.deliver([event(order)]);
      await destination.sink.deliver([event(order)]);
      const received = await ofOrders([order]);
      assert.equal(new Set(received.map(({ id }) => id)).size, 1);
      assert.equal(received.length, destination.deduplicates ? 1 : 2);
    });

    // Without a deduplication id of its own the sink would drop the replay, and the shop would
    // report it as delivered.
    test("each replay arrives again, and the retry of a replay counts as a repetition", async () => {
      const order = newOrder();
      const [one] = [event(order)];
      await delivery(destination.sink, one);
      for (const replay of ["first", "second", "second"]) await delivery(destination.sink, one, new Map([[one.id, replay]]));
      const received = await ofOrders([order]);
      assert.deepEqual(
        received,
        Array.from({ length: destination.deduplicates ? 3 : 4 }, () => one),
      );
    });

    test("delivering an empty batch succeeds", async () => {
      assert.deepEqual((await destination.sink.deliver([])).failed, new Map());
    });

    test("an unreachable sink reports it, accepts nothing, and accepts events again later", async (t) => {
      if (!destination.kill || !destination.start) return t.diagnostic("this sink cannot be made unreachable");
      const order = newOrder();
      await destination.kill();
      await assert.rejects(delivery(destination.sink, event(order)));
      await destination.start();
      await delivered(destination.sink, event(order));
      assert.equal((await ofOrders([order])).length >= 1, true);
    });
  });
}

/** Errors: the sink's error for this event. */
async function delivery(sink: Sink, envelope: Envelope, replays?: Replays): Promise<void> {
  const { failed, unclear } = await sink.deliver([envelope], replays);
  assert.equal(failed.size, 0);
  for (const error of unclear?.values() ?? []) throw error;
}

/** Tries until it succeeds, as the relay does. */
async function delivered(sink: Sink, envelope: Envelope): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    try {
      return await delivery(sink, envelope);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
