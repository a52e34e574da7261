// Events that are not of an order: their numbers, and their delivery in one stream with those of
// orders.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { type ShopEvent, type ShopEventType, shopEvents } from "../../src/events/shop-events.ts";
import { Database } from "../../src/database/pool.ts";
import { waitForRunningTransactions } from "../../src/database/running-transactions.ts";
import { newId } from "../../src/ids.ts";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { listEvents, replayEvent } from "../../src/outbox/list-events.ts";
import { Relay } from "../../src/outbox/relay.ts";
import type { DeliveryResult, Sink } from "../../src/outbox/sinks/sink.ts";
import { freshDatabase } from "../support/database.ts";
import { inTransaction, insertOrder, insertProduct, insertUser, type RowProduct } from "../support/rows.ts";

let database: Database;
let drop: () => Promise<void>;
let buyer: string;
let apple: RowProduct;
const relays: Relay[] = [];

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 10, onError: () => {} });
  buyer = await insertUser(database.pool, 100_000);
  apple = await insertProduct(database.pool, { stock: 1000 });
});
beforeEach(async () => {
  await database.pool.query("TRUNCATE orders, order_events, shop_events, payments, sinks, deliveries, letters");
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});
after(async () => {
  await database.close();
  await drop();
});

const AT = Date.UTC(2026, 10, 29, 12);

class Platform implements Sink {
  readonly name = "platform";
  readonly received: Envelope[] = [];
  refuses = new Set<string>();

  async deliver(envelopes: Envelope[]): Promise<DeliveryResult> {
    const failed = new Map(envelopes.filter(({ id }) => this.refuses.has(id)).map(({ id }) => [id, "no"]));
    this.received.push(...envelopes.filter(({ id }) => !failed.has(id)));
    return { failed };
  }

  async close(): Promise<void> {}
}

function relayTo(sink: Sink): Relay {
  const relay = new Relay({ database, sinks: [sink] });
  relays.push(relay);
  return relay;
}

async function relayed(relay: Relay): ReturnType<Relay["runOnce"]> {
  await waitForRunningTransactions(database, 10_000);
  return relay.runOnce();
}

const event = (subject: string, type: ShopEventType, data = {}): ShopEvent => ({ id: newId(AT), subject, type, data, at: AT });

async function append(...events: ShopEvent[]): Promise<void> {
  await database.rows(shopEvents.append(events));
}

const order = (): Promise<{ id: string }> =>
  inTransaction(database.pool, (client) => insertOrder(client, { userId: buyer, items: [{ product: apple, quantity: 1 }] }));

test("the events of a subject are numbered without a gap, in one statement and over several", async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  await append(event(a, "drop.opened"), event(b, "entry.held"), event(a, "drop.sold-out"));
  await append(event(a, "drop.closed"), event(b, "entry.lapsed"));
  const rows = await database.rows<{ type: string; seq: number }>({
    name: "numbers",
    text: "SELECT type, seq FROM shop_events ORDER BY subject = $1 DESC, seq",
    values: [a],
  });
  assert.deepEqual(
    rows.map(({ type, seq }) => [type, seq]),
    [
      ["drop.opened", 1],
      ["drop.sold-out", 2],
      ["drop.closed", 3],
      ["entry.held", 1],
      ["entry.lapsed", 2],
    ],
  );
});

test("events of orders and of other subjects are one stream, in the order of their transactions", async () => {
  const platform = new Platform();
  const subject = randomUUID();
  const opened = event(subject, "drop.opened", { name: "한정판", remaining: 3 });
  await append(opened);
  const bought = await order();
  await append(event(subject, "drop.sold-out"));
  const relay = relayTo(platform);
  assert.deepEqual(await relayed(relay), { delivered: 3, waiting: 0, dead: 0 });
  assert.deepEqual(
    platform.received.map((envelope) => [envelope.type, envelope.subject]),
    [
      ["jangnal.drop.opened", subject],
      ["jangnal.order.completed", bought.id],
      ["jangnal.drop.sold-out", subject],
    ],
  );
  assert.deepEqual(platform.received[0], {
    specversion: "1.0",
    id: opened.id,
    source: "/jangnal/drops",
    type: "jangnal.drop.opened",
    subject,
    time: "2026-11-29T12:00:00.000Z",
    datacontenttype: "application/json",
    partitionkey: subject,
    sequence: "0000000001",
    data: { name: "한정판", remaining: 3 },
  });
  assert.equal((await relayed(relay)).delivered, 0);
});

test("a refused event blocks the later ones of its subject and no other, and a replay by its id sends it", async () => {
  const platform = new Platform();
  const [a, b] = [randomUUID(), randomUUID()];
  const refused = event(a, "drop.opened");
  const blocked = event(a, "drop.closed");
  platform.refuses.add(refused.id);
  await append(refused, event(b, "drop.opened"), blocked);
  const relay = relayTo(platform);
  await relayed(relay);
  assert.deepEqual(
    platform.received.map(({ subject }) => subject),
    [b],
  );
  const { events } = await listEvents(database, { sinks: relay.sinkNames, status: "WAITING", limit: 10, cursor: undefined });
  assert.deepEqual(
    events.map(({ id, orderId, subject, lastError }) => [id, orderId, subject, lastError]),
    [
      [blocked.id, null, a, "waits for event 1 of its subject: no"],
      [refused.id, null, a, "no"],
    ],
  );

  platform.refuses.clear();
  assert.equal((await replayEvent(database, relay.sinkNames, refused.id))?.type, "drop.opened");
  await relayed(relay);
  await relayed(relay);
  assert.deepEqual(
    platform.received.slice(1).map(({ type }) => type),
    ["jangnal.drop.opened", "jangnal.drop.closed"],
  );
});
