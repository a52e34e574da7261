// Everything that the shop shows, compared with the model: balances, stocks, coupons, carts, orders, payments, sales, events.

import assert from "node:assert/strict";
import type { Model } from "../simulation/model.ts";
import { matches } from "../simulation/checker.ts";
import { day } from "../../support/clock.ts";
import type { World } from "./world.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- compared member by member
type Body = any;

/** Looks at one kind of thing, all of it, through one instance. */
type View = (world: World, at: number) => Promise<void>;

async function read(world: World, at: number, operationId: string, path: string, as: string | null = null): Promise<Body> {
  const { status, body } = await world.send({ operationId, as, method: "GET", path }, at);
  assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
  return body;
}

/** A list, page by page. */
async function pages(world: World, at: number, operationId: string, path: string, list: string, as: string | null = null): Promise<Body[]> {
  const found: Body[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query: string = `${path.includes("?") ? "&" : "?"}limit=5${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: Body = await read(world, at, operationId, path + query, as);
    found.push(...page[list]);
    cursor = page.nextCursor;
  }
  return found;
}

function like(what: string, came: unknown, expected: unknown): void {
  if (!matches(expected, came)) assert.fail(`${what} is ${JSON.stringify(came)}\n  and should be ${JSON.stringify(expected)}`);
}

const newestFirst = (ids: Iterable<string>): string[] => [...ids].reverse();

/** A list that is cached: an instance hears of another's changes a moment after their answer. */
async function soon(look: () => Promise<void>): Promise<void> {
  const until = performance.now() + 5000;
  for (;;)
    try {
      return await look();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
}

const balances: View = async (world, at) => {
  for (const [id, wallet] of world.model.users) {
    like(`balance of ${id}`, await read(world, at, "getBalance", `/users/${id}/balance`, id), { userId: id, ...wallet });
    const ledger = await pages(world, at, "listTransactions", `/users/${id}/balance/transactions`, "transactions", id);
    assert.equal(ledger.length, wallet.version, "each movement has its row");
    assert.equal(
      sum(ledger, ({ amount }) => amount),
      wallet.balance,
    );
    if (ledger.length > 0) assert.equal(ledger[0].balanceAfter, wallet.balance);
    like("user", await read(world, at, "getUser", `/admin/users/${id}`), { id });
  }
  assert.deepEqual(
    (await pages(world, at, "listUsers", "/admin/users", "users")).map(({ id }) => id),
    newestFirst(world.model.users.keys()),
  );
};

const catalogue: View = async (world, at) => {
  const ids = newestFirst(world.model.products.keys());
  const all = ids.map((id) => world.model.product(id));
  for (const product of all) like("product", await read(world, at, "getProduct", `/products/${product.id}`), product);
  const brief = all.map(({ id, price, stock, status }) => ({ id, price, stock, status }));
  like("every product", await pages(world, at, "listEveryProduct", "/admin/products", "products"), brief);
  const shown = brief.filter(({ status }) => status !== "NOT_FOR_SALE");
  await soon(async () => like("products", await pages(world, at, "listProducts", "/products", "products"), shown));
  const left = shown.filter(({ stock }) => stock > 0);
  for (const [id, { adjustments }] of world.model.variants)
    like("journal", await pages(world, at, "listStockAdjustments", `/admin/variants/${id}/stock`, "adjustments"), adjustments.toReversed());
  await soon(async () => like("products in stock", await pages(world, at, "listProducts", "/products?includeSoldOut=false", "products"), left));
};

const campaigns: View = async (world, at) => {
  const now = Date.now();
  const all = newestFirst(world.model.campaigns.keys()).map((id) => {
    const { holders, totalQuantity, opensAt, closesAt, expiresAt } = world.model.campaigns.get(id) as NonNullable<
      ReturnType<Model["campaigns"]["get"]>
    >;
    const over = now >= (closesAt ?? Infinity) || now >= (expiresAt ?? Infinity);
    const status = over ? "CLOSED" : now < opensAt ? "UPCOMING" : holders.size === totalQuantity ? "SOLD_OUT" : "OPEN";
    return { id, totalQuantity, remainingQuantity: totalQuantity - holders.size, status };
  });
  for (const campaign of all) like("campaign", await read(world, at, "getCoupon", `/coupons/${campaign.id}`), campaign);
  const isOver = ({ status }: { status: string }): boolean => status === "CLOSED" || status === "SOLD_OUT";
  const listed = [...all.filter((one) => !isOver(one)), ...all.filter(isOver)];
  like("campaigns", await pages(world, at, "listCoupons", "/coupons", "coupons"), listed);
};

const userCoupons: View = async (world, at) => {
  for (const userId of world.model.users.keys()) {
    const now = Date.now();
    const own = [...world.model.coupons].filter(([, coupon]) => coupon.userId === userId).reverse();
    const all = own.map(([id, { couponId, state, expiresAt }]) => ({
      id,
      couponId,
      status: state === "AVAILABLE" && expiresAt <= now ? "EXPIRED" : state,
    }));
    for (const status of ["ALL", "AVAILABLE", "USED", "EXPIRED"])
      like(
        `coupons ${status} of ${userId}`,
        await pages(world, at, "listUserCoupons", `/users/${userId}/coupons?status=${status}`, "userCoupons", userId),
        all.filter((one) => status === "ALL" || one.status === status),
      );
  }
};

const carts: View = async (world, at) => {
  for (const userId of world.model.users.keys()) {
    const cartItems = (world.model.carts.get(userId) ?? []).map(({ id, productId, variantId, quantity }) => {
      const { price, stock } = world.model.variants.get(variantId) as { price: number; stock: number };
      if (!world.model.products.get(productId)?.forSale)
        return { id, productId, variantId, quantity, unitPrice: null, stock: 0, status: "NOT_FOR_SALE" };
      const status = stock > 0 ? "ON_SALE" : "SOLD_OUT";
      return { id, productId, variantId, quantity, unitPrice: price, stock, status };
    });
    const totalAmount = sum(cartItems, ({ unitPrice, quantity }) => (unitPrice ?? 0) * quantity);
    like(`cart of ${userId}`, await read(world, at, "getCart", `/users/${userId}/cart`, userId), { cartItems, totalAmount });
  }
};

const placed: View = async (world, at) => {
  const all = newestFirst(world.model.orders.keys()).map((id) => shownOrder(world, id));
  for (const order of all) {
    like("order", await read(world, at, "getOrder", `/orders/${order["orderId"]}`, order["userId"]), order);
    const { events } = await read(world, at, "getOrderHistory", `/orders/${order["orderId"]}/history`, order["userId"]);
    assert.deepEqual(
      events.map(({ type }: { type: string }) => type),
      world.events.get(order["orderId"]),
    );
  }
  // Orders that were brought in stand where they were made, so lists are compared in the order of their ids.
  const sorted = all.toSorted((a, b) => (a["orderId"] < b["orderId"] ? 1 : -1));
  like("orders", await pages(world, at, "listOrders", "/admin/orders", "orders"), sorted);
  for (const status of ["PENDING", "COMPLETED", "EXPIRED"])
    like(
      status,
      await pages(world, at, "listOrders", `/admin/orders?status=${status}`, "orders"),
      sorted.filter((one) => one["status"] === status),
    );
  for (const userId of world.model.users.keys()) {
    const own = sorted.filter((one) => one["userId"] === userId);
    like("own orders", await pages(world, at, "listUserOrders", `/users/${userId}/orders`, "orders", userId), own);
    like("a user's orders", await pages(world, at, "listOrders", `/admin/orders?userId=${userId}`, "orders"), own);
  }
};

function shownOrder(world: World, id: string): Body {
  const payment = world.payments.get(id);
  const order = world.model.order(id);
  // A card that was declined leaves its attempt with the order; whether it is shown is not the model's to say.
  return { ...order, ...(payment ? { payment: { paymentId: payment.id, method: payment.method, status: order["status"] } } : {}) } as Record<
    string,
    never
  >;
}

const payments: View = async (world, at) => {
  const listed = await pages(world, at, "listPayments", "/admin/payments", "payments");
  for (const [orderId, { id, userId, method, amount }] of world.payments) {
    const expected = { paymentId: id, orderId, method, amount, status: world.model.orders.get(orderId)?.status };
    like("payment", await read(world, at, "getPayment", `/payments/${id}`, userId), expected);
    like(
      "payment in the list",
      listed.find(({ paymentId }) => paymentId === id),
      { ...expected, userId },
    );
  }
  // Beside those that were paid there are only attempts that failed.
  assert.equal(listed.filter(({ status }) => status !== "FAILED").length, world.payments.size);
  for (const query of ["status=COMPLETED", "status=REFUNDED", "method=CARD"]) {
    const [member = "", value] = query.split("=");
    assert.deepEqual(
      await pages(world, at, "listPayments", `/admin/payments?${query}`, "payments"),
      listed.filter((one) => one[member] === value),
    );
  }
  assert.deepEqual((await read(world, at, "reconcile", "/admin/reconciliation")).differences, []);
};

const sales: View = async (world, at) => {
  const job = await world.send({ operationId: "runJob", as: null, method: "POST", path: "/admin/jobs/aggregate-sales/run" }, at);
  assert.equal(job.status, 200);
  const names = (await read(world, at, "listJobs", "/admin/jobs")).jobs.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("aggregate-sales"));
  const sold = [...world.days].flatMap(([orderId, on]) =>
    (world.model.orders.get(orderId)?.items ?? []).map((item) => ({
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
    like(`sales from ${from}`, await read(world, at, "listSales", `/admin/sales?from=${from}&to=${to}`), { sales: byProduct(from, to) });
  const days = [
    ...Map.groupBy(
      sold.filter(({ units }) => units > 0),
      ({ on }) => on,
    ),
  ]
    .map(([on, some]) => ({ day: on, units: sum(some, ({ units }) => units), revenue: sum(some, ({ units, price }) => units * price) }))
    .sort((a, b) => (a.day < b.day ? -1 : 1));
  like("sales by day", await read(world, at, "listSalesByDay", "/admin/sales/days"), { days });
  const popular = byProduct(day(-2), day())
    .filter(({ productId }) => world.model.products.get(productId)?.forSale)
    .slice(0, 5)
    .map(({ productId, units }, i) => ({ rank: i + 1, productId, totalSales: units }));
  like("popular", await read(world, at, "listPopularProducts", "/products/popular"), { popularProducts: popular, from: day(-2), to: day() });
};

const events: View = async (world, at) => {
  const listed = await pages(world, at, "listEvents", "/admin/events", "events");
  assert.equal(
    listed.length,
    sum([...world.events.values()], ({ length }) => length),
  );
  for (const [orderId, types] of world.events)
    assert.deepEqual(
      listed.filter((event) => event.orderId === orderId).map(({ type }) => type),
      types.toReversed(),
    );
  if (listed.length === 0) return;
  const { status, body } = await world.send(
    { operationId: "replayEvent", as: null, method: "POST", path: `/admin/events/${listed[0].id}/replay` },
    at,
  );
  assert.equal(status, 200);
  like("replayed", body, { id: listed[0].id, orderId: listed[0].orderId, type: listed[0].type });
};

const audited: View = async (world, at) => {
  assert.deepEqual((await read(world, at, "audit", "/admin/audit")).violations, []);
};

export const VIEWS: View[] = [balances, catalogue, campaigns, userCoupons, carts, placed, payments, sales, events, audited];

function sum<T>(all: T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
