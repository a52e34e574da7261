// Rehearsals of a drop: simulated buyers against copies, which leave nothing behind that counts.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, test } from "node:test";
import { type Asked, orderOf } from "../src/rehearsal/crowd-report.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "./support/shop.ts";
import { Issuer, token } from "./support/tokens.ts";

let shop: TestShop;
let beside: TestShop;
before(async () => {
  shop = await openTestShop();
  beside = await openTestShop({ beside: shop });
});
after(async () => {
  await beside.close();
  await shop.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- read as what it is said to be
type Rehearsal = any;

/** Reads it, at the other instance, until this holds. */
async function until(id: string, holds: (rehearsal: Rehearsal) => boolean): Promise<Rehearsal> {
  for (const deadline = Date.now() + 60_000; ;) {
    const rehearsal = good(await beside.operator.get(`/admin/rehearsals/${id}`), 200);
    if (holds(rehearsal)) return rehearsal;
    assert.ok(Date.now() < deadline, JSON.stringify(rehearsal));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("as many get something as there is, in order, and afterwards it is as if it had not been", async () => {
  const product = await shop.product({ name: "백자", stock: 60, price: 1000 });
  const campaign = await shop.campaign({ totalQuantity: 40, discount: { type: "FIXED", amount: 300 } });
  const started = good(
    await shop.operator.post("/admin/rehearsals", { productId: product.id, couponId: campaign.id, buyers: 200, arriveWithinMs: 500 }),
    201,
  );
  refused(await beside.operator.post("/admin/rehearsals", { productId: product.id, buyers: 1 }), 503, "BUSY");

  const running = await until(started.id, ({ state }) => state === "RUNNING");
  // Nobody meets the copies in a list; who knows their ids finds them.
  const { products } = good(await shop.anyone("GET", "/products?limit=100"), 200);
  assert.deepEqual(
    products.map(({ id }: { id: string }) => id),
    [product.id],
  );
  assert.equal(good(await shop.anyone("GET", "/coupons?limit=100"), 200).coupons.length, 1);
  assert.equal(good(await shop.operator.get("/admin/products?limit=100"), 200).products.length, 1);
  assert.equal(good(await shop.anyone("GET", `/products/${running.copies.productId}`), 200).name, "[예행연습] 백자");

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

  // The original is untouched, the copy is closed, and sales know nothing of it.
  assert.equal(await shop.stockOf(product), 60);
  assert.equal(good(await shop.anyone("GET", `/products/${running.copies.productId}`), 200).status, "NOT_FOR_SALE");
  assert.equal(good(await shop.anyone("GET", `/coupons/${done.copies.couponId}`), 200).status, "CLOSED");
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  assert.deepEqual(good(await shop.operator.get("/admin/sales"), 200).sales, []);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  // Its buyers stay, and are not in the way.
  assert.deepEqual(good(await shop.operator.get("/admin/users?limit=100"), 200).users, []);
  assert.equal(good(await shop.operator.get(`/admin/users?limit=100&q=rehearsal-${started.id}`), 200).users.length, 100);
  assert.equal(good(await shop.operator.get("/admin/rehearsals?limit=1"), 200).rehearsals[0].id, started.id);
});

test("one that is stopped is tidied up, by whichever instance it was asked of", async () => {
  const product = await shop.product({ stock: 5 });
  const { id } = good(await shop.operator.post("/admin/rehearsals", { productId: product.id, buyers: 20, arriveWithinMs: 60_000 }), 201);
  await until(id, ({ progress }) => progress?.sold > 0);
  good(await beside.operator.post(`/admin/rehearsals/${id}/stop`), 200);
  const stopped = await until(id, ({ finishedAt }) => finishedAt !== null);
  assert.equal(stopped.state, "STOPPED");
  await untilClosed(stopped.copies.productId);
  assert.equal(good(await shop.operator.post(`/admin/rehearsals/${id}/stop`), 200).state, "STOPPED");
});

test("one whose instance goes is ended and tidied up by another", async () => {
  const third = await openTestShop({ beside: shop });
  const product = await shop.product({ stock: 5 });
  const { id } = good(await third.operator.post("/admin/rehearsals", { productId: product.id, buyers: 20, arriveWithinMs: 60_000 }), 201);
  const { copies } = await until(id, ({ progress }) => progress?.sold > 0);
  await third.close();
  assert.equal((await until(id, ({ finishedAt }) => finishedAt !== null)).state, "ABANDONED");
  await untilClosed(copies.productId);
});

async function untilClosed(productId: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ;) {
    good(await beside.operator.get("/admin/rehearsals"), 200);
    const { status, stock } = good(await shop.operator.get(`/products/${productId}`), 200);
    if (status === "NOT_FOR_SALE" && stock === 5) return;
    assert.ok(Date.now() < deadline, JSON.stringify({ status, stock }));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("it is for operators, of something that is there, where the shop makes its own tokens", async () => {
  const [shopper] = (await shop.users(1)) as [Client];
  const product = await shop.product();
  refused(await shopper.post("/admin/rehearsals", { productId: product.id, buyers: 1 }), 403, "FORBIDDEN");
  refused(await shop.anyone("POST", "/admin/rehearsals", { productId: product.id, buyers: 1 }), 401, "UNAUTHENTICATED");
  refused(await shop.operator.post("/admin/rehearsals", { buyers: 1 }), 400, "INVALID_REQUEST");
  refused(await shop.operator.post("/admin/rehearsals", { productId: product.id, buyers: 10_001 }), 400, "INVALID_REQUEST");
  refused(await shop.operator.post("/admin/rehearsals", { couponId: product.id, buyers: 1 }), 404, "COUPON_NOT_FOUND");
});

// Goes red without the check of `jwksUrl` in start: the buyers would all be refused at the door.
test("a shop whose tokens an issuer makes has none, and says beforehand whose they are", async () => {
  const issuer = await Issuer.open();
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  issuer.keys = [{ ...keys.publicKey.export({ format: "jwk" }), kid: "e", alg: "ES256" }];
  const keyed = await openTestShop({ beside: shop, env: { AUTH_JWKS_URL: issuer.url, AUTH_JWT_SECRET: "" } });
  try {
    const product = await shop.product();
    const operator = token({ alg: "ES256", kid: "e" }, { sub: "keeper", role: "operator", exp: Date.now() / 1000 + 600 }, keys.privateKey);
    const ask = keyed.anyone("POST", "/admin/rehearsals", { productId: product.id, buyers: 1 }, { authorization: `Bearer ${operator}` });
    refused(await ask, 404, "NOT_FOUND");
    assert.equal(good(await keyed.anyone("GET", "/shop"), 200).tokens, "issuer");
    assert.equal(good(await shop.anyone("GET", "/shop"), 200).tokens, "own");
  } finally {
    await keyed.close();
    await issuer.close();
  }
});

test("whoever is served after somebody was told that nothing is left is found out", () => {
  const asked = (sentAt: number, answeredAt: number, refusal: string | null, id: string | null = null): Asked => ({
    sentAt,
    answeredAt,
    refusal,
    tries: 1,
    id,
  });
  const told = asked(10, 20, "COUPON_SOLD_OUT");
  assert.equal(orderOf([told, asked(15, 30, null, "a")]).outOfOrder, 0);
  assert.equal(orderOf([told, asked(21, 30, null, "a")]).outOfOrder, 1);
  assert.equal(orderOf([asked(10, 20, "BALANCE_INSUFFICIENT"), asked(21, 30, null, "a")]).outOfOrder, 0);
  assert.equal(orderOf([asked(1, 9, null, "c"), asked(2, 9, null, "a"), asked(3, 9, null, "b")]).farthest, 2);
  assert.equal(orderOf([asked(1, 9, null)]).farthest, null);
});
