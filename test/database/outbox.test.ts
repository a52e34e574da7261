import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { waitForRunningTransactions } from "../../src/database/running-transactions.ts";
import { eventId } from "../../src/ids.ts";
import { backoffMs } from "../../src/backoff.ts";
import type { Envelope, OrderEnvelope } from "../../src/outbox/envelope.ts";
import { FileSink } from "../../src/outbox/sinks/file-sink.ts";
import { listEvents, replayEvent } from "../../src/outbox/list-events.ts";
import { orderHistory } from "../../src/outbox/order-history.ts";
import { selectReadable } from "../../src/outbox/outbox.sql.ts";
import { Relay } from "../../src/outbox/relay.ts";
import { MAX_ATTEMPTS } from "../../src/outbox/retries.ts";
import { type DeliveryResult, type Sink, SinkUnreachable } from "../../src/outbox/sinks/sink.ts";
import { Refusal } from "../../src/refusal.ts";
import { freshDatabase } from "../support/database.ts";
import {
  inTransaction,
  insertCampaign,
  insertOrder,
  insertProduct,
  insertUser,
  insertUserCoupon,
  payOrder,
  refundOrder,
  type RowOrder,
  type RowProduct,
} from "../support/rows.ts";

let database: Database;
let drop: () => Promise<void>;
let buyer: string;
let apple: RowProduct;
const relays: Relay[] = [];

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 10, onError: () => {} });
  buyer = await insertUser(database.pool, 100_000_000);
  apple = await insertProduct(database.pool, { stock: 1_000_000 });
});
beforeEach(async () => {
  await database.pool.query("TRUNCATE orders, order_events, payments, sinks, deliveries, letters");
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});
after(async () => {
  await database.close();
  await drop();
});

/** A data platform that records the received events and behaves as the test says. */
class Platform implements Sink {
  readonly name: string;
  readonly received: Envelope[] = [];
  /** Called before an event is taken. It may throw, wait or refuse. */
  behaviour: (envelopes: Envelope[]) => Promise<DeliveryResult | undefined> | DeliveryResult | undefined = () => undefined;
  closed = false;

  constructor(name = "platform") {
    this.name = name;
  }

  async deliver(envelopes: Envelope[]): Promise<DeliveryResult> {
    const { failed } = (await this.behaviour(envelopes)) ?? { failed: new Map<string, string>() };
    this.received.push(...envelopes.filter((envelope) => !failed.has(envelope.id)));
    return { failed };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get ids(): string[] {
    return this.received.map((envelope) => envelope.id);
  }

  /** Refuses this event. */
  refuse(refused: string): void {
    this.behaviour = (envelopes) => ({ failed: new Map(envelopes.filter(({ id }) => id === refused).map(({ id }) => [id, "not this one"])) });
  }
}

function relayTo(...sinks: Sink[]): Relay {
  const relay = new Relay({ database, sinks, onError: (error) => assert.fail(error as Error) });
  relays.push(relay);
  return relay;
}

function sell(quantity = 1): Promise<RowOrder> {
  return inTransaction(database.pool, (client) => insertOrder(client, { userId: buyer, items: [{ product: apple, quantity }] }));
}

function refundOne(order: RowOrder): Promise<void> {
  return inTransaction(database.pool, (client) => refundOrder(client, order, [{ product: apple, quantity: 1 }]));
}

/**
 * One pass of the relay. Other test files run transactions on the same server, so it waits for
 * those first.
 */
async function relayed(relay: Relay): ReturnType<Relay["runOnce"]> {
  await waitForRunningTransactions(database, 60_000);
  return relay.runOnce();
}

async function retriesDueNow(): Promise<void> {
  await database.pool.query("UPDATE letters SET next_attempt_at = now() WHERE next_attempt_at <> 'infinity'");
}

async function until(condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await condition());) {
    if (Date.now() > deadline) assert.fail(`not within ${ms} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const first = (order: RowOrder): string => eventId(order.id, 1);

test("every event is delivered once, and a second pass finds nothing", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const orders = [await sell(), await sell(), await sell()];
  assert.deepEqual(await relayed(relay), { delivered: 3, waiting: 0, dead: 0 });
  assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 0, dead: 0 });
  assert.deepEqual(platform.ids, orders.map(first));
});

test("the events of a transaction that commits late are delivered exactly once", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const before = await sell();
  await waitForRunningTransactions(database, 60_000);
  const slow = await database.pool.connect();
  await slow.query("BEGIN");
  const late = await insertOrder(slow, { userId: await insertUser(slow), items: [{ product: await insertProduct(slow), quantity: 1 }] });
  const early = await sell();

  const duringTransaction = await relay.runOnce();
  await slow.query("COMMIT");
  slow.release();
  assert.equal(duringTransaction.delivered, 1, "an event waits for older running transactions");
  assert.equal((await relayed(relay)).delivered, 2);
  assert.equal((await relayed(relay)).delivered, 0);
  assert.deepEqual(platform.ids.sort(), [before, late, early].map(first).sort());
});

test("an order's events arrive in order even if a transaction with a lower number wrote the later event", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const order = await sell(5);
  await relayed(relay);
  // A transaction gets its number at its first lock. `low` has the lowest number, waits for the
  // order and writes after `high`, while `between` goes on running.
  const [low, between, high] = [await database.pool.connect(), await database.pool.connect(), await database.pool.connect()];
  for (const client of [low, between, high]) await client.query("BEGIN; SELECT pg_current_xact_id()");
  await refundOrder(high, order, [{ product: apple, quantity: 1 }]);
  await high.query("COMMIT");
  await refundOrder(low, order, [{ product: apple, quantity: 1 }]);
  await low.query("COMMIT");
  for (const client of [low, high]) client.release();

  let delivered = 0;
  for (const deadline = Date.now() + 60_000; delivered === 0 && Date.now() < deadline;) delivered = (await relay.runOnce()).delivered;
  await between.query("COMMIT");
  between.release();
  assert.equal(delivered, 2);
  assert.equal((await relayed(relay)).delivered, 0);
  assert.deepEqual(
    platform.ids,
    [1, 2, 3].map((seq) => eventId(order.id, seq)),
  );
});

// Without selectOrdersOfTransaction the relay would skip the rest of the round after the limit.
test("a round larger than a batch is delivered whole", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  await sell();
  await inTransaction(database.pool, async (client) => {
    await client.query(
      `INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, expires_at, xid)
      SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, $1, 'PENDING', '[]', 1, 0, 0, now(), now(), pg_current_xact_id()
      FROM generate_series(1, 1500) n`,
      [buyer],
    );
  });
  await sell();
  assert.equal((await relayed(relay)).delivered, 1501);
  assert.equal((await relayed(relay)).delivered, 1);
  assert.equal(new Set(platform.ids).size, 1502);
});

// Without it each pass would read all events that wait. A branch of the UNION with a condition of its own is enough to prevent it.
test("the relay reads the events that wait in the order of an index", async () => {
  const { text, values } = selectReadable("0", 1000);
  const client = await database.pool.connect();
  try {
    for (const off of ["enable_seqscan", "enable_sort", "enable_bitmapscan"]) await client.query(`SET ${off} = off`);
    const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN ${text}`, values);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    for (const part of ["Merge Append", "orders_by_transaction", "order_events_by_transaction", "shop_events_by_transaction"])
      assert.ok(plan.includes(part), plan);
    assert.doesNotMatch(plan, /Sort  \(/);
  } finally {
    client.release(true);
  }
});

// Goes red if the planner knows position and limit: it expects a few hundred of these events, and sorts all of them.
test("the relay does not sort the events that wait, although the table has grown since its statistics", async () => {
  const { text, values } = selectReadable("0", 1000);
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN");
    await client.query(
      `INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, expires_at, xid)
      SELECT gen_random_uuid(), $1, 'PENDING', '[]', 1, 0, 0, now(), now(), (n / 100 + 1)::text::xid8 FROM generate_series(1, 30000) n`,
      [buyer],
    );
    const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN ${text}`, values);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    assert.doesNotMatch(plan, /Sort  \(/, plan);
  } finally {
    client.release(true);
  }
});

test("transactions are read in the numeric order of their numbers", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  await database.pool.query(
    `INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, expires_at, xid)
    SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, $1, 'PENDING', '[]', 1, 0, 0, now(), now(), CASE WHEN n = 1 THEN '9' ELSE '10' END::xid8
    FROM generate_series(1, 1001) n`,
    [buyer],
  );
  while ((await relayed(relay)).delivered > 0);
  assert.equal(platform.received.length, 1001);
});

// Goes red if numbers are compared as text, or if orders of several events come after all others.
test("an order of several events is delivered in its turn among orders of one event", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const idOf = (n: number): string => `0000000${n}-0000-7000-8000-000000000000`;
  await database.pool.query(
    `INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, expires_at, xid)
    SELECT id::uuid, $1, 'CANCELLED', '[]', changes, 0, 0, now(), now(), xid::xid8 FROM (VALUES ($2, 1, '8'), ($3, 2, '9'), ($4, 1, '10')) o (id, changes, xid)`,
    [buyer, ...[1, 2, 3].map(idOf)],
  );
  await database.pool.query(`INSERT INTO order_events (order_id, seq, type, created_at, xid) VALUES ($1, 2, 'order.cancelled', now(), '9')`, [
    idOf(2),
  ]);
  assert.equal((await relayed(relay)).delivered, 4);
  // The second event of an order is sent after the first was accepted.
  assert.deepEqual(platform.ids, [eventId(idOf(1), 1), eventId(idOf(2), 1), eventId(idOf(3), 1), eventId(idOf(2), 2)]);
});

test("two relays on one database deliver each event once, and each order's events in order", async () => {
  const platform = new Platform();
  const copies = relayTo(platform);
  const relay = relayTo(platform);
  platform.behaviour = () => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 5));
  relay.start();
  copies.start();
  const orders: RowOrder[] = [];
  for (let i = 0; i < 20; i++) {
    const order = await sell(2);
    orders.push(order);
    if (i % 2) relay.wake();
    else copies.wake();
    await refundOne(order);
  }
  await until(() => platform.received.length >= 40);
  await Promise.all([relay.stop(), copies.stop()]);
  assert.equal(platform.received.length, 40);
  for (const order of orders)
    assert.deepEqual(
      platform.ids.filter((id) => id.slice(0, 32) === order.id.slice(0, 32)),
      [first(order), eventId(order.id, 2)],
    );
});

test("a relay that dies between delivery and recording it leaves its events to another relay", async () => {
  const platform = new Platform();
  const dying = relayTo(platform);
  await sell();
  const recoveries: (() => void)[] = [];
  platform.behaviour = () => new Promise((resolve) => recoveries.push(() => resolve(undefined)));
  await waitForRunningTransactions(database, 60_000);
  const hanging = dying.runOnce();
  await until(() => recoveries.length === 1);

  const other = new Platform();
  const successor = relayTo(other);
  assert.equal((await relayed(successor)).delivered, 0, "the first relay still holds the lease");
  await database.pool.query("UPDATE sinks SET lease_until = now() - interval '1 s'");
  assert.equal((await relayed(successor)).delivered, 1);

  await sell();
  recoveries[0]?.();
  assert.equal((await hanging).delivered, 0, "a relay without the lease records nothing");
  assert.equal((await relayed(successor)).delivered, 1);
  assert.equal(other.received.length, 2);
});

// The position must not move before the delivery is recorded.
test("a crash between delivery and recording it delivers the events again", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const order = await sell();
  platform.behaviour = async () => {
    await database.pool.query("UPDATE sinks SET lease_owner = gen_random_uuid(), lease_until = now() - interval '1 s'"); // The state after a restart.
    return undefined;
  };
  assert.equal((await relayed(relay)).delivered, 0);
  platform.behaviour = () => undefined;
  assert.equal((await relayed(relayTo(platform))).delivered, 1);
  assert.deepEqual(platform.ids, [first(order), first(order)]);
});

// Without SinkUnreachable the pass throws, and without `next_attempt_at` in postpone there is no
// pause.
test("an unavailable data platform gets every event later in order, and no event becomes a dead letter", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const order = await sell(2);
  await refundOne(order);
  platform.behaviour = () => {
    throw new SinkUnreachable("connection refused by platform.internal:9092");
  };
  for (let i = 0; i < 2 * MAX_ATTEMPTS; i++) assert.deepEqual(await relayed(relay), { delivered: 0, waiting: 2, dead: 0 });
  const { rows } = await database.pool.query(
    "SELECT failures, next_attempt_at - now() BETWEEN interval '25 s' AND interval '61 s' AS waits, last_error FROM sinks",
  );
  assert.deepEqual(rows, [{ failures: 2 * MAX_ATTEMPTS, waits: true, last_error: "connection refused by platform.internal:9092" }]);
  const { events } = await listEvents(database, { sinks: relay.sinkNames, status: "WAITING", limit: 10, cursor: undefined });
  assert.deepEqual(
    events.map(({ attempts, lastError }) => [attempts, lastError]),
    [2 * MAX_ATTEMPTS, 2 * MAX_ATTEMPTS].map((tries) => [tries, "connection refused by platform.internal:9092"]),
  );

  platform.behaviour = () => undefined;
  assert.deepEqual(await relayed(relay), { delivered: 2, waiting: 0, dead: 0 });
  assert.deepEqual(platform.ids, [first(order), eventId(order.id, 2)]);
  assert.equal((await database.pool.query("SELECT FROM sinks WHERE failures = 0 AND last_error IS NULL AND next_attempt_at < now()")).rowCount, 1);
});

// Each sink has a loop of its own.
test("an unavailable data platform does not delay the others", async () => {
  const [unavailable, available] = [new Platform("unavailable"), new Platform("available")];
  unavailable.behaviour = () => new Promise((_, reject) => setTimeout(() => reject(new Error("timeout")), 20));
  const relay = relayTo(unavailable, available);
  const order = await sell();
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 1, dead: 0 });
  assert.deepEqual(available.ids, [first(order)]);
  const { events } = await listEvents(database, { sinks: relay.sinkNames, status: null, limit: 10, cursor: undefined });
  assert.deepEqual(
    events.map(({ status }) => status),
    ["WAITING"],
    "DELIVERED means delivered to every sink",
  );
});

test("a refused event blocks the later events of its order, and no other order", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const [refused, other] = [await sell(4), await sell(3)];
  await refundOne(refused);
  platform.refuse(first(refused));
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 2, dead: 0 });
  await refundOne(refused);
  await refundOne(other);
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 3, dead: 0 });
  assert.deepEqual(platform.ids, [first(other), eventId(other.id, 2)]);

  platform.refuse(eventId(refused.id, 2));
  await retriesDueNow();
  for (let passes = 0; passes < 4; passes++) await relayed(relay);
  assert.deepEqual(platform.ids.slice(2), [first(refused)], "the second event waits, and the third behind it");

  platform.behaviour = () => undefined;
  await retriesDueNow();
  while ((await relayed(relay)).delivered > 0);
  assert.deepEqual(
    platform.ids.slice(2),
    [1, 2, 3].map((seq) => eventId(refused.id, seq)),
  );
  await refundOne(refused);
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 0, dead: 0 });
});

test("an event that is always refused becomes a dead letter, its order goes on, and a replay delivers it", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const order = await sell(3);
  platform.refuse(first(order));
  await relayed(relay);
  await refundOne(order);
  for (let tries = 1; tries < MAX_ATTEMPTS; tries++) {
    const { events } = await listEvents(database, { sinks: ["platform"], status: "WAITING", limit: 5, cursor: undefined });
    assert.deepEqual(
      events.map(({ id, attempts }) => [id, attempts]),
      [
        [eventId(order.id, 2), 0],
        [first(order), tries],
      ],
    );
    await retriesDueNow();
    await relayed(relay);
  }
  const { events } = await listEvents(database, { sinks: ["platform"], status: "DEAD", limit: 10, cursor: undefined });
  assert.deepEqual(
    events.map(({ id, attempts, deliveredAt, lastError }) => [id, attempts, deliveredAt, lastError]),
    [[first(order), MAX_ATTEMPTS, null, "not this one"]],
  );
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 0, dead: 1 });
  assert.deepEqual(platform.ids, [eventId(order.id, 2)]);

  platform.behaviour = () => undefined;
  const replayed = await replayEvent(database, relay.sinkNames, first(order));
  assert.deepEqual([replayed?.status, replayed?.attempts], ["WAITING", 0]);
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 0, dead: 0 });
  assert.deepEqual(platform.ids, [eventId(order.id, 2), first(order)]);
});

test("a replay delivers a delivered event again, does not duplicate a waiting event, and reports an unknown one", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const [old, young] = [await sell(), await sell()];
  await relayed(relay);
  const waiting = await sell();
  for (let i = 0; i < 2; i++) assert.equal((await replayEvent(database, relay.sinkNames, first(old)))?.status, "WAITING");
  assert.equal((await replayEvent(database, relay.sinkNames, first(waiting)))?.status, "WAITING");
  assert.equal(await replayEvent(database, relay.sinkNames, eventId(young.id, 7)), undefined);
  await relayed(relay);
  assert.deepEqual(platform.ids, [old, young, waiting, old].map(first));
  assert.equal((await listEvents(database, { sinks: relay.sinkNames, status: "WAITING", limit: 10, cursor: undefined })).events.length, 0);
});

// readOrdersAt must not throw, because every event would wait behind the damaged one.
test("an event whose order is missing does not block other events", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const [broken, whole] = [await sell(), await sell()];
  await refundOne(broken);
  await database.pool.query("DELETE FROM orders WHERE id = $1", [broken.id]);
  assert.deepEqual(await relayed(relay), { delivered: 1, waiting: 1, dead: 0 });
  assert.deepEqual(platform.ids, [first(whole)]);
});

// Without wake() the relay would find the event at its next poll, here in an hour.
test("an idle relay delivers when it is woken, and closes its sinks when it stops", async () => {
  const platform = new Platform();
  const relay = new Relay({ database, sinks: [platform], pollMs: 3_600_000, onError: (error) => assert.fail(error as Error) });
  relays.push(relay);
  relay.start();
  for (let i = 1; i <= 3; i++) {
    await sell();
    // The relay is woken repeatedly, because transactions of other test files delay the delivery.
    await until(() => {
      relay.wake();
      return platform.received.length === i;
    });
  }
  await relay.stop();
  assert.equal(platform.closed, true);
});

// Only the poll finds it.
test("an idle relay finds the events of another instance", async () => {
  const platform = new Platform();
  relayTo(platform).start();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await sell();
  await until(() => platform.received.length === 1);
});

test("an envelope shows the order as it was at its event, in the documented form", async () => {
  const platform = new Platform();
  const relay = relayTo(platform);
  const campaign = await insertCampaign(database.pool);
  const userCouponId = await insertUserCoupon(database.pool, campaign, buyer);
  const pear = await insertProduct(database.pool, { name: "배", price: 2500 });
  const order = await insertOrder(database.pool, {
    userId: buyer,
    items: [
      { product: apple, quantity: 2 },
      { product: pear, quantity: 1 },
    ],
    paid: false,
    coupon: { userCouponId, amount: 500 },
  });
  await payOrder(database.pool, order);
  await refundOrder(database.pool, order, [{ product: apple, quantity: 1 }], "bruised", [888]);
  await relayed(relay);

  const [placed, completed, refunded] = platform.received as OrderEnvelope[];
  assert.deepEqual(
    platform.received.map(({ type }) => type),
    ["jangnal.order.placed", "jangnal.order.completed", "jangnal.order.partially-refunded"],
  );
  assert.deepEqual([placed?.data.status, placed?.data.paidAmount, placed?.data.payment, placed?.data.completedAt], ["PENDING", 0, null, null]);
  assert.deepEqual(
    [completed?.data.status, completed?.data.paidAmount, completed?.data.refundedAmount, completed?.data.refund],
    ["COMPLETED", 4000, 0, null],
  );
  assert.deepEqual(
    completed?.data.orderItems.map(({ refundedQuantity }) => refundedQuantity),
    [0, 0],
  );
  assert.deepEqual(completed?.data.discount, { userCouponId, couponId: campaign, amount: 500 });
  assert.equal(completed?.data.payment?.status, "COMPLETED");
  assert.deepEqual(
    refunded?.data.orderItems.map(({ refundedQuantity }) => refundedQuantity),
    [1, 0],
  );
  assert.deepEqual(
    [refunded?.data.status, refunded?.data.refundedAmount, refunded?.data.refund?.reason, refunded?.data.payment?.status],
    ["PARTIALLY_REFUNDED", 888, "bruised", "PARTIALLY_REFUNDED"],
  );

  const shown = /```json\n([^]*?)```/.exec(readFileSync(new URL("../../docs/api/events.md", import.meta.url), "utf8"))?.[1] ?? "";
  assert.deepEqual(anonymous(JSON.parse(shown)), anonymous(refunded));

  const { events } = await orderHistory(database, { orderId: order.id, after: 0, readerIsOperator: true });
  assert.deepEqual(
    events.map(({ type }) => type),
    ["order.placed", "order.completed", "order.partially-refunded"],
  );
  assert.deepEqual(events[0]?.data, {
    orderItems: itemsOf(placed),
    totalAmount: 4500,
    discountAmount: 500,
    discount: placed?.data.discount,
    expiresAt: placed?.data.expiresAt,
  });
  assert.deepEqual(events[1]?.data, {
    orderItems: itemsOf(completed),
    totalAmount: 4500,
    discountAmount: 500,
    discount: completed?.data.discount,
    paidAmount: 4000,
    payment: completed?.data.payment,
  });
  assert.deepEqual(events[2]?.data, refunded?.data.refund);
});

/** The metadata of variants is for platforms, not for buyers. */
function itemsOf(envelope: OrderEnvelope | undefined): unknown {
  return envelope?.data.orderItems.map((sent) => {
    const { metadata: _, ...item } = sent;
    return item;
  });
}

/** Without ids and timestamps, which differ in each run. */
function anonymous(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/"\d{6}-[0-9A-Z]{8}"/g, `"NUMBER"`),
  );
}

// The test fails without the cursor's condition in selectEvents, and if the condition compares less
// than the whole position.
test("the list of events shows each event once, newest first, across pages and concurrent writes", async () => {
  const relay = relayTo(new Platform());
  const orders: RowOrder[] = [];
  for (let i = 0; i < 7; i++) orders.push(await sell());
  await relayed(relay);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listEvents(database, { sinks: relay.sinkNames, status: "DELIVERED", limit: 3, cursor });
    for (const event of page.events) {
      seen.push(event.id);
      assert.deepEqual([event.status, event.attempts, event.type], ["DELIVERED", 1, "order.completed"]);
      assert.ok(event.deliveredAt !== null && event.deliveredAt >= event.createdAt);
    }
    cursor = page.nextCursor ?? undefined;
    await sell();
    await relayed(relay);
  } while (cursor !== undefined);
  assert.deepEqual(seen, orders.map(first).reverse());
});

// A dead event at one sink must not count as waiting at another, because the page would come up
// short and seem the last.
test("the list of waiting events includes events that one sink lacks, and delivery retries", async () => {
  const [available, unavailable] = [new Platform("available"), new Platform("unavailable")];
  const relay = relayTo(available, unavailable);
  const orders: RowOrder[] = [];
  for (let i = 0; i < 6; i++) orders.push(await sell());
  const [letter] = orders as [RowOrder];
  await relayed(relay);
  await database.pool.query("UPDATE sinks SET position = (SELECT xid FROM order_history WHERE order_id = $1) WHERE name = 'unavailable'", [
    letter.id,
  ]);
  await database.pool.query("INSERT INTO letters VALUES ('available', $1, 1, 'WAITING', 3, now()), ('available', $2, 1, 'DEAD', 8, now())", [
    letter.id,
    orders[3]?.id,
  ]);
  const seen: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await listEvents(database, { sinks: relay.sinkNames, status: "WAITING", limit: 2, cursor });
    seen.push(...page.events.map(({ id, status, attempts }) => [id, status, attempts]));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(
    seen,
    [5, 4, 2, 1, 0].map((i) => [first(orders[i] as RowOrder), "WAITING", i === 0 ? 3 : 1]),
  );
});

// Without the check of ranges in readPlace the database would refuse the value, and the response
// would be 500.
test("a cursor of another list is refused", async () => {
  const cursorOf = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString("base64url");
  const id = "01a1f8a5-9f23-7000-9938-84a66edc0000";
  for (const cursor of [
    "x",
    "",
    cursorOf(["orders", id]),
    cursorOf(["events", -1, id, 1]),
    cursorOf(["events", 1, id, 1e9]),
    cursorOf(["events", 1, "no", 1]),
    cursorOf(["events", 1.5, id, 1]),
  ]) {
    await assert.rejects(
      listEvents(database, { sinks: ["platform"], status: null, limit: 3, cursor }),
      (error) => error instanceof Refusal && error.code === "INVALID_REQUEST",
      cursor,
    );
  }
});

test("pauses double up to a minute, with jitter", () => {
  assert.deepEqual(
    [1, 2, 3, 20, 5000].map((tries) => backoffMs(tries, () => 1)),
    [500, 1000, 2000, 60_000, 60_000],
  );
  assert.equal(
    backoffMs(1, () => 0),
    250,
  );
});

function fileSink(): { sink: FileSink; lines: () => string[]; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "jangnal-events-"));
  const sink = new FileSink(directory);
  return { sink, lines: () => readFileSync(sink.path, "utf8").split("\n"), remove: () => rmSync(directory, { recursive: true }) };
}

const envelope = (id: string): Envelope => ({ id, data: { note: "배\n" } }) as unknown as Envelope;

// Without cutTornLine the torn line and the next one would become one line.
test("the event file holds one event per line, only its owner can read it, and a torn line is cut", async () => {
  const { sink, lines, remove } = fileSink();
  await sink.deliver([envelope("1"), envelope("2")]);
  writeFileSync(sink.path, "x".repeat(200_000), { flag: "a" });
  await sink.deliver([envelope("3")]);
  assert.deepEqual(
    lines()
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as Envelope).id),
    ["1", "2", "3"],
  );
  assert.equal(lines().at(-1), "");
  if (process.platform !== "win32") assert.equal(statSync(sink.path).mode & 0o777, 0o600);
  writeFileSync(sink.path, "torn from the first line on");
  await sink.deliver([envelope("4")]);
  assert.deepEqual(lines(), [JSON.stringify(envelope("4")), ""]);
  remove();
});

// A file that stays open would receive events after it was moved away.
test("the event file is created again after it was moved or deleted", async () => {
  const { sink, lines, remove } = fileSink();
  await sink.deliver([envelope("1")]);
  renameSync(sink.path, `${sink.path}.1`);
  await sink.deliver([envelope("2")]);
  assert.deepEqual(lines(), [JSON.stringify(envelope("2")), ""]);
  unlinkSync(sink.path);
  await sink.deliver([envelope("3")]);
  assert.deepEqual(lines(), [JSON.stringify(envelope("3")), ""]);
  remove();
});

test("the relay delivers events to the event file", async () => {
  const { sink, lines, remove } = fileSink();
  const order = await sell();
  assert.equal((await relayed(relayTo(sink))).delivered, 1);
  const [line] = lines();
  assert.equal((JSON.parse(line ?? "") as Envelope).id, first(order));
  remove();
});
