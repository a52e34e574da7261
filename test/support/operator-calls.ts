// One successful call of each operation that an operator can change the shop with. A new operation
// needs a call here: the journal's tests compare the list with the OpenAPI document.

import { randomUUID } from "node:crypto";
import { closeSoon } from "./close-soon.ts";
import { Client, good, type TestShop } from "./shop.ts";

/** `as`: another operator than the test's own. */
export type OperatorCall = { method: string; path: string; body?: unknown; as?: Client };
type Prepare = (shop: TestShop) => Promise<OperatorCall>;

const post = (path: string, body: unknown = {}): OperatorCall => ({ method: "POST", path, body });
const FIXED = { type: "FIXED", amount: 100 };
const PARCEL = { carrier: "CJ대한통운", trackingNumber: "1234" };

async function order(shop: TestShop, fields: Record<string, unknown> = {}): Promise<{ orderId: string; variantId: string; userId: string }> {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product();
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }], ...fields }), 201);
  return { orderId, variantId: product.variants[0]?.id as string, userId: user.id };
}
const unpaid = (shop: TestShop) => order(shop, { payment: { method: "DEFERRED" } });

async function shipped(shop: TestShop): Promise<{ orderId: string; shipmentId: string }> {
  const { orderId } = await order(shop);
  const { shipments } = good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, PARCEL), 201);
  return { orderId, shipmentId: shipments[0].shipmentId };
}

async function returned(shop: TestShop): Promise<{ orderId: string; returnId: string }> {
  const { orderId } = await shipped(shop);
  return { orderId, returnId: good(await shop.operator.post(`/orders/${orderId}/returns`, { reason: "단순 변심" }), 201).returnId };
}

async function cartItem(shop: TestShop): Promise<{ userId: string; id: string }> {
  const user = await shop.user();
  const product = await shop.product();
  return { userId: user.id, id: good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201).id };
}

async function drop(shop: TestShop, fields: Record<string, unknown> = {}): Promise<string> {
  const product = await shop.product();
  const opensAt = new Date(Date.now() - 1000).toISOString();
  return good(await shop.operator.post("/admin/drops", { name: "드롭", productId: product.id, mode: "FIRST_COME", opensAt, ...fields }), 201).id;
}

async function closedDraw(shop: TestShop): Promise<string> {
  const closesAt = new Date(Date.now() + 3_600_000).toISOString();
  const id = await drop(shop, { mode: "DRAW", closesAt, publicValueSource: "로또" });
  await closeSoon(shop.operator, id);
  for (;;) {
    const { entryCount } = good(await shop.anyone("GET", `/drops/${id}/draw`), 200);
    if (entryCount !== null) return id;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function deliveredEvent(shop: TestShop): Promise<string> {
  await order(shop);
  good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
  return good(await shop.operator.get("/admin/events?limit=1"), 200).events[0].id;
}

/** A captured payment that pays for nothing, and that the gateway did not take back. */
async function unreturnedCapture(shop: TestShop): Promise<string> {
  const id = randomUUID();
  await shop.shop.database.pool.query(
    "INSERT INTO stray_money (id, payment_key, amount, reason, status, created_at, asked) VALUES ($1, $2, 1, 'r', 'REFUSED', now(), 1)",
    [id, randomUUID()],
  );
  return id;
}

/** A rehearsal, after another one that may be running has ended. */
async function rehearsal(shop: TestShop): Promise<string> {
  const productId = (await shop.product()).id;
  for (;;) {
    const answer = await shop.operator.post("/admin/rehearsals", { productId, buyers: 1, arriveWithinMs: 0 });
    if (answer.status !== 503) return good(answer, 201).id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const OPERATOR_CALLS: Record<string, Prepare> = {
  openCharge: async (shop) => post(`/users/${(await shop.user()).id}/balance/charges`, { amount: 1000 }),
  chargeBalance: async (shop) => post(`/users/${(await shop.user()).id}/balance/charge`, { amount: 1000 }),
  issueCoupon: async (shop) => post(`/coupons/${(await shop.campaign()).id}/issue`, { userId: (await shop.user()).id }),
  enterDrop: async (shop) => post(`/drops/${await drop(shop)}/entries`, { userId: (await shop.user()).id }),
  async leaveDrop(shop) {
    const user = await shop.user();
    const dropId = await drop(shop);
    good(await user.post(`/drops/${dropId}/entries`, {}), 201);
    return { method: "DELETE", path: `/drops/${dropId}/entries/mine`, as: new Client(shop.url, user.id, "operator") };
  },
  setPublicValue: async (shop) => post(`/admin/drops/${await closedDraw(shop)}/public-value`, { publicValue: "1 2 3" }),
  emptyCart: async (shop) => ({ method: "DELETE", path: `/users/${(await cartItem(shop)).userId}/cart` }),
  addToCart: async (shop) => post(`/users/${(await shop.user()).id}/cart/items`, { productId: (await shop.product()).id, quantity: 1 }),
  async setCartQuantity(shop) {
    const { userId, id } = await cartItem(shop);
    return { method: "PATCH", path: `/users/${userId}/cart/items/${id}`, body: { quantity: 3 } };
  },
  async removeFromCart(shop) {
    const { userId, id } = await cartItem(shop);
    return { method: "DELETE", path: `/users/${userId}/cart/items/${id}` };
  },
  placeOrder: async (shop) =>
    post("/orders", { userId: (await shop.user({ balance: 1000 })).id, orderItems: [{ productId: (await shop.product()).id, quantity: 1 }] }),
  editOrder: async (shop) => ({ method: "PATCH", path: `/orders/${(await order(shop)).orderId}`, body: { metadata: { channel: "phone" } } }),
  cancelOrder: async (shop) => post(`/orders/${(await order(shop)).orderId}/cancel`),
  async payOrder(shop) {
    const { orderId } = await unpaid(shop);
    return post("/payments", { orderId, method: "BALANCE" });
  },
  createUsers: async () => post("/admin/users", { name: "김민수" }),
  editUser: async (shop) => ({ method: "PATCH", path: `/admin/users/${(await shop.user()).id}`, body: { name: "이서연" } }),
  eraseUser: async (shop) => post(`/admin/users/${(await shop.user()).id}/erase`, { reason: "탈퇴" }),
  async revokeBalances(shop) {
    const user = await shop.user({ balance: 100 });
    return post("/admin/balances/revoke", { revocations: [{ userId: user.id, amount: 1, reason: "오류" }] });
  },
  issueCoupons: async (shop) => post(`/admin/coupons/${(await shop.campaign()).id}/issue`, { userIds: [(await shop.user()).id] }),
  async voidCoupons(shop) {
    const campaign = await shop.campaign();
    good(await (await shop.user()).post(`/coupons/${campaign.id}/issue`), 201);
    return post(`/admin/coupons/${campaign.id}/void`, { reason: "오류" });
  },
  grantBalances: async (shop) => post("/admin/balances/grant", { grants: [{ userId: (await shop.user()).id, amount: 1, reason: "환영" }] }),
  createProducts: async () => post("/admin/products", { name: "사과", price: 1, stock: 1 }),
  editProduct: async (shop) => ({ method: "PATCH", path: `/admin/products/${(await shop.product()).id}`, body: { name: "배" } }),
  addVariant: async (shop) => post(`/admin/products/${(await shop.product()).id}/variants`, { options: { size: "M" }, price: 1, stock: 1 }),
  editVariant: async (shop) => ({ method: "PATCH", path: `/admin/variants/${(await shop.product()).variants[0]?.id}`, body: { price: 2 } }),
  putProduct: async () => ({
    method: "PUT",
    path: `/admin/products/by-external-id/${randomUUID()}`,
    body: { name: "사과", price: 1, stock: 1 },
  }),
  changeStock: async (shop) => post("/admin/stock", { changes: [{ variantId: (await shop.product()).variants[0]?.id, delta: 1, reason: "입고" }] }),
  adjustStock: async (shop) => post(`/admin/variants/${(await shop.product()).variants[0]?.id}/stock`, { delta: 1, reason: "실사" }),
  createCoupon: async () => post("/admin/coupons", { name: "쿠폰", totalQuantity: 1, discount: FIXED }),
  editCoupon: async (shop) => ({ method: "PATCH", path: `/admin/coupons/${(await shop.campaign()).id}`, body: { name: "새 쿠폰" } }),
  closeCoupon: async (shop) => post(`/admin/coupons/${(await shop.campaign()).id}/close`),
  createDrop: async (shop) => post("/admin/drops", { name: "드롭", productId: (await shop.product()).id, opensAt: "2099-01-01T00:00:00Z" }),
  editDrop: async (shop) => ({ method: "PATCH", path: `/admin/drops/${await drop(shop)}`, body: { name: "새 드롭" } }),
  pauseDrop: async (shop) => post(`/admin/drops/${await drop(shop)}/pause`),
  async resumeDrop(shop) {
    const id = await drop(shop);
    good(await shop.operator.post(`/admin/drops/${id}/pause`), 200);
    return post(`/admin/drops/${id}/resume`);
  },
  closeDrop: async (shop) => post(`/admin/drops/${await drop(shop)}/close`),
  async releaseDrop(shop) {
    const id = await drop(shop);
    good(await shop.operator.post(`/admin/drops/${id}/close`), 200);
    return post(`/admin/drops/${id}/release`);
  },
  refundOrder: async (shop) => post(`/admin/orders/${(await order(shop)).orderId}/refunds`, { reason: "파손" }),
  prepareOrder: async (shop) => post(`/admin/orders/${(await order(shop)).orderId}/preparing`),
  shipOrder: async (shop) => post(`/admin/orders/${(await order(shop)).orderId}/shipments`, PARCEL),
  shipOrders: async (shop) => post("/admin/shipments", { shipments: [{ orderId: (await order(shop)).orderId, ...PARCEL }] }),
  async deliverShipment(shop) {
    const { orderId, shipmentId } = await shipped(shop);
    return post(`/admin/orders/${orderId}/shipments/${shipmentId}/delivered`);
  },
  requestReturn: async (shop) => post(`/orders/${(await shipped(shop)).orderId}/returns`, { reason: "단순 변심" }),
  async withdrawReturn(shop) {
    const { orderId, returnId } = await returned(shop);
    return { method: "DELETE", path: `/orders/${orderId}/returns/${returnId}` };
  },
  receiveReturn: async (shop) => post(`/admin/returns/${(await returned(shop)).returnId}/receive`, { restock: true }),
  rejectReturn: async (shop) => post(`/admin/returns/${(await returned(shop)).returnId}/reject`, { reason: "사용함" }),
  resolvePayment: async (shop) => post(`/admin/payments/${await unreturnedCapture(shop)}/resolve`, { outcome: "RETURNED", reason: "확인" }),
  replayEvent: async (shop) => post(`/admin/events/${await deliveredEvent(shop)}/replay`),
  replayEvents: async () => post("/admin/events/replay", { status: "DEAD" }),
  runJob: async () => post("/admin/jobs/expire-coupons/run"),
  startRehearsal: async (shop) => post("/admin/rehearsals", { productId: (await shop.product()).id, buyers: 1, arriveWithinMs: 0 }),
  stopRehearsal: async (shop) => post(`/admin/rehearsals/${await rehearsal(shop)}/stop`),
};
