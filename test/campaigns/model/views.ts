// Compares all views of the shop with the model: balances, products, coupons, carts, orders, payments, sales, events.

import assert from "node:assert/strict";
import type { Model } from "../simulation/model.ts";
import { matches } from "../simulation/checker.ts";
import { day } from "../../support/clock.ts";
import type { Environment } from "./environment.ts";
import type { Json } from "../../support/shop.ts";

type Body = Json;

/** Compares all rows of one kind, through one instance. */
type View = (environment: Environment, at: number) => Promise<void>;

async function read(environment: Environment, at: number, operationId: string, path: string, as: string | null = null): Promise<Body> {
  const { status, body } = await environment.send({ operationId, as, method: "GET", path }, at);
  assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
  return body;
}

/** All pages of a list. */
async function pages(
  environment: Environment,
  at: number,
  operationId: string,
  path: string,
  list: string,
  as: string | null = null,
): Promise<Body[]> {
  const found: Body[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query: string = `${path.includes("?") ? "&" : "?"}limit=5${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: Body = await read(environment, at, operationId, path + query, as);
    found.push(...page[list]);
    cursor = page.nextCursor;
  }
  return found;
}

function assertMatches(what: string, actual: unknown, expected: unknown): void {
  if (!matches(expected, actual)) assert.fail(`${what} is ${JSON.stringify(actual)}\n  expected ${JSON.stringify(expected)}`);
}

const newestFirst = (ids: Iterable<string>): string[] => [...ids].reverse();

/** Retries the comparison of a cached list, since an instance learns of another's changes after their response. */
export async function eventually(compare: () => Promise<void>): Promise<void> {
  const until = performance.now() + 5000;
  for (;;)
    try {
      return await compare();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
}

const balances: View = async (environment, at) => {
  for (const [id, wallet] of environment.model.users) {
    assertMatches(`balance of ${id}`, await read(environment, at, "getBalance", `/users/${id}/balance`, id), { userId: id, ...wallet });
    const ledger = await pages(environment, at, "listTransactions", `/users/${id}/balance/transactions`, "transactions", id);
    assert.equal(ledger.length, wallet.version, "a movement without a ledger row");
    assert.equal(
      sum(ledger, ({ amount }) => amount),
      wallet.balance,
    );
    if (ledger.length > 0) assert.equal(ledger[0].balanceAfter, wallet.balance);
    assertMatches("user", await read(environment, at, "getUser", `/admin/users/${id}`), { id });
    assertMatches("own user", await read(environment, at, "getMe", "/users/me", id), { id });
  }
  assert.deepEqual(
    (await pages(environment, at, "listUsers", "/admin/users", "users")).map(({ id }) => id),
    newestFirst(environment.model.users.keys()),
  );
};

const catalog: View = async (environment, at) => {
  const ids = newestFirst(environment.model.products.keys());
  const all = ids.map((id) => environment.model.product(id));
  for (const product of all) assertMatches("product", await read(environment, at, "getProduct", `/products/${product.id}`), product);
  const brief = all.map(({ id, price, stock, status }) => ({ id, price, stock, status }));
  assertMatches("every product", await pages(environment, at, "listEveryProduct", "/admin/products", "products"), brief);
  const shown = brief.filter(({ status }) => status !== "NOT_FOR_SALE");
  await eventually(async () => assertMatches("products", await pages(environment, at, "listProducts", "/products", "products"), shown));
  const inStock = shown.filter(({ stock }) => stock > 0);
  for (const [id, { adjustments }] of environment.model.variants)
    assertMatches(
      "journal",
      await pages(environment, at, "listStockAdjustments", `/admin/variants/${id}/stock`, "adjustments"),
      adjustments.toReversed(),
    );
  await eventually(async () =>
    assertMatches("products in stock", await pages(environment, at, "listProducts", "/products?includeSoldOut=false", "products"), inStock),
  );
};

const campaigns: View = async (environment, at) => {
  const now = Date.now();
  const all = newestFirst(environment.model.campaigns.keys()).map((id) => {
    const { holders, totalQuantity, opensAt, closesAt, expiresAt } = environment.model.campaigns.get(id) as NonNullable<
      ReturnType<Model["campaigns"]["get"]>
    >;
    const over = now >= (closesAt ?? Infinity) || now >= (expiresAt ?? Infinity);
    const status = over ? "CLOSED" : now < opensAt ? "UPCOMING" : holders.size === totalQuantity ? "SOLD_OUT" : "OPEN";
    return { id, totalQuantity, remainingQuantity: totalQuantity - holders.size, status };
  });
  for (const campaign of all) assertMatches("campaign", await read(environment, at, "getCoupon", `/coupons/${campaign.id}`), campaign);
  const isOver = ({ status }: { status: string }): boolean => status === "CLOSED" || status === "SOLD_OUT";
  const listed = [...all.filter((one) => !isOver(one)), ...all.filter(isOver)];
  assertMatches("campaigns", await pages(environment, at, "listCoupons", "/coupons", "coupons"), listed);
};

const userCoupons: View = async (environment, at) => {
  for (const userId of environment.model.users.keys()) {
    const now = Date.now();
    const own = [...environment.model.coupons].filter(([, coupon]) => coupon.userId === userId).reverse();
    const all = own.map(([id, { couponId, state, expiresAt }]) => ({
      id,
      couponId,
      status: state === "AVAILABLE" && expiresAt <= now ? "EXPIRED" : state,
    }));
    for (const status of ["ALL", "AVAILABLE", "USED", "EXPIRED", "VOID"])
      assertMatches(
        `coupons ${status} of ${userId}`,
        await pages(environment, at, "listUserCoupons", `/users/${userId}/coupons?status=${status}`, "userCoupons", userId),
        all.filter((one) => status === "ALL" || one.status === status),
      );
  }
};

const carts: View = async (environment, at) => {
  for (const userId of environment.model.users.keys()) {
    const cartItems = (environment.model.carts.get(userId) ?? []).map(({ id, productId, variantId, quantity }) => {
      const { price, stock } = environment.model.variants.get(variantId) as { price: number; stock: number };
      if (!environment.model.products.get(productId)?.forSale)
        return { id, productId, variantId, quantity, unitPrice: null, stock: 0, status: "NOT_FOR_SALE" };
      const status = stock > 0 ? "ON_SALE" : "SOLD_OUT";
      return { id, productId, variantId, quantity, unitPrice: price, stock, status };
    });
    const totalAmount = sum(cartItems, ({ unitPrice, quantity }) => (unitPrice ?? 0) * quantity);
    assertMatches(`cart of ${userId}`, await read(environment, at, "getCart", `/users/${userId}/cart`, userId), { cartItems, totalAmount });
  }
};

const orders: View = async (environment, at) => {
  const all = newestFirst(environment.model.orders.keys()).map((id) => shownOrder(environment, id));
  for (const order of all) {
    assertMatches("order", await read(environment, at, "getOrder", `/orders/${order["orderId"]}`, order["userId"]), order);
    const { events } = await read(environment, at, "getOrderHistory", `/orders/${order["orderId"]}/history`, order["userId"]);
    assert.deepEqual(
      events.map(({ type }: { type: string }) => type),
      environment.events.get(order["orderId"]),
    );
  }
  // Lists are in the order of the ids, in which imported orders have their past time.
  const sorted = all.toSorted((a, b) => (a["orderId"] < b["orderId"] ? 1 : -1));
  assertMatches("orders", await pages(environment, at, "listOrders", "/admin/orders", "orders"), sorted);
  for (const status of ["PENDING", "COMPLETED", "EXPIRED"])
    assertMatches(
      status,
      await pages(environment, at, "listOrders", `/admin/orders?status=${status}`, "orders"),
      sorted.filter((one) => one["status"] === status),
    );
  for (const userId of environment.model.users.keys()) {
    const own = sorted.filter((one) => one["userId"] === userId);
    assertMatches("own orders", await pages(environment, at, "listUserOrders", `/users/${userId}/orders`, "orders", userId), own);
    assertMatches("a user's orders", await pages(environment, at, "listOrders", `/admin/orders?userId=${userId}`, "orders"), own);
  }
};

function shownOrder(environment: Environment, id: string): Body {
  const payment = environment.payments.get(id);
  const order = environment.model.order(id);
  // The model does not know failed attempts, so it does not say whether an order shows one.
  return { ...order, ...(payment ? { payment: { paymentId: payment.id, method: payment.method, status: order["status"] } } : {}) } as Record<
    string,
    never
  >;
}

const payments: View = async (environment, at) => {
  const listed = await pages(environment, at, "listPayments", "/admin/payments", "payments");
  for (const [orderId, { id, userId, method, amount }] of environment.payments) {
    const expected = { paymentId: id, orderId, method, amount, status: environment.model.orders.get(orderId)?.status };
    assertMatches("payment", await read(environment, at, "getPayment", `/payments/${id}`, userId), expected);
    assertMatches(
      "payment in the list",
      listed.find(({ paymentId }) => paymentId === id),
      { ...expected, userId },
    );
  }
  // All other payments are failed attempts.
  assert.equal(listed.filter(({ status }) => status !== "FAILED").length, environment.payments.size);
  for (const query of ["status=COMPLETED", "status=REFUNDED", "method=CARD"]) {
    const [property = "", value] = query.split("=");
    assert.deepEqual(
      await pages(environment, at, "listPayments", `/admin/payments?${query}`, "payments"),
      listed.filter((one) => one[property] === value),
    );
  }
  assert.deepEqual((await read(environment, at, "reconcile", "/admin/reconciliation")).differences, []);
};

const sales: View = async (environment, at) => {
  const job = await environment.send({ operationId: "runJob", as: null, method: "POST", path: "/admin/jobs/aggregate-sales/run" }, at);
  assert.equal(job.status, 200);
  const names = (await read(environment, at, "listJobs", "/admin/jobs")).jobs.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("aggregate-sales"));
  const sold = [...environment.days].flatMap(([orderId, on]) =>
    (environment.model.orders.get(orderId)?.items ?? []).map((item) => ({
      on,
      productId: item.productId,
      units: item.quantity - item.refunded,
      price: item.price,
    })),
  );
  const byProduct = (from: string, to: string): { productId: string; units: number; revenue: number }[] =>
    [
      ...Map.groupBy(
        sold.filter(({ on, units }) => units > 0 && on >= from && on <= to),
        ({ productId }) => productId,
      ),
    ]
      .map(([productId, some]) => ({ productId, units: sum(some, ({ units }) => units), revenue: sum(some, ({ units, price }) => units * price) }))
      .sort((a, b) => b.units - a.units || (a.productId < b.productId ? -1 : 1));
  for (const [from, to] of [
    ["2000-01-01", "9999-12-31"],
    [day(-3), day(-1)],
    [day(), day()],
  ] as const)
    assertMatches(`sales from ${from}`, await read(environment, at, "listSales", `/admin/sales?from=${from}&to=${to}`), {
      sales: byProduct(from, to),
    });
  const days = [
    ...Map.groupBy(
      sold.filter(({ units }) => units > 0),
      ({ on }) => on,
    ),
  ]
    .map(([on, some]) => ({ day: on, units: sum(some, ({ units }) => units), revenue: sum(some, ({ units, price }) => units * price) }))
    .sort((a, b) => (a.day < b.day ? -1 : 1));
  assertMatches("sales by day", await read(environment, at, "listSalesByDay", "/admin/sales/days"), { days });
  const popular = byProduct(day(-2), day())
    .filter(({ productId }) => environment.model.products.get(productId)?.forSale)
    .slice(0, 5)
    .map(({ productId, units }, i) => ({ rank: i + 1, productId, totalSales: units }));
  assertMatches("popular", await read(environment, at, "listPopularProducts", "/products/popular"), {
    popularProducts: popular,
    from: day(-2),
    to: day(),
  });
};

const events: View = async (environment, at) => {
  const listed = await pages(environment, at, "listEvents", "/admin/events", "events");
  assert.equal(
    listed.filter(({ type }) => type.startsWith("order.")).length,
    sum([...environment.events.values()], ({ length }) => length),
  );
  // Each declined attempt is an event of its payment.
  assert.equal(listed.filter(({ type }) => type === "payment.declined").length, environment.declined);
  assert.ok(listed.every(({ type }) => type.startsWith("order.") || type === "payment.declined"));
  for (const [orderId, types] of environment.events)
    assert.deepEqual(
      listed.filter((event) => event.orderId === orderId).map(({ type }) => type),
      types.toReversed(),
    );
  if (listed.length === 0) return;
  const { status, body } = await environment.send(
    { operationId: "replayEvent", as: null, method: "POST", path: `/admin/events/${listed[0].id}/replay` },
    at,
  );
  assert.equal(status, 200);
  assertMatches("replayed", body, { id: listed[0].id, orderId: listed[0].orderId, type: listed[0].type });
};

const auditing: View = async (environment, at) => {
  assert.deepEqual((await read(environment, at, "audit", "/admin/audit")).violations, []);
};

export const VIEWS: View[] = [balances, catalog, campaigns, userCoupons, carts, orders, payments, sales, events, auditing];

function sum<T>(all: T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
