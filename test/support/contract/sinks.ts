// What every place that events go to must do, whichever it is.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { envelopeOf, type Envelope } from "../../../src/outbox/envelope.ts";
import type { OrderSnapshot } from "../../../src/outbox/order-snapshot.ts";
import type { Replays, Sink } from "../../../src/outbox/sinks/sink.ts";
import { newOrderId } from "../../../src/ids.ts";

export type SinkUnderTest = {
  sink: Sink;
  /** Everything that the place holds, in its order. */
  received(): Promise<Envelope[]>;
  /** Whether the place itself drops what comes again. */
  recognises: boolean;
  /** Makes the place unreachable, and reachable again with what it had on disk. Left out where it can't be. */
  kill?(): Promise<void>;
  start?(): Promise<void>;
  remove(): Promise<void>;
};

/** The `seq`-th event of an order. */
export function event(orderId: string, seq = 1): Envelope {
  const data = { orderId, name: "사과 🍎" } as unknown as OrderSnapshot;
  return envelopeOf({ orderId, seq, type: seq === 1 ? "order.completed" : "order.refunded", at: Date.UTC(2026, 10, 20) }, data);
}

export const newOrder = (): string => newOrderId(Date.now());

export function sinkContract(kind: string, open: () => Promise<SinkUnderTest>): void {
  describe(`events to ${kind}`, () => {
    let place: SinkUnderTest;
    before(async () => {
      place = await open();
    });
    after(async () => {
      await place.sink.close();
      await place.remove();
    });
    const ofOrders = async (orders: string[]): Promise<Envelope[]> => (await place.received()).filter(({ subject }) => orders.includes(subject));

    test("what is delivered is there, whole", async () => {
      const orders = Array.from({ length: 250 }, newOrder);
      const sent = orders.map((order) => event(order));
      assert.deepEqual((await place.sink.deliver(sent)).failed, new Map());
      const received = await ofOrders(orders);
      assert.deepEqual(new Map(received.map((one) => [one.id, one])), new Map(sent.map((one) => [one.id, one])));
    });

    test("an order's events are there in their order", async () => {
      const orders = Array.from({ length: 20 }, newOrder);
      for (const seq of [1, 2, 3]) await place.sink.deliver(orders.map((order) => event(order, seq)));
      const received = await ofOrders(orders);
      for (const order of orders)
        assert.deepEqual(
          received.filter(({ subject }) => subject === order).map(({ sequence }) => Number(sequence)),
          [1, 2, 3],
        );
    });

    test("what comes again is there under the same id", async () => {
      const order = newOrder();
      await place.sink.deliver([event(order)]);
      await place.sink.deliver([event(order)]);
      const received = await ofOrders([order]);
      assert.equal(new Set(received.map(({ id }) => id)).size, 1);
      assert.equal(received.length, place.recognises ? 1 : 2);
    });

    // Goes red where a replay has no deduplication id of its own: the sink drops it and the shop says that it is delivered.
    test("each replay is there again, and the retry of a replay is a repetition", async () => {
      const order = newOrder();
      const [one] = [event(order)];
      await delivery(place.sink, one);
      for (const replay of ["first", "second", "second"]) await delivery(place.sink, one, new Map([[one.id, replay]]));
      const received = await ofOrders([order]);
      assert.deepEqual(
        received,
        Array.from({ length: place.recognises ? 3 : 4 }, () => one),
      );
    });

    test("nothing to deliver is delivered", async () => {
      assert.deepEqual((await place.sink.deliver([])).failed, new Map());
    });

    test("a place that is away says so, takes nothing, and takes it when it is back", async (t) => {
      if (!place.kill || !place.start) return t.diagnostic("this place can't be taken away");
      const order = newOrder();
      await place.kill();
      await assert.rejects(delivery(place.sink, event(order)));
      await place.start();
      await delivered(place.sink, event(order));
      assert.equal((await ofOrders([order])).length >= 1, true);
    });
  });
}

/** Errors: the one that the sink names for this event. */
async function delivery(sink: Sink, envelope: Envelope, replays?: Replays): Promise<void> {
  const { failed, unclear } = await sink.deliver([envelope], replays);
  assert.equal(failed.size, 0);
  for (const error of unclear?.values() ?? []) throw error;
}

/** As the relay does: tried until it succeeds. */
async function delivered(sink: Sink, envelope: Envelope): Promise<void> {
  for (const deadline = Date.now() + 20_000; ;) {
    try {
      return await delivery(sink, envelope);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
