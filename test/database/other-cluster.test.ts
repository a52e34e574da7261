// A database that came from another PostgreSQL cluster, or from an earlier moment of its own.
//
// Transaction ids of another cluster are made by adding to all stored ones: as after pg_dump into a new cluster, they lie ahead of
// those that the server gives. test/services/backup.test.ts restores a real dump.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { migrate } from "../../src/database/migrate.ts";
import { Database } from "../../src/database/pool.ts";
import { waitForRunningTransactions } from "../../src/database/running-transactions.ts";
import { eventId } from "../../src/ids.ts";
import type { Envelope } from "../../src/outbox/envelope.ts";
import { listEvents, replayEvent } from "../../src/outbox/list-events.ts";
import { Relay } from "../../src/outbox/relay.ts";
import type { Sink } from "../../src/outbox/sinks/sink.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { freshDatabase } from "../support/database.ts";
import { jangnal } from "../support/process.ts";
import { good, openTestShop } from "../support/shop.ts";
import { inTransaction, insertOrder, insertProduct, insertUser, refundOrder, type RowOrder, type RowProduct } from "../support/rows.ts";

const AHEAD = 1_000_000_000_000;

let url: string;
let database: Database;
let drop: () => Promise<void>;
let buyer: string;
let apple: RowProduct;

before(async () => {
  ({ url, drop } = await freshDatabase());
  database = new Database(url, { size: 10, onError: () => {} });
  buyer = await insertUser(database.pool, 100_000_000);
  apple = await insertProduct(database.pool, { stock: 1_000_000 });
});
beforeEach(async () => {
  await database.pool.query("TRUNCATE orders, order_events, payments, sinks, deliveries, letters");
});
after(async () => {
  await database.close();
  await drop();
});

const sell = (): Promise<RowOrder> =>
  inTransaction(database.pool, (client) => insertOrder(client, { userId: buyer, items: [{ product: apple, quantity: 5 }] }));
const refundOne = (order: RowOrder): Promise<void> =>
  inTransaction(database.pool, (client) => refundOrder(client, order, [{ product: apple, quantity: 1 }]));

/** A relay to a sink that remembers the ids of its events. */
function platform(): { relay: Relay; ids: string[]; pass: () => Promise<string[]> } {
  const ids: string[] = [];
  const sink: Sink = {
    name: "platform",
    deliver: async (envelopes: Envelope[]) => (ids.push(...envelopes.map(({ id }) => id)), { failed: new Map() }),
    close: async () => {},
  };
  const relay = new Relay({ database, sinks: [sink], onError: (error) => assert.fail(error as Error) });
  const pass = async (): Promise<string[]> => {
    const known = ids.length;
    await waitForRunningTransactions(database, 10_000);
    await relay.runOnce();
    return ids.slice(known);
  };
  return { relay, ids, pass };
}

/** Moves all stored transaction ids ahead, as in a dump of a cluster that has given more of them. */
async function comeFromAnotherCluster(at = database): Promise<void> {
  const columns = ["orders.xid", "order_events.xid", "shop_events.xid", "sinks.position", "deliveries.position", "checkpoints.xid"];
  for (const column of columns) {
    const [table, name] = column.split(".");
    await at.pool.query(`UPDATE ${table} SET ${name} = ((${name}::text::bigint + ${AHEAD})::text)::xid8`);
  }
}

async function start(): Promise<string[]> {
  const warnings: string[] = [];
  await migrate(url, (message) => warnings.push(message));
  return warnings;
}

const bodyOfShopXid = async (): Promise<string> =>
  (await database.pool.query<{ prosrc: string }>("SELECT prosrc FROM pg_proc WHERE proname = 'shop_xid'")).rows[0]?.prosrc ?? "";

// Fails without the addition in `adopt_cluster`: the relay would see no event, because all of them lie ahead.
test("a database from another cluster delivers its waiting events once, then the new ones, and counts each sale once", async () => {
  assert.deepEqual(await start(), []);
  const { pass } = platform();
  const [told, waiting] = [await sell(), await sell()];
  assert.deepEqual((await pass()).toSorted(), [eventId(told.id, 1), eventId(waiting.id, 1)].toSorted());
  await aggregateSales(database, "Asia/Seoul");
  await refundOne(waiting);
  const late = await sell();

  for (const move of ["first", "second"]) {
    await comeFromAnotherCluster();
    assert.deepEqual(await pass(), [], "the control: without a start nothing is delivered");
    assert.match((await start()).join(), /the database came from another PostgreSQL cluster/);
    assert.deepEqual(await start(), [], "a second start finds nothing to do");
    if (move === "first") {
      assert.deepEqual((await pass()).toSorted(), [eventId(late.id, 1), eventId(waiting.id, 2)].toSorted());
      assert.equal((await aggregateSales(database, "Asia/Seoul")).events, 2);
    }
    const next = await sell();
    await refundOne(told);
    assert.deepEqual((await pass()).toSorted(), [eventId(next.id, 1), eventId(told.id, move === "first" ? 2 : 3)].toSorted());
    assert.equal((await aggregateSales(database, "Asia/Seoul")).events, 2);
  }
  assert.deepEqual(await pass(), []);
});

// Fails if an order is inserted with the server's own transaction id: it would lie behind the sinks' positions.
test("orders and events of a running shop follow after the ids of another cluster", async () => {
  const shop = await openTestShop();
  try {
    const product = await shop.product({ price: 100, stock: 10 });
    const [user] = await shop.users(1, { balance: 10_000 });
    const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
    const delivered = async (): Promise<string[]> => {
      good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
      const lines = readFileSync(join(shop.shop.config.dataDir, "events.ndjson"), "utf8").trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as Envelope).type);
    };
    good(await user!.post("/orders", order), 201);
    assert.deepEqual(await delivered(), ["jangnal.order.completed"]);
    await comeFromAnotherCluster(shop.shop.database);
    await migrate(shop.shop.config.databaseUrl ?? "");
    const { orderId } = good(await user!.post("/orders", order), 201);
    good(await shop.operator.post(`/orders/${orderId}/cancel`), 200);
    assert.deepEqual(await delivered(), ["jangnal.order.completed", "jangnal.order.completed", "jangnal.order.refunded"]);
  } finally {
    await shop.close();
  }
});

// Fails if the next id is read by itself: writers that commit meanwhile would look as if they came from another cluster, and the
// addition would let the relay pass over running transactions.
test("a start beside running writers changes nothing", async () => {
  const before = await bodyOfShopXid();
  let stopped = false;
  const writers = [1, 2, 3].map(async () => {
    while (!stopped) await sell();
  });
  for (let i = 0; i < 20; i++) assert.deepEqual(await start(), []);
  stopped = true;
  await Promise.all(writers);
  assert.equal(await bodyOfShopXid(), before);
});

test("after a restore to an earlier moment, changes of orders have ids that no receiver knows", async () => {
  const { relay, pass } = platform();
  const order = await sell();
  await pass();
  // A copy, because the rows count the order's changes in it.
  await refundOne({ ...order });
  const lost = await pass();
  assert.deepEqual(lost, [eventId(order.id, 2)]);
  // The database goes back to the moment before the refund, on a new timeline.
  await database.pool.query("DELETE FROM order_events WHERE order_id = $1", [order.id]);
  await database.pool.query("UPDATE orders SET changes = 1, refunded_amount = 0 WHERE id = $1", [order.id]);
  await database.pool.query("UPDATE stored_settings SET value = split_part(value, '/', 1) || '/00000000' WHERE name = 'cluster'");
  assert.match((await start()).join(), /restored, moved or promoted/);
  assert.deepEqual(await start(), []);
  await refundOne(order);
  assert.equal((await database.pool.query("SELECT FROM order_events WHERE order_id = $1 AND seq = 2", [order.id])).rowCount, 1);
  const [own = ""] = await pass();
  assert.match(own, /^[0-9a-f-]{36}$/);
  assert.notEqual(own, eventId(order.id, 2));

  const { events } = await listEvents(database, { sinks: ["platform"], status: null, limit: 5, cursor: undefined });
  assert.deepEqual(
    events.map(({ id, orderId }) => [id, orderId]),
    [
      [own, order.id],
      [eventId(order.id, 1), order.id],
    ],
  );
  assert.equal(await replayEvent(database, relay.sinkNames, eventId(order.id, 2)), undefined, "the lost event is not the new one");
  assert.equal((await replayEvent(database, relay.sinkNames, own))?.status, "WAITING");
  assert.deepEqual(await pass(), [own]);
});

test("the command restored gives changes of orders ids of their own, once", async () => {
  await database.pool.query("ALTER TABLE order_events ALTER COLUMN id DROP DEFAULT");
  assert.match((await jangnal(["restored"], { DATABASE_URL: url })).output, /From now on changes of orders have event ids of their own/);
  assert.match((await jangnal(["restored"], { DATABASE_URL: url })).output, /already have/);
  const { pass } = platform();
  const order = await sell();
  await refundOne(order);
  const [first, own] = await pass();
  assert.equal(first, eventId(order.id, 1));
  assert.notEqual(own, eventId(order.id, 2));
});
