// Orders in one row beside the version before, whose line items, payments and first events are rows of their own: both versions on one
// database, then the move behind a running shop.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { audit } from "../../src/audit/audit.ts";
import { migrate } from "../../src/database/migrate.ts";
import { Database } from "../../src/database/pool.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { freshDatabase } from "../support/database.ts";
import { placePrevious, refundPrevious } from "../support/previous-orders.ts";
import { insertProduct, insertUser, type RowOrder, type RowProduct } from "../support/rows.ts";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";

/** The lock that each instance of the version before holds. */
const OLDER_INSTANCE = "SELECT pg_advisory_lock_shared(7264003)";
const ZONE = "Asia/Seoul";

let drop: () => Promise<void>;
let database: Database;
let older: pg.Client;
let shop: TestShop;
let user: Client;
let apple: RowProduct;

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 4, onError: () => {} });
  await database.pool.query("DROP SCHEMA public CASCADE");
  await database.pool.query("CREATE SCHEMA public");
  older = new pg.Client({ connectionString: fresh.url });
  await older.connect();
  await older.query(OLDER_INSTANCE);
  await migrate(fresh.url);
  shop = await openTestShop({ env: { DATABASE_URL: fresh.url } });
  user = shop.client(await insertUser(database.pool));
  apple = await insertProduct(database.pool);
});
after(async () => {
  await shop.close();
  await olderEnds();
  await database.close();
  await drop();
});

let olderEnded: Promise<void> | undefined;
/** Ends the instance of the version before, once. */
const olderEnds = (): Promise<void> => (olderEnded ??= older.end());

const place = (quantity: number, payment = {}) => ({ orderItems: [{ productId: apple.id, quantity }], ...payment });
const DEFERRED = { payment: { method: "DEFERRED" } };
const placed = (quantity: number, paid = true): Promise<RowOrder> =>
  placePrevious(database.pool, { userId: user.id, items: [{ product: apple, quantity }], paid });
const get = async (path: string) => good(await shop.operator.get(path), 200);
const move = async () => good(await shop.operator.post("/admin/jobs/move-orders/run"), 200).lastResult;
const count = async (from: string): Promise<number> => Number((await database.pool.query(`SELECT count(*) FROM ${from}`)).rows[0].count);

async function assertConsistent(): Promise<void> {
  await aggregateSales(database, ZONE, 10_000);
  assert.deepEqual((await audit(database, ZONE)).violations, []);
}

test("while an instance of the version before runs, it can read and refund the orders of this version", async () => {
  const order = good(await user.post("/orders", place(3)), 201);
  const { rows } = await database.pool.query("SELECT name, quantity, refunded_quantity FROM order_items WHERE order_id = $1", [order.orderId]);
  assert.deepEqual(rows, [{ name: apple.name, quantity: 3, refunded_quantity: 0 }]);
  assert.equal(await count(`payments WHERE id = '${order.payment.paymentId}' AND method = 'BALANCE' AND status = 'COMPLETED'`), 1);
  assert.equal(await count(`order_events WHERE order_id = '${order.orderId}' AND seq = 1 AND type = 'order.completed'`), 1);

  await refundPrevious(database.pool, { id: order.orderId, userId: user.id, items: [], discount: 0, seq: 1 }, apple, 1);
  good(
    await shop.operator.post(`/admin/orders/${order.orderId}/refunds`, { items: [{ variantId: apple.variantId, quantity: 1 }], reason: "returned" }),
    200,
  );
  const after = await get(`/orders/${order.orderId}`);
  assert.deepEqual([after.orderItems[0].refundedQuantity, after.refundedAmount, after.payment.status], [2, 2000, "PARTIALLY_REFUNDED"]);
  assert.equal(after.payment.paymentId, order.payment.paymentId);
  assert.equal((await get(`/orders/${order.orderId}/history`)).events.length, 3);
  await assertConsistent();
});

test("while an instance of the version before runs, this version pays, refunds and cancels its orders", async () => {
  const [paid, waiting, cancelled] = [await placed(2), await placed(1, false), await placed(1, false)];
  good(await user.post("/payments", { orderId: waiting.id, method: "BALANCE" }), 201);
  good(await user.post(`/orders/${cancelled.id}/cancel`), 200);
  good(await shop.operator.post(`/admin/orders/${paid.id}/refunds`, { reason: "returned" }), 200);
  const orders = await Promise.all([paid, waiting, cancelled].map(({ id }) => get(`/orders/${id}`)));
  assert.deepEqual(
    orders.map(({ status }) => status),
    ["REFUNDED", "COMPLETED", "CANCELLED"],
  );
  assert.equal(await count(`payments WHERE order_id = '${paid.id}' AND status = 'REFUNDED'`), 1);
  await assertConsistent();
});

test("no order is moved while an instance of the version before runs", async () => {
  assert.deepEqual(await move(), { moved: 0, olderInstances: 1 });
  assert.equal(await count("orders WHERE items IS NOT NULL"), 0);
});

test("once it has ended all orders are moved, and look, pay and refund as before", async () => {
  const [paid, waiting, refunded] = [await placed(4), await placed(1, false), await placed(3)];
  await refundPrevious(database.pool, refunded, apple, 1);
  good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
  const ids = (await database.pool.query<{ id: string }>("SELECT id FROM orders ORDER BY id")).rows.map(({ id }) => id);
  const views = (): Promise<unknown[]> => Promise.all(ids.flatMap((id) => [get(`/orders/${id}`), get(`/orders/${id}/history`)]));
  const lists = (): Promise<unknown[]> =>
    Promise.all(["/admin/orders?limit=100", "/admin/payments?limit=100", "/admin/events?limit=100", `/users/${user.id}/orders?limit=100`].map(get));
  const payments = (await get("/admin/payments?limit=100")).payments as { paymentId: string }[];
  const payment = (): Promise<unknown[]> => Promise.all(payments.map(({ paymentId }) => get(`/payments/${paymentId}`)));
  const [before, listed, paidBy] = [await views(), await lists(), await payment()];
  const { rows: events } = await database.pool.query("SELECT * FROM order_history ORDER BY xid, order_id, seq");

  await olderEnds();
  assert.deepEqual(await move(), { moved: ids.length });
  assert.deepEqual(await move(), { moved: 0 });
  assert.deepEqual(
    [await count("order_items_unmoved"), await count("payments"), await count("orders WHERE items IS NULL OR xid IS NULL")],
    [0, 0, 0],
  );
  assert.deepEqual([await views(), await payment()], [before, paidBy]);
  assert.deepEqual(await lists(), listed);
  assert.deepEqual((await database.pool.query("SELECT * FROM order_history ORDER BY xid, order_id, seq")).rows, events);
  await assertConsistent();

  good(await user.post("/payments", { orderId: waiting.id, method: "BALANCE" }), 201);
  good(await shop.operator.post(`/admin/orders/${refunded.id}/refunds`, { reason: "returned" }), 200);
  good(await user.post(`/orders/${paid.id}/cancel`), 200);
  good(await user.post("/orders", place(1, DEFERRED)), 201);
  await assertConsistent();
});

test("an order that was not moved yet is moved by its next change", async () => {
  await olderEnds();
  await move();
  // As if the job had not come to these two: back into the rows of the version before.
  const orders = [good(await user.post("/orders", place(5)), 201), good(await user.post("/orders", place(2, DEFERRED)), 201)];
  await database.pool.query("ALTER TABLE payments DROP CONSTRAINT payments_gateway_check");
  for (const { orderId } of orders)
    await database.pool.query(
      `WITH o AS (SELECT * FROM orders WHERE id = '${orderId}'),
         items AS (INSERT INTO order_items_unmoved (order_id, variant_id, product_id, line, name, unit_price, quantity)
           SELECT order_id, variant_id, product_id, line, name, unit_price, quantity FROM order_items WHERE order_id = '${orderId}'),
         payment AS (INSERT INTO payments (id, order_id, method, status, amount, created_at, paid_at)
           SELECT id, order_id, method, status, amount, created_at, paid_at FROM order_payments WHERE order_id = '${orderId}'),
         event AS (INSERT INTO order_events SELECT order_id, seq, type, data, created_at, xid FROM order_history WHERE order_id = '${orderId}')
       UPDATE orders SET items = NULL, xid = NULL, paid_at = NULL WHERE id = '${orderId}'`,
    );
  await database.pool.query("ALTER TABLE payments ADD CONSTRAINT payments_gateway_check CHECK (method <> 'BALANCE') NOT VALID");
  const [first, second] = orders;
  good(
    await shop.operator.post(`/admin/orders/${first.orderId}/refunds`, { items: [{ variantId: apple.variantId, quantity: 2 }], reason: "returned" }),
    200,
  );
  good(await user.post("/payments", { orderId: second.orderId, method: "BALANCE" }), 201);
  assert.equal((await get(`/orders/${first.orderId}`)).orderItems[0].refundedQuantity, 2);
  assert.deepEqual([await count("order_items_unmoved"), await count("orders WHERE items IS NULL OR xid IS NULL")], [0, 0]);
  await assertConsistent();
});

test("an instance of the version before cannot place or pay an order any more", async () => {
  await olderEnds();
  await move();
  await assert.rejects(placed(1), /view "order_items"/);
  const order = good(await user.post("/orders", place(1, DEFERRED)), 201);
  await assert.rejects(
    database.pool.query(
      "INSERT INTO payments (id, order_id, method, status, amount, created_at, paid_at) VALUES (gen_random_uuid(), $1, 'BALANCE', 'COMPLETED', 1000, now(), now())",
      [order.orderId],
    ),
    /payments_gateway_check/,
  );
});
