// Returns of shipped units, and refunds that write units off. Turn red without: `returnablePiecesOf`
// and `choosePieces` (request-return.ts), `checkOpen` (end-return.ts), the `restock` in
// `restoreUnits`, `completeReturn` in settle-refund.ts.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { openGatewayShop } from "../support/gateway-shop.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let closeShop: () => Promise<void>;
before(async () => ({ shop, close: closeShop } = await openGatewayShop({ PAYMENT_GATEWAY_TIMEOUT_MS: "500" })));
after(() => closeShop());

const LABEL = { carrier: "한진택배", trackingNumber: "5120-1234-5678" };
const UNKNOWN_ID = "019aa000-0000-7000-8000-00000000dead";

type Shipped = { user: Client; orderId: string; variantId: string; product: { id: string } };

/** An order of `quantity` units at 1,000, of which `units` are shipped. */
async function shipped(quantity: number, { units = quantity, method = "BALANCE", paymentKey = `ok-${randomUUID()}` } = {}): Promise<Shipped> {
  const product = await shop.product({ price: 1000, stock: 100 });
  const user = await shop.user({ balance: 100_000 });
  const variantId = product.variants[0]?.id as string;
  const order = { orderItems: [{ productId: product.id, quantity }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", order), 201);
  good(await user.post("/payments", { orderId, method, ...(method === "CARD" ? { paymentKey } : {}) }), 201);
  if (units > 0) good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, { ...LABEL, items: [{ variantId, quantity: units }] }), 201);
  return { user, orderId, variantId, product };
}

const refundOf = (orderId: string, fields: Record<string, unknown>) =>
  shop.operator.post(`/admin/orders/${orderId}/refunds`, { reason: "파손", ...fields });

test("a buyer returns shipped units, and their receipt refunds them and puts them back into stock", async () => {
  const { user, orderId, variantId, product } = await shipped(3, { units: 2 });
  const items = [{ variantId, quantity: 1 }];
  const requested = good(await user.post(`/orders/${orderId}/returns`, { items, reason: " 색상이 달라요 " }), 201);
  const { returnId, createdAt, ...rest } = requested;
  const open = { status: "REQUESTED", restock: null, settledAt: null, hasRefundReceiveAccount: false };
  assert.deepEqual(rest, { orderId, items, reason: "색상이 달라요", customerReason: null, ...open });
  assert.ok(!Number.isNaN(Date.parse(createdAt)));
  assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [97_000, 97]);

  const received = good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }), 200);
  assert.deepEqual([received.status, received.restock], ["RECEIVED", true]);
  assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [98_000, 98]);
  const order = good(await user.get(`/orders/${orderId}`), 200);
  assert.deepEqual([order.status, order.refundedAmount, order.fulfilmentStatus], ["PARTIALLY_REFUNDED", 1000, "PARTIALLY_SHIPPED"]);
  refused(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }), 409, "ORDER_NOT_RETURNABLE");
  assert.deepEqual(good(await user.get(`/orders/${orderId}/returns`), 200).returns, [
    { ...requested, status: "RECEIVED", restock: true, settledAt: received.settledAt },
  ]);
  const { events } = good(await user.get(`/orders/${orderId}/history`), 200);
  const [ask, refund, end] = events.slice(-3);
  assert.deepEqual([ask.type, refund.type, end.type], ["return.requested", "order.partially-refunded", "return.received"]);
  assert.deepEqual(
    [ask.data, end.data],
    [
      { returnId, items },
      { returnId, items, restock: true },
    ],
  );
  assert.equal(refund.data.reason, "returned");
});

test("units of a return or a refund that are written off are not sold again, and the audit agrees", async () => {
  const { user, orderId, variantId, product } = await shipped(3, { units: 1 });
  good(await refundOf(orderId, { items: [{ variantId, quantity: 1 }], restock: false }), 200);
  const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { reason: "파손" }), 201);
  good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: false }), 200);
  assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [99_000, 97]);
  good(await refundOf(orderId, {}), 200);
  assert.deepEqual([await shop.balanceOf(user), await shop.stockOf(product)], [100_000, 98]);
  assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "REFUNDED");
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

test("a return is of units that were shipped and are neither returned nor refunded", async () => {
  const { user, orderId, variantId } = await shipped(4, { units: 3 });
  const ask = (fields: Record<string, unknown> = {}) => user.post(`/orders/${orderId}/returns`, { reason: "변심", ...fields });
  assert.deepEqual(refused(await ask({ items: [{ variantId, quantity: 4 }] }), 409, "ORDER_NOT_RETURNABLE")["returnable"], [
    { variantId, quantity: 3 },
  ]);
  refused(await ask({ items: [{ variantId: UNKNOWN_ID, quantity: 1 }] }), 400, "INVALID_REQUEST");
  refused(await (await shop.user()).post(`/orders/${orderId}/returns`, { reason: "변심" }), 404, "ORDER_NOT_FOUND");
  good(await ask({ items: [{ variantId, quantity: 1 }] }), 201);
  // One unshipped unit and one that the buyer has.
  good(await refundOf(orderId, { items: [{ variantId, quantity: 2 }] }), 200);
  assert.deepEqual(good(await ask(), 201).items, [{ variantId, quantity: 1 }]);
  refused(await ask(), 409, "ORDER_NOT_RETURNABLE");
  const unshipped = await shipped(1, { units: 0 });
  refused(await unshipped.user.post(`/orders/${unshipped.orderId}/returns`, { reason: "변심" }), 409, "ORDER_NOT_RETURNABLE");
});

test("a return ends once: it is withdrawn by its buyer, rejected, or received", async () => {
  const { user, orderId, variantId } = await shipped(1);
  const other = await shop.user();
  const ask = async (): Promise<string> => good(await user.post(`/orders/${orderId}/returns`, { reason: "변심" }), 201).returnId;
  const first = await ask();
  refused(await other.delete(`/orders/${orderId}/returns/${first}`), 404, "ORDER_NOT_FOUND");
  refused(await user.delete(`/orders/${orderId}/returns/${UNKNOWN_ID}`), 404, "RETURN_NOT_FOUND");
  good(await user.delete(`/orders/${orderId}/returns/${first}`), 204);
  refused(await user.delete(`/orders/${orderId}/returns/${first}`), 404, "RETURN_NOT_FOUND");
  refused(await shop.operator.post(`/admin/returns/${first}/receive`, { restock: true }), 409, "ORDER_NOT_RETURNABLE");

  const second = await ask();
  const rejection = { reason: "사용 흔적", customerReason: "사용한 상품은 반품할 수 없습니다" };
  const rejected = good(await shop.operator.post(`/admin/returns/${second}/reject`, rejection), 200);
  assert.deepEqual([rejected.status, rejected.rejection, rejected.customerReason], ["REJECTED", rejection.reason, rejection.customerReason]);
  const seen = await user.get(`/orders/${orderId}/returns`);
  assert.ok(!seen.text.includes(rejection.reason) && seen.text.includes(rejection.customerReason));
  assert.ok(!(await user.get(`/orders/${orderId}/history`)).text.includes(rejection.reason));
  refused(await user.delete(`/orders/${orderId}/returns/${second}`), 409, "ORDER_NOT_RETURNABLE");

  const third = await ask();
  good(await shop.operator.post(`/admin/returns/${third}/receive`, { restock: true }), 200);
  refused(await shop.operator.post(`/admin/returns/${third}/reject`, rejection), 409, "ORDER_NOT_RETURNABLE");
  refused(await shop.operator.post(`/admin/returns/${UNKNOWN_ID}/receive`, { restock: true }), 404, "RETURN_NOT_FOUND");
  refused(await shop.operator.post(`/admin/returns/${UNKNOWN_ID}/reject`, rejection), 404, "RETURN_NOT_FOUND");
  refused(await user.post(`/admin/returns/${third}/receive`, { restock: true }), 403, "FORBIDDEN");

  const { returns } = good(await shop.operator.get("/admin/returns?status=REJECTED&limit=1"), 200);
  assert.equal(returns[0].returnId, second);
  assert.equal(returns[0].items[0].variantId, variantId);
});

test("a return is refused after RETURN_WITHIN of its parcel's delivery", async () => {
  const soon = await openTestShop({ beside: shop, env: { RETURN_WITHIN: "PT0.001S" } });
  try {
    const { user, orderId } = await shipped(1);
    const order = good(await user.get(`/orders/${orderId}`), 200);
    // Without a reported delivery the window is 14 days longer.
    const { returnId } = good(await user.at(soon).post(`/orders/${orderId}/returns`, { reason: "변심" }), 201);
    good(await user.delete(`/orders/${orderId}/returns/${returnId}`), 204);
    good(await shop.operator.post(`/admin/orders/${orderId}/shipments/${order.shipments[0].shipmentId}/delivered`), 200);
    refused(await user.at(soon).post(`/orders/${orderId}/returns`, { reason: "변심" }), 409, "ORDER_NOT_RETURNABLE");
    good(await user.post(`/orders/${orderId}/returns`, { reason: "변심" }), 201);
  } finally {
    await soon.close();
  }
});

test("a return of units that were paid by card is refunded through the gateway", async () => {
  const { user, orderId, variantId, product } = await shipped(2, { method: "CARD" });
  const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { items: [{ variantId, quantity: 1 }], reason: "변심" }), 201);
  const key = { "idempotency-key": randomUUID() };
  const received = good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: false }, key), 200);
  assert.deepEqual([received.status, received.restock], ["RECEIVED", false]);
  assert.deepEqual(good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: false }, key), 200), received);
  const order = good(await user.get(`/orders/${orderId}`), 200);
  assert.deepEqual([order.status, order.refundedAmount, await shop.stockOf(product)], ["PARTIALLY_REFUNDED", 1000, 98]);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

test("while a refund is in progress at the gateway its units are not shipped and its return does not end", async () => {
  const silent = (): { method: string; paymentKey: string } => ({
    method: "CARD",
    paymentKey: keyFor({ cancel: ["timeout"], find: [] }, randomUUID()),
  });
  const { user, orderId, variantId, product } = await shipped(2, { units: 1, ...silent() });
  const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { reason: "변심" }), 201);
  const receipt = await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true });
  assert.deepEqual([receipt.status, receipt.body.status], [202, "REQUESTED"]);
  refused(await user.delete(`/orders/${orderId}/returns/${returnId}`), 409, "PAYMENT_IN_PROGRESS");
  refused(await shop.operator.post(`/admin/returns/${returnId}/reject`, { reason: "변심" }), 409, "PAYMENT_IN_PROGRESS");
  // The return takes none of the unshipped units.
  good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, { ...LABEL, items: [{ variantId, quantity: 1 }] }), 201);

  const second = await shipped(2, { units: 0, ...silent() });
  assert.equal((await second.user.post(`/orders/${second.orderId}/cancel`)).status, 202);
  refused(await shop.operator.post(`/admin/orders/${second.orderId}/shipments`, LABEL), 409, "ORDER_NOT_SHIPPABLE");
  refused(await shop.operator.post(`/admin/orders/${second.orderId}/preparing`), 409, "ORDER_NOT_SHIPPABLE");

  await shop.shop.database.rows({ name: "test: refunds are due", text: "UPDATE refunds SET ask_at = now()", values: [] });
  good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
  const { returns } = good(await user.get(`/orders/${orderId}/returns`), 200);
  assert.deepEqual([returns[0].status, returns[0].restock, await shop.stockOf(product)], ["RECEIVED", true, 99]);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

// Each decision reads all returns of its order.
test("an order has at most 200 returns, which come in pages", async () => {
  const { user, orderId, variantId } = await shipped(2);
  const earlier = (count: number): Promise<unknown> =>
    shop.shop.database.rows({
      name: "earlier returns",
      text: `INSERT INTO returns (id, order_id, status, pieces, reason, created_at, settled_at)
             SELECT ('0193a000-0000-7000-8000-' || lpad(to_hex(floor(random() * 1e12)::bigint), 12, '0'))::uuid, $1, 'WITHDRAWN', '[]', 'r', now(), now() FROM generate_series(1, $2)`,
      values: [orderId, count],
    });
  await earlier(198);
  const request = () => user.post(`/orders/${orderId}/returns`, { items: [{ variantId, quantity: 1 }], reason: "r" });
  const { returnId } = good(await request(), 201);
  assert.equal((await user.delete(`/orders/${orderId}/returns/${returnId}`)).status, 204);
  good(await request(), 201);
  assert.equal(refused(await request(), 409, "ORDER_NOT_RETURNABLE")["limit"], 200);
  const seen = new Set<string>();
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const { returns, nextCursor } = good(await user.get(`/orders/${orderId}/returns?limit=80${cursor === "" ? "" : `&cursor=${cursor}`}`), 200) as {
      returns: { returnId: string }[];
      nextCursor: string | null;
    };
    for (const one of returns) seen.add(one.returnId);
    cursor = nextCursor;
  }
  assert.deepEqual([seen.size, pages], [200, 3]);
  refused(await user.get(`/orders/${orderId}/returns?cursor=x`), 400, "INVALID_REQUEST");
});
