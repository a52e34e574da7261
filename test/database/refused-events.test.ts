// The dispatcher must distinguish a sink that refuses one event from a sink that is unavailable,
// for any kind of error.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { waitForRunningTransactions } from "../../src/database/running-transactions.ts";
import { eventId } from "../../src/ids.ts";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { type EventView, listEvents, replayEvent } from "../../src/outbox/list-events.ts";
import { Relay } from "../../src/outbox/relay.ts";
import { MAX_ATTEMPTS } from "../../src/outbox/retries.ts";
import type { SinkReport } from "../../src/outbox/sink-report.ts";
import { ALL_DELIVERED, deduplicationId, type DeliveryResult, type Replays, type Sink, SinkUnreachable } from "../../src/outbox/sinks/sink.ts";
import { freshDatabase } from "../support/database.ts";
import { inTransaction, insertOrder, insertProduct, insertUser, refundOrder, type RowOrder, type RowProduct } from "../support/rows.ts";

let database: Database;
let drop: () => Promise<void>;
let buyer: string;
let apple: RowProduct;
const relays: Relay[] = [];
const reports: SinkReport[] = [];

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 10, onError: () => {} });
  buyer = await insertUser(database.pool, 100_000_000);
  apple = await insertProduct(database.pool, { stock: 1_000_000 });
});
beforeEach(async () => {
  reports.length = 0;
  await database.pool.query("TRUNCATE orders, order_events, payments, sinks, deliveries, letters");
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});
after(async () => {
  await database.close();
  await drop();
});

/**
 * Accepts a batch whole or not at all, as Kafka does, and drops repeated deliveries, as NATS does.
 */
class BatchSink implements Sink {
  readonly name: string;
  readonly received: string[] = [];
  calls = 0;
  /** The error for a batch. */
  error: (ids: string[]) => Error | undefined = () => undefined;
  readonly #deliveredIds = new Set<string>();

  constructor(name = "batches") {
    this.name = name;
  }

  refuse(...ids: string[]): void {
    this.error = (batch) => (batch.some((id) => ids.includes(id)) ? new Error("connection reset") : undefined);
  }

  async deliver(envelopes: Envelope[], replays?: Replays): Promise<DeliveryResult> {
    this.calls++;
    const error = this.error(envelopes.map(({ id }) => id));
    if (error) throw error;
    for (const envelope of envelopes) {
      const id = deduplicationId(envelope, replays);
      if (!this.#deliveredIds.has(id)) this.received.push(envelope.id);
      this.#deliveredIds.add(id);
    }
    return ALL_DELIVERED;
  }

  async close(): Promise<void> {}
}

function relayTo(...sinks: Sink[]): Relay {
  const relay = new Relay({ database, sinks, onError: (error) => assert.fail(error as Error), onReport: (report) => reports.push(report) });
  relays.push(relay);
  return relay;
}

function sell(quantity = 1): Promise<RowOrder> {
  return inTransaction(database.pool, (client) => insertOrder(client, { userId: buyer, items: [{ product: apple, quantity }] }));
}

async function sellMany(count: number): Promise<RowOrder[]> {
  const orders: RowOrder[] = [];
  for (let i = 0; i < count; i++) orders.push(await sell());
  return orders;
}

function refundOne(order: RowOrder): Promise<void> {
  return inTransaction(database.pool, (client) => refundOrder(client, order, [{ product: apple, quantity: 1 }]));
}

/** Other test files run transactions on the same server, so this waits for those first. */
async function relayed(relay: Relay): ReturnType<Relay["runOnce"]> {
  await waitForRunningTransactions(database, 10_000);
  return relay.runOnce();
}

async function retriesDueNow(): Promise<void> {
  await database.pool.query("UPDATE letters SET next_attempt_at = now() WHERE next_attempt_at <> 'infinity'");
}

async function eventsOf(relay: Relay, status: EventView["status"]): Promise<EventView[]> {
  return (await listEvents(database, { sinks: relay.sinkNames, status, limit: 100, cursor: undefined })).events;
}

const first = ({ id }: RowOrder): string => eventId(id, 1);
const firsts = (orders: RowOrder[]): string[] => orders.map(first).sort();

for (const place of [0, 57, 119])
  test(`an event that fails its batch (number ${place} of 120) blocks no other event and becomes a dead letter`, async () => {
    const sink = new BatchSink();
    const relay = relayTo(sink);
    const orders = await sellMany(120);
    const [bad] = orders.splice(place, 1) as [RowOrder];
    sink.refuse(first(bad));
    assert.deepEqual(await relayed(relay), { delivered: 119, waiting: 1, dead: 0 });
    assert.deepEqual(sink.received.toSorted(), firsts(orders));
    assert.ok(sink.calls < 25, `${sink.calls} calls`);
    const [waiting] = await eventsOf(relay, "WAITING");
    assert.deepEqual([waiting?.id, waiting?.attempts, waiting?.lastError], [first(bad), 1, "connection reset; the sink takes other events"]);

    for (let tries = 1; tries < MAX_ATTEMPTS; tries++) {
      await retriesDueNow();
      await relayed(relay);
    }
    const [dead] = await eventsOf(relay, "DEAD");
    assert.deepEqual([dead?.id, dead?.attempts], [first(bad), MAX_ATTEMPTS]);
    assert.match(dead?.lastError ?? "", /connection reset/);
    assert.deepEqual(
      reports.map(({ kind }) => kind),
      [...Array.from({ length: MAX_ATTEMPTS - 1 }, () => "refused"), "dead"],
    );
    assert.deepEqual(relay.counts, [{ sink: "batches", counts: { delivered: 119, refused: MAX_ATTEMPTS, dead: 1, failures: 0 } }]);
  });

test("many refused events block no other event", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const orders = await sellMany(90);
  const bad = orders.filter((_, i) => i % 3 === 0);
  sink.refuse(...bad.map(first));
  for (let passes = 0; sink.received.length < 60 && passes < 30; passes++) await relayed(relay);
  assert.deepEqual(sink.received.toSorted(), firsts(orders.filter((_, i) => i % 3 !== 0)));
  assert.deepEqual(firsts(bad), (await eventsOf(relay, "WAITING")).map(({ id }) => id).sort());
});

test("a refused event blocks the later events of its order, which report it as their reason", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const [bad, good] = [await sell(2), await sell(2)];
  sink.refuse(first(bad));
  await refundOne(bad);
  await refundOne(good);
  await relayed(relay);
  assert.deepEqual(sink.received.toSorted(), [first(good), eventId(good.id, 2)].sort());
  assert.deepEqual(
    (await eventsOf(relay, "WAITING")).map(({ id, lastError }) => [id, lastError]),
    [
      [eventId(bad.id, 2), "waits for event 1 of its order: connection reset; the sink takes other events"],
      [first(bad), "connection reset; the sink takes other events"],
    ],
  );
  sink.error = () => undefined;
  await retriesDueNow();
  while ((await relayed(relay)).delivered > 0);
  assert.deepEqual(sink.received.slice(2), [first(bad), eventId(bad.id, 2)]);
  assert.deepEqual(
    (await eventsOf(relay, "DELIVERED")).filter(({ lastError }) => lastError !== null),
    [],
  );
});

test("a sink that accepts nothing is unavailable: no event is refused, and one log line reports it", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  await sellMany(30);
  sink.error = () => new Error("broker not ready");
  for (let passes = 0; passes < 2 * MAX_ATTEMPTS; passes++) assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 30, dead: 0 });
  assert.equal((await database.pool.query("SELECT FROM letters")).rowCount, 0);
  assert.deepEqual(reports, [{ kind: "unavailable", sink: "batches", reason: "broker not ready" }]);
  for (const { lastError } of await eventsOf(relay, "WAITING")) assert.equal(lastError, "broker not ready");
  sink.error = () => undefined;
  assert.deepEqual(await relayed(relay), { delivered: 30, waiting: 0, dead: 0 });
  assert.deepEqual(reports.at(-1), { kind: "available", sink: "batches" });
});

// Retries must not run while the sink accepts none of the events waiting beside them.
test("a refused event does not become a dead letter during an outage while other events wait", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const [bad] = (await sellMany(5)) as [RowOrder];
  sink.refuse(first(bad));
  await relayed(relay);
  await sellMany(5);
  sink.error = () => new Error("broker not ready");
  for (let passes = 0; passes < 2 * MAX_ATTEMPTS; passes++) {
    await retriesDueNow();
    assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 6, dead: 0 });
  }
  assert.equal((await eventsOf(relay, "WAITING")).find(({ id }) => id === first(bad))?.attempts, 1);
});

test("a refused event does not become a dead letter during an outage while no other event waits", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const [bad] = (await sellMany(5)) as [RowOrder];
  sink.refuse(first(bad));
  await relayed(relay);
  sink.error = () => new SinkUnreachable("connection refused");
  for (let passes = 0; passes < 2 * MAX_ATTEMPTS; passes++) {
    await retriesDueNow();
    assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 1, dead: 0 });
  }
});

test("the very first event of a shop does not block other orders when it is refused", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const bad = await sell();
  sink.refuse(first(bad));
  assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 1, dead: 0 });
  const next = await sell();
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 1, dead: 0 });
  assert.deepEqual(sink.received, [first(next)]);
  assert.equal((await eventsOf(relay, "WAITING"))[0]?.attempts, 1);
});

// The dispatcher remembers the taken events (`#taken`).
test("events that a sink took before it became unavailable are not sent again", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const sent: string[] = [];
  let capacity = 10;
  sink.deliver = async (envelopes) => {
    const taken = envelopes.slice(0, capacity);
    capacity -= taken.length;
    sent.push(...taken.map(({ id }) => id));
    return { failed: new Map(), unclear: new Map(envelopes.slice(taken.length).map(({ id }) => [id, new SinkUnreachable("connection lost")])) };
  };
  const orders = await sellMany(25);
  assert.equal((await relayed(relay)).delivered, 0);
  capacity = 100;
  await relayed(relay);
  assert.deepEqual(sent.toSorted(), firsts(orders));
  assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 0, dead: 0 });
});

test("with several sinks each reason names its sink", async () => {
  const [one, other] = [new BatchSink("one"), new BatchSink("other")];
  const relay = relayTo(one, other);
  const [bad] = (await sellMany(3)) as [RowOrder];
  one.refuse(first(bad));
  other.refuse(first(bad));
  await relayed(relay);
  assert.equal(
    (await eventsOf(relay, "WAITING"))[0]?.lastError,
    "one: connection reset; the sink takes other events; other: connection reset; the sink takes other events",
  );
});

test("each replay reaches a sink that drops repeated deliveries, and the retry of a replay is not duplicated", async () => {
  const sink = new BatchSink();
  const relay = relayTo(sink);
  const order = await sell();
  await relayed(relay);
  for (let replays = 1; replays <= 2; replays++) {
    await replayEvent(database, relay.sinkNames, first(order));
    await relayed(relay);
    assert.equal(sink.received.length, 1 + replays);
    // The state after a crash between delivery and recording it.
    await database.pool.query("UPDATE letters SET status = 'WAITING', next_attempt_at = now()");
    await relayed(relay);
    assert.equal(sink.received.length, 1 + replays);
  }
  assert.deepEqual(new Set(sink.received), new Set([first(order)]));
});
