// The course of one drop and of the parcel of one order through both instances, at the end of a sequence. Each expected answer is written out.

import assert from "node:assert/strict";
import { matches } from "../simulation/checker.ts";
import type { Environment } from "./environment.ts";
import type { HttpRequest } from "./requests.ts";
import { eventually } from "./views.ts";
import type { Json } from "../../support/shop.ts";

type Body = Json;
type Expect = (at: 0 | 1, status: number, request: HttpRequest, expected?: unknown) => Promise<Body>;

const LABEL = { carrier: "CJ대한통운", trackingNumber: "6051-2233-4455" };

/** Sends a drop's entries, an order of a held unit and the order's parcel, and compares each answer. Errors: the first difference. */
export async function sellDrop(environment: Environment): Promise<void> {
  const expect: Expect = async (at, status, request, expected = {}) => {
    const answer = await environment.send(request, at);
    const body: Body = answer.body;
    assert.equal(answer.status, status, `${request.method} ${request.path}: ${JSON.stringify(body)}`);
    if (status !== 204 && !matches(expected, body)) assert.fail(`${request.path} is ${JSON.stringify(body)}, expected ${JSON.stringify(expected)}`);
    return body;
  };
  const { buyer, productId } = await enterDrop(expect);
  await deliver(expect, buyer, productId);
  await expect(1, 200, { operationId: "audit", as: null, method: "GET", path: "/admin/audit" }, { violations: [] });
}

async function enterDrop(expect: Expect): Promise<{ buyer: string; productId: string }> {
  const admin = (operationId: string, path: string, body: unknown): HttpRequest => ({ operationId, as: null, method: "POST", path, body });
  const shopper = async (): Promise<string> => (await expect(0, 201, admin("createUsers", "/admin/users", { name: "손님" }))).id;
  const [first, second, third] = [await shopper(), await shopper(), await shopper()];
  const product = { name: "한정판", variants: [{ price: 1000, stock: 2 }] };
  const { id: productId } = await expect(0, 201, admin("createProducts", "/admin/products", product));
  const terms = { name: "한정판", productId, mode: "FIRST_COME", waitlist: true, opensAt: new Date(Date.now() - 1000).toISOString() };
  const drop = { productId, mode: "FIRST_COME", status: "OPEN", remaining: 2, entries: 0 };
  const { id } = await expect(0, 201, admin("createDrop", "/admin/drops", terms), drop);
  await expect(1, 409, admin("createDrop", "/admin/drops", terms), { code: "DROP_EXISTS", dropId: id });

  const path = `/drops/${id}/entries`;
  const enter = (as: string): HttpRequest => ({ operationId: "enterDrop", as, method: "POST", path, body: {} });
  const own = (operationId: string, as: string, method: "GET" | "DELETE"): HttpRequest => ({ operationId, as, method, path: `${path}/mine` });
  await expect(0, 201, enter(first), { number: 1, status: "HELD" });
  await expect(1, 201, enter(second), { number: 2, status: "HELD" });
  await expect(0, 201, enter(third), { number: 3, status: "WAITING", ahead: 0 });
  await expect(1, 200, own("getOwnEntry", third, "GET"), { number: 3, status: "WAITING" });
  await expect(0, 204, own("leaveDrop", second, "DELETE"));
  await eventually(async () => void (await expect(1, 200, own("getOwnEntry", third, "GET"), { number: 3, status: "HELD" })));

  const view = { ...drop, status: "SOLD_OUT", remaining: 0, entries: 3 };
  const read = (operationId: string, at: string): HttpRequest => ({ operationId, as: null, method: "GET", path: at });
  for (const at of [0, 1] as const) {
    await eventually(async () => void (await expect(at, 200, read("getDrop", `/drops/${id}`), view)));
    await eventually(async () => void (await expect(at, 200, read("listDrops", "/drops"), { drops: [view] })));
    const { entries } = await expect(at, 200, read("listDropEntries", `/admin/drops/${id}/entries`));
    const shown = entries.map(({ userId, status }: Body) => `${userId} ${status}`).toSorted();
    assert.deepEqual(shown, [`${first} HELD`, `${second} LEFT`, `${third} HELD`].toSorted());
  }
  return { buyer: first, productId };
}

async function deliver(expect: Expect, buyer: string, productId: string): Promise<void> {
  const post = (operationId: string, as: string | null, path: string, body?: unknown): HttpRequest => ({
    operationId,
    as,
    method: "POST",
    path,
    body,
  });
  const grant = { grants: [{ userId: buyer, amount: 1500, reason: "model" }] };
  await expect(1, 200, post("grantBalances", null, "/admin/balances/grant", grant), { granted: 1, totalAmount: 1500 });
  const ordered = { orderItems: [{ productId, quantity: 1 }], payment: { method: "BALANCE" } };
  const paid = { status: "COMPLETED", totalAmount: 1000, fulfilmentStatus: "NONE" };
  const { orderId } = await expect(1, 201, post("placeOrder", buyer, "/orders", ordered), paid);
  await expect(0, 200, post("prepareOrder", null, `/admin/orders/${orderId}/preparing`), { orderId, fulfilmentStatus: "PREPARING" });
  await expect(1, 409, post("cancelOrder", buyer, `/orders/${orderId}/cancel`), { code: "ORDER_NOT_CANCELLABLE" });
  const shipped = { fulfilmentStatus: "SHIPPED", shipments: [LABEL] };
  const { shipments } = await expect(1, 201, post("shipOrder", null, `/admin/orders/${orderId}/shipments`, LABEL), shipped);
  const path = `/admin/orders/${orderId}/shipments/${shipments[0].shipmentId}/delivered`;
  await expect(0, 200, post("deliverShipment", null, path), { fulfilmentStatus: "DELIVERED" });
  const history: HttpRequest = { operationId: "getOrderHistory", as: buyer, method: "GET", path: `/orders/${orderId}/history` };
  const types = ["order.completed", "order.preparing", "order.shipped", "order.delivered"];
  await expect(1, 200, history, { events: types.map((type) => ({ type })) });
}
