// Rehearsals of a drop: simulated buyers act on copies, and nothing of it counts afterwards.

import assert from "node:assert/strict";
import { generateKeyPairSync, hash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createUsers } from "../../src/balance/create-users.ts";
import { grantBalances } from "../../src/balance/grant-balances.ts";
import { createProducts } from "../../src/catalog/create-products.ts";
import { createCampaign } from "../../src/coupon/edit-campaign.ts";
import { eventId } from "../../src/ids.ts";
import { type CrowdRequest, orderOf } from "../../src/rehearsal/crowd-report.ts";
import { type Client, good, type Json, openTestShop, refused } from "../support/shop.ts";
import { Issuer, token } from "../support/tokens.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other: beside } = await twoInstances();

type Rehearsal = Json;

/** Polls the rehearsal at the other instance until the condition holds. */
async function until(id: string, holds: (rehearsal: Rehearsal) => boolean): Promise<Rehearsal> {
  for (const deadline = Date.now() + 60_000; ;) {
    const rehearsal = good(await beside.operator.get(`/admin/rehearsals/${id}`), 200);
    if (holds(rehearsal)) return rehearsal;
    assert.ok(Date.now() < deadline, JSON.stringify(rehearsal));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Fails without `sameRehearsal` in productFor, in issueCoupon or in maySee. */
async function assertHidden({ productId, couponId }: { productId: string; couponId: string }): Promise<void> {
  const shopper = await shop.user({ balance: 10_000 });
  const lineItem = { productId, quantity: 1 };
  for (const request of [shop.anyone("GET", `/products/${productId}`), shopper.get(`/products/${productId}`)])
    refused(await request, 404, "PRODUCT_NOT_FOUND");
  for (const request of [shop.anyone("GET", `/coupons/${couponId}`), shopper.get(`/coupons/${couponId}`)])
    refused(await request, 404, "COUPON_NOT_FOUND");
  refused(await shopper.post(`/users/${shopper.id}/cart/items`, lineItem), 404, "PRODUCT_NOT_FOUND");
  refused(await shopper.post("/orders", { orderItems: [lineItem] }), 404, "PRODUCT_NOT_FOUND");
  refused(await shopper.post("/orders", { orderItems: [lineItem], payment: { method: "DEFERRED" } }), 404, "PRODUCT_NOT_FOUND");
  refused(await shop.operator.post("/orders", { userId: shopper.id, orderItems: [lineItem] }), 404, "PRODUCT_NOT_FOUND");
  for (let attempt = 0; attempt < 2; attempt++) refused(await shopper.post(`/coupons/${couponId}/issue`), 404, "COUPON_NOT_FOUND");
}

/**
 * Asserts that a rehearsal appears in no list or figure and that none of its events reaches the
 * data platform. Its orders are listed only on request.
 */
async function assertUncounted({ id }: { id: string }): Promise<void> {
  const [buyer] = good(await shop.operator.get(`/admin/users?limit=1&q=rehearsal-${id}`), 200).users;
  const orders = async (query: string): Promise<number> => good(await shop.operator.get(`/admin/orders?limit=100&${query}`), 200).orders.length;
  assert.deepEqual([await orders(""), await orders("rehearsals=false"), await orders("rehearsals=true")], [0, 0, 60]);
  assert.equal(await orders(`userId=${buyer.id}`), 0);
  assert.deepEqual(good(await shop.operator.get("/admin/users?limit=100&q=예행연습"), 200).users, []);
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  good(await shop.operator.post("/admin/jobs/snapshot-popular/run"), 200);
  assert.deepEqual(good(await shop.anyone("GET", "/products/popular"), 200).popularProducts, []);
  assert.deepEqual(good(await shop.operator.get("/admin/sales/days"), 200).days, []);
  const { delivered, waiting } = good(await shop.operator.post("/admin/jobs/relay-events/run"), 200).lastResult;
  assert.deepEqual([delivered, waiting], [0, 0]);
  for (const status of ["", "?status=WAITING", "?status=DELIVERED"])
    assert.deepEqual(good(await shop.operator.get(`/admin/events${status}`), 200).events, [], status);
}

test("a rehearsal sells exactly the stock in order of arrival, and leaves nothing behind afterwards", async () => {
  const product = await shop.product({ name: "백자", stock: 60, price: 1000 });
  const campaign = await shop.campaign({ totalQuantity: 40, discount: { type: "FIXED", amount: 300 } });
  const started = good(
    await shop.operator.post("/admin/rehearsals", { productId: product.id, couponId: campaign.id, buyers: 200, arriveWithinMs: 500 }),
    201,
  );
  refused(await beside.operator.post("/admin/rehearsals", { productId: product.id, buyers: 1 }), 503, "BUSY");

  const running = await until(started.id, ({ state }) => state === "RUNNING");
  // Shoppers find the copies neither in lists nor by id.
  const { products } = good(await shop.anyone("GET", "/products?limit=100"), 200);
  assert.deepEqual(
    products.map(({ id }: { id: string }) => id),
    [product.id],
  );
  assert.equal(good(await shop.anyone("GET", "/coupons?limit=100"), 200).coupons.length, 1);
  assert.equal(good(await shop.operator.get("/admin/products?limit=100"), 200).products.length, 1);
  assert.equal(good(await shop.operator.get(`/products/${running.copies.productId}`), 200).name, "[예행연습] 백자");
  await assertHidden(running.copies);

  const done = await until(started.id, ({ finishedAt }) => finishedAt !== null);
  assert.equal(done.state, "DONE", JSON.stringify(done));
  const { report } = done;
  assert.deepEqual(
    { ...report.claims, latencyMs: null, order: null },
    { asked: 200, succeeded: 40, refusedBy: { COUPON_SOLD_OUT: 160 }, askedAgain: 0, latencyMs: null, order: null },
  );
  assert.deepEqual(
    { ...report.orders, latencyMs: null, order: null },
    { asked: 200, succeeded: 60, refusedBy: { STOCK_INSUFFICIENT: 140 }, askedAgain: 0, latencyMs: null, order: null },
  );
  assert.equal(report.claims.order.outOfOrder, 0);
  assert.equal(report.orders.order.outOfOrder, 0);
  assert.deepEqual(report.left, { stock: 0, coupons: 0 });
  assert.equal(report.refunded, 60);
  assert.equal(report.audit.violations, 0);
  assert.equal(
    report.timeline.points.reduce((sum: number, point: { orders: number }) => sum + point.orders, 0),
    60,
  );
  assert.deepEqual(done.progress, { ...done.progress, arrived: 200, claimed: 40, sold: 60, refused: 300, done: 200 });

  // The original is unchanged, the copy is closed, and sales do not count the rehearsal.
  assert.equal(await shop.stockOf(product), 60);
  assert.equal(good(await shop.operator.get(`/products/${running.copies.productId}`), 200).status, "NOT_FOR_SALE");
  assert.equal(good(await shop.operator.get(`/coupons/${done.copies.couponId}`), 200).status, "CLOSED");
  await assertHidden(done.copies);
  await assertUncounted(done);
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  assert.deepEqual(good(await shop.operator.get("/admin/sales"), 200).sales, []);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  // The simulated buyers stay in the table, but no list shows them by default.
  for (const { name } of good(await shop.operator.get("/admin/users?limit=100"), 200).users) assert.equal(name, "손님");
  assert.equal(good(await shop.operator.get(`/admin/users?limit=100&q=rehearsal-${started.id}`), 200).users.length, 100);
  assert.equal(good(await shop.operator.get("/admin/rehearsals?limit=1"), 200).rehearsals[0].id, started.id);
});

// The test fails without `rehearsal_id IS NULL` in each statement of popular.sql.ts, without
// OF_NO_REHEARSAL in selectDue, and without the filter of selectOrderPage.
test("while a rehearsal's copy sells, only its own buyers see it, and no list, figure or sink contains it", async () => {
  const { till } = shop.shop;
  const id = randomUUID();
  const [copy] = await till.submit(createProducts, { products: [{ name: "연습 백자", variants: [{ price: 10, stock: 9 }] }], rehearsalId: id });
  const coupon = await till.submit(createCampaign, {
    name: "연습 쿠폰",
    discount: { type: "FIXED", amount: 1 },
    totalQuantity: 1,
    rehearsalId: id,
  });
  const [made] = await till.submit(createUsers, { users: [{ name: "연습생", externalId: null }], bulk: true, rehearsalId: id });
  assert.ok(copy && made);
  await till.submit(grantBalances, { grants: [{ userId: made.id, amount: 1000, reason: "play" }], balanceMax: 1000 });
  const [buyer, shopper, product] = [shop.client(made.id), await shop.user({ balance: 10_000 }), await shop.product({ name: "진짜 백자", price: 7 })];
  await assertHidden({ productId: copy.id, couponId: coupon.id });
  const sold = async (): Promise<Record<string, number>> =>
    Object.fromEntries(good(await shop.operator.get("/admin/sales"), 200).sales.map((row: Rehearsal) => [row.productId, row.units]));
  const before = good(await shop.operator.get("/admin/events?limit=100"), 200).events.length;

  // A buyer of the rehearsal sees the copies and nothing else.
  assert.equal(good(await buyer.get(`/products/${copy.id}`), 200).name, "연습 백자");
  assert.equal(good(await buyer.get(`/coupons/${coupon.id}`), 200).status, "OPEN");
  good(await buyer.post(`/coupons/${coupon.id}/issue`), 201);
  good(await buyer.post(`/users/${buyer.id}/cart/items`, { productId: copy.id, quantity: 4 }), 201);
  const { orderId } = good(await buyer.post("/orders", { fromCart: true }), 201);
  refused(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 404, "PRODUCT_NOT_FOUND");
  // The sold-out copy does not exist for a shopper, even for one whose claim the instance has
  // already served.
  const campaign = await shop.campaign();
  good(await shopper.post(`/coupons/${campaign.id}/issue`), 201);
  refused(await shopper.post(`/coupons/${coupon.id}/issue`), 404, "COUPON_NOT_FOUND");
  const real = good(await shopper.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }] }), 201);

  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  assert.deepEqual(await sold(), { [product.id]: 2 });
  const { days } = good(await shop.operator.get("/admin/sales/days"), 200);
  assert.deepEqual([days.length, days[0].units, days[0].revenue], [1, 2, 14]);
  const { popularProducts } = good(await shop.anyone("GET", "/products/popular"), 200);
  assert.deepEqual(
    popularProducts.map(({ productId }: { productId: string }) => productId),
    [product.id],
  );
  // A snapshot covers the days before today, so today's sales are moved to yesterday.
  const { database } = shop.shop;
  const run = (text: string) => database.rows<{ productId: string }>({ name: text, text, values: [] });
  await run("UPDATE product_sales SET day = day - 1");
  good(await shop.operator.post("/admin/jobs/snapshot-popular/run"), 200);
  assert.deepEqual(await run(`SELECT product_id AS "productId" FROM popular_snapshots`), [{ productId: product.id }]);
  await run("UPDATE product_sales SET day = day + 1");
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);

  const orders = new Set(good(await shop.operator.get("/admin/orders?limit=100"), 200).orders.map((order: Rehearsal) => order.orderId));
  assert.deepEqual([orders.has(real.orderId), orders.has(orderId)], [true, false]);
  const areDelivered = async (): Promise<boolean[]> => {
    good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
    const delivered = readFileSync(join(shop.shop.config.dataDir, "events.ndjson"), "utf8");
    return [real.orderId, orderId].map((id) => delivered.includes(id));
  };
  assert.deepEqual(await areDelivered(), [true, false]);
  const events = good(await shop.operator.get("/admin/events?limit=100"), 200).events;
  assert.equal(events.length, before + 1);
  refused(await shop.operator.post(`/admin/events/${eventId(orderId, 1)}/replay`), 404, "NOT_FOUND");
  // An order of several events is read by another statement.
  good(await shop.operator.post(`/orders/${orderId}/cancel`), 200);
  assert.deepEqual(await areDelivered(), [true, false]);
});

test("a rehearsal that is stopped at any instance is cleaned up", async () => {
  const product = await shop.product({ stock: 5 });
  const { id } = good(await shop.operator.post("/admin/rehearsals", { productId: product.id, buyers: 20, arriveWithinMs: 60_000 }), 201);
  await until(id, ({ progress }) => progress?.sold > 0);
  good(await beside.operator.post(`/admin/rehearsals/${id}/stop`), 200);
  const stopped = await until(id, ({ finishedAt }) => finishedAt !== null);
  assert.equal(stopped.state, "STOPPED");
  await untilClosed(stopped.copies.productId);
  assert.equal(good(await shop.operator.post(`/admin/rehearsals/${id}/stop`), 200).state, "STOPPED");
});

test("a rehearsal whose instance closes is ended and cleaned up by another instance", async () => {
  const third = await openTestShop({ beside: shop });
  const product = await shop.product({ stock: 5 });
  const { id } = good(await third.operator.post("/admin/rehearsals", { productId: product.id, buyers: 20, arriveWithinMs: 60_000 }), 201);
  const { copies } = await until(id, ({ progress }) => progress?.sold > 0);
  await third.close();
  assert.equal((await until(id, ({ finishedAt }) => finishedAt !== null)).state, "ABANDONED");
  await untilClosed(copies.productId);
});

async function untilClosed(productId: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    good(await beside.operator.get("/admin/rehearsals"), 200);
    const { status, stock } = good(await shop.operator.get(`/products/${productId}`), 200);
    if (status === "NOT_FOR_SALE" && stock === 5) return;
    assert.ok(Date.now() < deadline, JSON.stringify({ status, stock }));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("only operators can start a rehearsal, and only of an existing product or campaign", async () => {
  const [shopper] = (await shop.users(1)) as [Client];
  const product = await shop.product();
  refused(await shopper.post("/admin/rehearsals", { productId: product.id, buyers: 1 }), 403, "FORBIDDEN");
  refused(await shop.anyone("POST", "/admin/rehearsals", { productId: product.id, buyers: 1 }), 401, "UNAUTHENTICATED");
  refused(await shop.operator.post("/admin/rehearsals", { buyers: 1 }), 400, "INVALID_REQUEST");
  refused(await shop.operator.post("/admin/rehearsals", { productId: product.id, buyers: 10_001 }), 400, "INVALID_REQUEST");
  refused(await shop.operator.post("/admin/rehearsals", { couponId: product.id, buyers: 1 }), 404, "COUPON_NOT_FOUND");
});

// The buyers' tokens are the shop's own.
test("a shop with an external token issuer rehearses, and accepts no other token of its own", async () => {
  const issuer = await Issuer.open();
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  issuer.keys = [{ ...keys.publicKey.export({ format: "jwk" }), kid: "e", alg: "ES256" }];
  const withIssuer = await openTestShop({ beside: shop, env: { AUTH_JWKS_URL: issuer.url, AUTH_JWT_SECRET: "" } });
  try {
    const product = await shop.product({ stock: 3 });
    const operator = token({ alg: "ES256", kid: "e" }, { sub: "keeper", role: "operator", exp: Date.now() / 1000 + 600 }, keys.privateKey);
    const as = { authorization: `Bearer ${operator}` };
    const started = await withIssuer.anyone("POST", "/admin/rehearsals", { productId: product.id, buyers: 5, arriveWithinMs: 0 }, as);
    const { id } = good(started, 201);
    let rehearsal = good(started, 201);
    while (rehearsal.finishedAt === null) rehearsal = good(await withIssuer.anyone("GET", `/admin/rehearsals/${id}`, undefined, as), 200);
    assert.deepEqual([rehearsal.state, rehearsal.progress.sold], ["DONE", 3]);

    const secret = readFileSync(join(withIssuer.shop.config.dataDir, "secret"), "utf8").trim();
    const rehearsalSecret = hash("sha256", `jangnal rehearsal ${secret}`, "base64url");
    const buyer = await shop.user();
    const statusOf = async (claims: object, key: string): Promise<number> =>
      (await withIssuer.anyone("GET", "/users/me/balance", undefined, { authorization: `Bearer ${token({ alg: "HS256" }, { ...claims }, key)}` }))
        .status;
    const claims = { sub: buyer.id, role: "shopper", rehearsal: true };
    assert.equal(await statusOf(claims, rehearsalSecret), 200);
    assert.equal(await statusOf(claims, secret), 401);
    for (const other of [{ role: "operator" }, { rehearsal: false }, { rehearsal: "true" }, { sub: "keeper" }])
      assert.equal(await statusOf({ ...claims, ...other }, rehearsalSecret), 401, JSON.stringify(other));
    assert.equal(good(await withIssuer.anyone("GET", "/shop"), 200).tokens, "issuer");
    assert.equal(good(await shop.anyone("GET", "/shop"), 200).tokens, "own");
  } finally {
    await withIssuer.close();
    await issuer.close();
  }
});

test("the report counts each buyer who is served after another buyer was told that nothing is left", () => {
  const asked = (sentAt: number, answeredAt: number, refusal: string | null, id: string | null = null): CrowdRequest => ({
    sentAt,
    answeredAt,
    refusal,
    tries: 1,
    id,
  });
  const soldOut = asked(10, 20, "COUPON_SOLD_OUT");
  assert.equal(orderOf([soldOut, asked(15, 30, null, "a")]).outOfOrder, 0);
  assert.equal(orderOf([soldOut, asked(21, 30, null, "a")]).outOfOrder, 1);
  assert.equal(orderOf([asked(10, 20, "BALANCE_INSUFFICIENT"), asked(21, 30, null, "a")]).outOfOrder, 0);
  assert.equal(orderOf([asked(1, 9, null, "c"), asked(2, 9, null, "a"), asked(3, 9, null, "b")]).farthest, 2);
  assert.equal(orderOf([asked(1, 9, null)]).farthest, null);
});
