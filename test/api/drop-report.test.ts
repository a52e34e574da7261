// The report of a drop, and the events that no request causes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { closeSoon } from "../support/close-soon.ts";
import { good, refused } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other: beside } = await twoInstances();

const UNKNOWN_ID = "01a1f8a8-188e-7001-826f-f4254ba20003";

async function drop(fields: Record<string, unknown> = {}): Promise<{ id: string; productId: string; variantId: string }> {
  const product = await shop.product({ stock: 2 });
  const body = {
    name: "한정판",
    productId: product.id,
    mode: "FIRST_COME",
    opensAt: new Date(Date.now() - 100).toISOString(),
    limitPerCustomer: 1,
    ...fields,
  };
  const { id } = good(await shop.operator.post("/admin/drops", body), 201);
  return { id, productId: product.id, variantId: product.variants[0]?.id ?? "" };
}

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ;) {
    const value = await read();
    if (holds(value)) return value;
    assert.ok(Date.now() < deadline, JSON.stringify(value));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const eventsOf = async (subject: string): Promise<string[]> =>
  (
    await shop.shop.database.rows<{ type: string }>({
      name: "events of subject",
      text: "SELECT type FROM shop_events WHERE subject = $1 ORDER BY seq",
      values: [subject],
    })
  ).map(({ type }) => type);

test("a report counts entries by status and refusals of both instances by code, a repeated request once", async () => {
  const { id } = await drop();
  const users = await shop.users(4);
  for (const user of users.slice(0, 2)) good(await user.post(`/drops/${id}/entries`), 201);
  const [a, , c, d] = users as [(typeof users)[0], (typeof users)[0], (typeof users)[0], (typeof users)[0]];
  for (let i = 0; i < 2; i++) refused(await a.post(`/drops/${id}/entries`, {}, { "idempotency-key": "a" }), 409, "DROP_ALREADY_ENTERED");
  refused(await c.post(`/drops/${id}/entries`), 409, "DROP_SOLD_OUT");
  refused(await d.at(beside).post(`/drops/${id}/entries`), 409, "DROP_SOLD_OUT");
  good(await a.delete(`/drops/${id}/entries/mine`), 204);
  // The other instance adds its counts every other second.
  const report = await until(
    async () => good(await shop.operator.get(`/admin/drops/${id}/report`), 200),
    ({ refused: counts }) => counts.DROP_SOLD_OUT === 2,
  );
  assert.deepEqual(report.refused, { DROP_ALREADY_ENTERED: 1, DROP_SOLD_OUT: 2 });
  assert.deepEqual(report.entries, { WAITING: 0, HELD: 1, ORDERED: 0, BOUGHT: 0, LAPSED: 0, LEFT: 1, LOST: 0 });
  assert.deepEqual([report.sold, report.revenue, report.firstSaleAt, report.holdsLapsed, report.perSecond], [0, 0, null, 0, []]);
  refused(await shop.operator.get(`/admin/drops/${UNKNOWN_ID}/report`), 404, "DROP_NOT_FOUND");
  refused(await a.get(`/admin/drops/${id}/report`), 403, "FORBIDDEN");
});

test("a drop tells once that it opens, each time that it is sold out, and that it closes", async () => {
  const { id, variantId } = await drop({ mode: "DIRECT" });
  const told = (types: string[]): Promise<string[]> =>
    until(
      () => eventsOf(id),
      (events) => events.length >= types.length,
    );
  assert.deepEqual(await told(["drop.opened"]), ["drop.opened"]);
  const change = async (delta: number): Promise<void> =>
    void good(await shop.operator.post(`/admin/variants/${variantId}/stock`, { delta, reason: "test" }), 200);
  await change(-2);
  const soldOut = ["drop.opened", "drop.sold-out"];
  assert.deepEqual(await told(soldOut), soldOut);
  await closeSoon(shop.operator, id);
  const all = [...soldOut, "drop.closed"];
  assert.deepEqual(await told(all), all);
  good(await shop.operator.post(`/admin/drops/${id}/close`), 200);
  assert.deepEqual(await eventsOf(id), all);
  const { soldOutAfterMs } = good(await shop.operator.get(`/admin/drops/${id}/report`), 200);
  assert.ok(soldOutAfterMs > 0);
});

// A crowd that is too late sends orders, and tries again to pay the orders that it could place.
test("a report counts refused orders and payments, also those that name only the product of the drop", async () => {
  const { id, productId } = await drop({ mode: "DIRECT", limitPerCustomer: 2 });
  const [a, b, c] = await shop.users(3, { balance: 1_000_000 });
  assert.ok(a && b && c);
  const order = (quantity: number, method = "BALANCE") => ({ orderItems: [{ productId, quantity }], payment: { method } });
  const late = good(await c.post("/orders", order(1, "DEFERRED")), 201);
  refused(await a.post("/orders", order(3)), 409, "DROP_LIMIT_EXCEEDED");
  good(await a.post("/orders", order(1)), 201);
  for (let i = 0; i < 2; i++) refused(await b.post("/orders", order(2), { "idempotency-key": "b" }), 400, "STOCK_INSUFFICIENT");
  good(await b.post("/orders", order(1)), 201);
  refused(await c.post("/payments", { orderId: late.orderId, method: "BALANCE" }), 409, "DROP_SOLD_OUT");
  const report = good(await shop.operator.get(`/admin/drops/${id}/report`), 200);
  assert.deepEqual(report.refused, { DROP_LIMIT_EXCEEDED: 1, DROP_SOLD_OUT: 1, STOCK_INSUFFICIENT: 1 });
});

// The job that looks for drops that are sold out may come after the close.
test("a drop that is closed right after its last unit was sold tells that it was sold out, and its report when", async () => {
  const { id, productId } = await drop({ mode: "DIRECT", limitPerCustomer: 2 });
  const user = await shop.user({ balance: 1_000_000 });
  good(await user.post("/orders", { orderItems: [{ productId, quantity: 2 }] }), 201);
  good(await shop.operator.post(`/admin/drops/${id}/close`), 200);
  const all = await until(
    () => eventsOf(id),
    (events) => events.length >= 2,
  );
  assert.deepEqual(
    all.filter((type) => type !== "drop.opened"),
    ["drop.sold-out", "drop.closed"],
  );
  const { soldOutAfterMs } = good(await shop.operator.get(`/admin/drops/${id}/report`), 200);
  assert.ok(soldOutAfterMs > 0);
});

test("a report keeps when a drop was first sold out, if units come back, and counts a line that is over as lost", async () => {
  const { id } = await drop({ waitlist: true });
  const users = await shop.users(3);
  for (const user of users) good(await user.post(`/drops/${id}/entries`), 201);
  await until(
    () => eventsOf(id),
    (events) => events.includes("drop.sold-out"),
  );
  const report = async () => good(await shop.operator.get(`/admin/drops/${id}/report`), 200);
  const { soldOutAfterMs } = await report();
  assert.ok(soldOutAfterMs > 0);
  good(await shop.operator.post(`/admin/drops/${id}/close`), 200);
  const closed = await report();
  assert.equal(closed.soldOutAfterMs, soldOutAfterMs);
  assert.deepEqual([closed.entries.WAITING, closed.entries.LOST, closed.entries.LAPSED], [0, 1, 2]);
});
