// A history of a real shop passes; each tampered copy of it does not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Exchange, type History, keepLedgers, recordHistory } from "../../support/history.ts";
import { type Client, good, openTestShop, type TestShop } from "../../support/shop.ts";
import { judgeHistory } from "./judge-history.ts";

let history: History;
let shops: TestShop[];
let users: Client[];

const BUYERS = 8;
const UNITS = 20;

before(async () => {
  history = recordHistory();
  const shop = await openTestShop();
  shops = [shop, await openTestShop({ beside: shop })];
  users = await shop.users(BUYERS, { balance: 20_000 });
  await Promise.all([sell(shop), issue(shop), enter(shop), limit(shop)]);
  await keepLedgers(shop.shop.config.databaseUrl as string);
});

after(async () => {
  for (const shop of shops.toReversed()) await shop.close();
});

/** Sends for each user, at both instances in turn. */
async function forEachUser(work: (user: Client, i: number) => Promise<unknown>): Promise<void> {
  await Promise.all(users.map((user, i) => work(user.at(shops[i % shops.length] as TestShop), i)));
}

/** Orders, cancels, cards, reads and refusals on one product. */
async function sell(shop: TestShop): Promise<void> {
  const { id: productId, variants } = await shop.product({ price: 1000, stock: UNITS });
  await forEachUser(async (user, i) => {
    for (let turn = 0; turn < 5; turn++) {
      const order = await user.post("/orders", { orderItems: [{ productId, quantity: 1 + (turn % 2) }] }, { "idempotency-key": `${i}-${turn}` });
      if (order.status === 201 && turn === 1) good(await user.post(`/orders/${order.body.orderId}/cancel`), 200);
      good(await user.get(`/users/${user.id}/balance`), 200);
      good(await user.get(`/products/${productId}`), 200);
      if (order.status === 201) good(await user.get(`/orders/${order.body.orderId}/history`), 200);
    }
    const card = await user.post("/orders", { orderItems: [{ productId, quantity: 1 }], payment: { method: "DEFERRED" } });
    if (card.status === 201)
      await user.post("/payments", { orderId: card.body.orderId, method: "CARD", paymentKey: `${i % 2 ? "decline" : "ok"}-${card.body.orderId}` });
    good(await user.post(`/users/${user.id}/balance/charge`, { amount: 500 }), 200);
  });
  good(await shop.operator.post(`/admin/variants/${variants[0]?.id}/stock`, { delta: 5, reason: "counted" }), 200);
}

async function issue(shop: TestShop): Promise<void> {
  const { id } = await shop.campaign({ totalQuantity: 5 });
  await forEachUser(async (user) => {
    await user.post(`/coupons/${id}/issue`);
    await user.post(`/coupons/${id}/issue`);
  });
}

/** A drop with holds and a line. */
async function enter(shop: TestShop): Promise<void> {
  const { id: productId } = await shop.product({ price: 100, stock: 3 });
  const opensAt = new Date(Date.now() - 1000).toISOString();
  const drop = good(await shop.operator.post("/admin/drops", { name: "드롭", productId, mode: "FIRST_COME", waitlist: true, opensAt }), 201);
  await forEachUser(async (user, i) => {
    const entries = `/drops/${drop.id}/entries`;
    const { status } = good(await user.post(entries, { quantity: 1 }), 201);
    if (status === "HELD" && i % 2 === 0) good(await user.post("/orders", { orderItems: [{ productId, quantity: 1 }] }), 201);
    good(await user.get(`${entries}/mine`), 200);
  });
}

async function limit(shop: TestShop): Promise<void> {
  const { id: productId } = await shop.product({ price: 100, stock: 100 });
  const opensAt = new Date(Date.now() - 1000).toISOString();
  good(await shop.operator.post("/admin/drops", { name: "드롭", productId, limitPerCustomer: 2, opensAt }), 201);
  await forEachUser(async (user) => {
    await Promise.all([1, 2, 1].map((quantity) => user.post("/orders", { orderItems: [{ productId, quantity }] })));
  });
}

/** The history with one exchange changed. */
function tampered(is: (exchange: Exchange) => boolean, change: (exchange: Exchange) => Partial<Exchange>): string[] {
  const place = history.exchanges.findLastIndex(is);
  assert.notEqual(place, -1, "no such exchange");
  const exchange = history.exchanges[place] as Exchange;
  const exchanges = history.exchanges.with(place, { ...exchange, ...change(exchange) });
  return judgeHistory({ origin: history.origin, ledgers: history.ledgers, exchanges }).anomalies;
}

function found(anomalies: string[], what: RegExp): void {
  assert.ok(
    anomalies.some((anomaly) => what.test(anomaly)),
    `no anomaly like ${what} in ${JSON.stringify(anomalies)}`,
  );
}

const isOrder = ({ method, path, status }: Exchange): boolean => method === "POST" && path === "/orders" && status === 201;
const isRead =
  (of: RegExp) =>
  ({ method, path, status }: Exchange): boolean =>
    method === "GET" && of.test(path) && status === 200;

test("the history of a shop is linearizable, and its ledgers have no cycle", () => {
  const report = judgeHistory(history);
  assert.deepEqual({ anomalies: report.anomalies, undecided: report.undecided }, { anomalies: [], undecided: [] });
  assert.ok(report.partitions >= BUYERS + 2, `${report.partitions} partitions`);
  assert.ok(report.ledgers.transactions > BUYERS * 8, `${report.ledgers.transactions} transactions`);
  assert.equal(report.lines, 1);
});

test("a request without a response does not make a history wrong", () => {
  const isCharge = ({ path }: Exchange): boolean => path.endsWith("/balance/charge");
  const anomalies = tampered(isCharge, () => ({ respondedAt: undefined, status: undefined, response: undefined }) as never);
  assert.deepEqual(anomalies, []);
});

test("a stale balance is found by both checks", () => {
  const anomalies = tampered(isRead(/\/balance$/), () => ({ response: { balance: 20_000, version: 1 } }));
  found(anomalies, /^wallet of .* is not linearizable/);
  found(anomalies, /^G2-realtime/);
});

test("a lost update of a balance is found", () => {
  const anomalies = tampered(
    ({ path }) => path.endsWith("/balance/charge"),
    ({ response }) => ({ response: { ...response, newBalance: response.newBalance - 500 } }),
  );
  found(anomalies, /^wallet of .* is not linearizable/);
});

test("an acknowledged order that the ledger does not have is found", () => {
  const anomalies = tampered(isOrder, ({ response }) => ({ response: { ...response, orderId: "01a00000-0000-7000-8000-000000000000" } }));
  found(anomalies, /the ledger has no order/);
});

test("stock that is read without a sale before it is found", () => {
  const anomalies = tampered(isRead(/^\/products\//), ({ response }) => ({
    response: { ...response, variants: response.variants.map((variant: { id: string }) => ({ ...variant, stock: UNITS })) },
  }));
  found(anomalies, /^stock of .* is not linearizable/);
});

test("a coupon more than there are is found", () => {
  const anomalies = tampered(
    ({ response }) => response?.code === "COUPON_SOLD_OUT",
    () => ({ status: 201, response: { userCouponId: "another" } }),
  );
  found(anomalies, /^campaign .* is not linearizable/);
});

test("an entry with another's number is found", () => {
  const anomalies = tampered(
    ({ path, method }) => method === "POST" && path.endsWith("/entries"),
    ({ response }) => ({ response: { ...response, number: response.number === 1 ? 2 : 1 } }),
  );
  found(anomalies, /^numbers of drop .* is not linearizable/);
});

test("a unit of a drop that is held twice is found", () => {
  const anomalies = tampered(
    ({ path, response }) => path.endsWith("/entries/mine") && response?.status === "WAITING",
    ({ response }) => ({ response: { ...response, status: "HELD", heldUntil: new Date(Date.now() + 60_000).toISOString() } }),
  );
  found(anomalies, /is oversold: 4 units .* there are 3/);
});

test("an entry that still waits after a later one was held is found", () => {
  const waiting = history.exchanges.filter(({ path, response }) => path.endsWith("/entries/mine") && response?.status === "WAITING");
  const first = Math.min(...waiting.map(({ response }) => response.number));
  const last = history.exchanges.findLast(isRead(/^\/users\/.*\/balance$/)) as Exchange;
  // The first one who waits looks again at the end, after the second one was held.
  const later = [
    { from: first + 1, at: 1, status: "HELD" },
    { from: first, at: 3, status: "WAITING" },
  ].map(({ from, at, status }) => {
    const { response, ...exchange } = waiting.find(({ response }) => response.number === from) as Exchange;
    const time = (last.respondedAt as number) + at;
    return { ...exchange, invokedAt: time, respondedAt: time + 1, response: { ...response, status } };
  });
  const anomalies = judgeHistory({ origin: history.origin, ledgers: history.ledgers, exchanges: [...history.exchanges, ...later] }).anomalies;
  found(anomalies, /waits although entry/);
});

test("a person with more units of a drop than the limit is found", () => {
  const anomalies = tampered(
    ({ response }) => response?.code === "DROP_LIMIT_EXCEEDED",
    ({ response, body, caller }) => {
      const order = history.exchanges.find(
        (exchange) =>
          isOrder(exchange) &&
          exchange.response.orderItems[0].productId === (body as { orderItems: { productId: string }[] }).orderItems[0]?.productId,
      );
      return { status: 201, response: { ...order?.response, orderId: `another ${response.code}`, userId: caller } };
    },
  );
  found(anomalies, /^limit of .* is not linearizable/);
});

test("a repetition with another response is found", () => {
  const order = history.exchanges.findLast((exchange) => isOrder(exchange) && exchange.key !== undefined) as Exchange;
  const repeated = {
    ...order,
    invokedAt: (order.respondedAt as number) + 1,
    respondedAt: (order.respondedAt as number) + 2,
    response: { ...order.response, paidAmount: 1 },
  };
  found(
    judgeHistory({ origin: history.origin, ledgers: history.ledgers, exchanges: [...history.exchanges, repeated] }).anomalies,
    /got another response/,
  );
});
