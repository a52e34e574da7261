// The permissions of callers, and the order of checks: token (401), shape (400), authority (403),
// existence (404), state (400, 402, 409). The cases come from the OpenAPI document, so that no
// route is forgotten.

import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { authSettings } from "../../src/auth-settings.ts";
import { authenticator } from "../../src/http/tokens.ts";
import { Refusal } from "../../src/refusal.ts";
import { type Answer, call, type Client, good, type Json, openTestShop, refused, SECRET, type TestShop } from "../support/shop.ts";
import { type Claims, Issuer, token } from "../support/tokens.ts";

type Document = Json;
type Route = { name: string; method: string; path: string; operation: Document };

const UNKNOWN_USER = "0197a1c0-0000-7000-8000-000000000001";
const UNKNOWN_ID = "0197a1c0-0000-7000-8000-000000000002";

/** Valid bodies that refer to unknown ids. */
const BODIES: Record<string, unknown> = {
  openCharge: { amount: 1000 },
  createDrop: { name: "드롭", productId: UNKNOWN_ID, opensAt: "2099-01-01T00:00:00Z" },
  setPublicValue: { publicValue: "1234" },
  resolvePayment: { outcome: "PAID", reason: "확인" },
  chargeBalance: { amount: 1 },
  addToCart: { productId: UNKNOWN_ID, quantity: 1 },
  setCartQuantity: { quantity: 1 },
  placeOrder: { orderItems: [{ productId: UNKNOWN_ID, quantity: 1 }] },
  payOrder: { orderId: UNKNOWN_ID, method: "BALANCE" },
  createUsers: { name: "김민수" },
  editUser: { name: "김민수" },
  eraseUser: { reason: "탈퇴 요청" },
  grantBalances: { grants: [{ userId: UNKNOWN_USER, amount: 1, reason: "환영" }] },
  revokeBalances: { revocations: [{ userId: UNKNOWN_USER, amount: 1, reason: "오지급" }] },
  createProducts: { name: "사과", price: 1, stock: 1 },
  addVariant: { price: 1, stock: 1 },
  putProduct: { name: "사과", price: 1, stock: 1 },
  importCatalog: `{"externalId":"권한","name":"사과","price":1,"stock":1}\n`,
  adjustStock: { delta: 1, reason: "실사" },
  changeStock: { changes: [{ variantId: UNKNOWN_ID, delta: 1, reason: "실사" }] },
  createCoupon: { name: "쿠폰", totalQuantity: 1, discount: { type: "FIXED", amount: 1 } },
  replayEvents: { status: "DEAD" },
  voidCoupons: { reason: "잘못 발행" },
  issueCoupons: { userIds: [UNKNOWN_USER] },
  refundOrder: { reason: "단순 변심" },
  shipOrder: { carrier: "CJ대한통운", trackingNumber: "1" },
  shipOrders: { shipments: [{ orderId: UNKNOWN_ID, carrier: "CJ대한통운", trackingNumber: "1" }] },
  requestReturn: { reason: "단순 변심" },
  receiveReturn: { restock: true },
  rejectReturn: { reason: "단순 변심" },
  startRehearsal: { productId: UNKNOWN_ID, buyers: 1 },
};

let shop: TestShop;
let shopper: Client;
let other: Client;
let protectedRoutes: Route[];
before(async () => {
  shop = await openTestShop();
  [shopper, other] = (await shop.users(2, { balance: 100_000 })) as [Client, Client];
  const { paths }: Document = good(await shop.anyone("GET", "/openapi.json"), 200);
  protectedRoutes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Document).flatMap(([method, operation]) =>
      needsToken(operation as Document) ? [{ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, operation }] : [],
    ),
  );
});
after(() => shop.close());

/** Whether a token is required, not only accepted. */
function needsToken({ security }: Document): boolean {
  return security.length > 0 && security.every((way: object) => Object.keys(way).length > 0);
}

function filled(path: string, userId = UNKNOWN_USER, id = UNKNOWN_ID): string {
  return path
    .replace("{userId}", userId)
    .replace("{name}", "no-such-job")
    .replace(/^\/admin\/variants$/, "/admin/variants?sku=A")
    .replaceAll(/\{\w+\}/g, id);
}

function bodyFor({ operation }: Route): unknown {
  const body = BODIES[operation.operationId];
  assert.ok(body !== undefined || !operation.requestBody?.required, `BODIES needs a body for ${operation.operationId}`);
  return body;
}

/** A stream of lines has a media type of its own. */
function headersFor({ operation }: Route): Record<string, string> {
  return takesLines(operation) ? { "content-type": "application/x-ndjson" } : {};
}

const takesLines = (operation: Document): boolean => operation.requestBody?.content["application/x-ndjson"] !== undefined;

async function each(routes: Route[], check: (route: Route) => Promise<unknown>): Promise<void> {
  assert.ok(routes.length > 0);
  const failures: string[] = [];
  for (const route of routes) await check(route).catch((error: Error) => failures.push(`${route.name}: ${error.message}`));
  assert.deepEqual(failures, []);
}

const isAdmin = ({ path }: Route): boolean => path.startsWith("/admin/");
const isOwned = ({ path }: Route): boolean => path.startsWith("/users/{userId}");

describe("the order of the checks of a request", () => {
  test("every route that is not public requires a token before it checks anything else", () =>
    each(protectedRoutes, async ({ method, path }) => {
      const answer = await shop.anyone(method, `${path.replaceAll(/\{\w+\}/g, "nonsense")}?limit=0`, method === "GET" ? undefined : "[", {
        "idempotency-key": "",
      });
      refused(answer, 401, "UNAUTHENTICATED");
      assert.match(String(answer.headers["www-authenticate"]), /^Bearer/);
    }));

  test("the shape is checked before the authority", () =>
    each(protectedRoutes, async (route) => {
      const { method, path, operation } = route;
      const badIds = [...path.matchAll(/\{(\w+)\}/g)]
        .filter(([, name]) => name !== "name" && name !== "externalId")
        .map(([placeholder]) => filled(path.replace(placeholder, "nonsense")));
      for (const bad of badIds) assert.equal((await other.send(method, bad, bodyFor(route))).status, 400, bad);
      for (const { name } of operation.parameters as { name?: string }[]) {
        if (name === "limit" || name === "from") assert.equal((await other.get(`${filled(path)}?${name}=0`)).status, 400, name);
        if (name === "cursor") assert.equal((await other.get(`${filled(path)}?cursor=x`)).status, 400, name);
      }
      if (method === "GET") return;
      if (!takesLines(operation)) assert.equal((await other.send(method, filled(path), "[]")).status, 400);
      const headers = { ...headersFor(route), "idempotency-key": "two words" };
      refused(await other.send(method, filled(path), bodyFor(route), headers), 400, "INVALID_REQUEST");
    }));

  test("operators' routes are forbidden to shoppers, whether the resource exists or not", () =>
    each(protectedRoutes.filter(isAdmin), async (route) =>
      refused(await shopper.send(route.method, filled(route.path), bodyFor(route), headersFor(route)), 403, "FORBIDDEN"),
    ));

  test("another user's routes are forbidden, whether that user exists or not", () =>
    each(protectedRoutes.filter(isOwned), async (route) => {
      for (const userId of [other.id, other.id.toUpperCase(), UNKNOWN_USER])
        refused(await shopper.send(route.method, filled(route.path, userId), bodyFor(route)), 403, "FORBIDDEN");
    }));

  test("an unknown resource is 404 to a caller who may read it", () =>
    each(
      // PUT makes the missing resource.
      protectedRoutes.filter(({ method, path }) => path.includes("{") && method !== "PUT"),
      async (route) => {
        const caller = isAdmin(route) ? shop.operator : shopper;
        if (isOwned(route)) refused(await shop.operator.send(route.method, filled(route.path), bodyFor(route)), 404, "USER_NOT_FOUND");
        if (!isOwned(route) || route.path.includes("{id}"))
          assert.equal((await caller.send(route.method, filled(route.path, shopper.id), bodyFor(route))).status, 404);
      },
    ));

  test("a missing resource is reported before a state that forbids the request", async () => {
    const [closed, open] = [await shop.product({ status: "NOT_FOR_SALE" }), await shop.product({ stock: 0, price: 1_000_000 })];
    const one = (product: { id: string }, more = {}): unknown => ({ productId: product.id, quantity: 1, ...more });
    const order = (orderItems: unknown[], more = {}): Promise<Answer> => shopper.post("/orders", { orderItems, ...more });
    refused(await order([one(closed), one({ id: UNKNOWN_ID })]), 404, "PRODUCT_NOT_FOUND");
    refused(await order([one(closed), one(open, { variantId: UNKNOWN_ID })]), 404, "PRODUCT_NOT_FOUND");
    refused(await order([one(open, { variantId: closed.variants[0]?.id })]), 404, "PRODUCT_NOT_FOUND");
    refused(await order([one(closed)], { userCouponId: UNKNOWN_ID }), 404, "COUPON_NOT_FOUND");
    refused(await order([one(open)], { userCouponId: UNKNOWN_ID }), 404, "COUPON_NOT_FOUND");
    refused(await order([one(closed)]), 400, "PRODUCT_NOT_FOR_SALE");
    refused(await order([one(open)]), 400, "STOCK_INSUFFICIENT");
    refused(await shop.operator.post("/orders", { orderItems: [one(open)], userId: UNKNOWN_USER }), 404, "USER_NOT_FOUND");
    refused(await shop.operator.post("/orders", { fromCart: true, userId: UNKNOWN_USER }), 404, "USER_NOT_FOUND");
    refused(await shopper.post(`/users/${shopper.id}/cart/items`, one(closed, { variantId: UNKNOWN_ID })), 404, "PRODUCT_NOT_FOUND");

    const soldOut = await shop.campaign({ totalQuantity: 1 });
    good(await other.post(`/coupons/${soldOut.id}/issue`), 201);
    refused(await shop.operator.post(`/coupons/${soldOut.id}/issue`, { userId: UNKNOWN_USER }), 404, "USER_NOT_FOUND");
    refused(await shopper.post(`/coupons/${soldOut.id}/issue`), 409, "COUPON_SOLD_OUT");

    const grant = { userId: shopper.id, amount: 1_000_000_000_000, reason: "너무 많이" };
    refused(await shop.operator.post("/admin/balances/grant", { grants: [grant, { ...grant, userId: UNKNOWN_USER }] }), 404, "USER_NOT_FOUND");
    refused(await shop.operator.post("/admin/balances/grant", { grants: [grant] }), 400, "BALANCE_LIMIT_EXCEEDED");
  });
});

describe("resources of another user", () => {
  let foreign: { orderId: string; paymentId: string; itemId: string; couponId: string };
  let product: { id: string; variants: { id: string }[] };
  before(async () => {
    product = await shop.product({ stock: 1000 });
    const order = good(await other.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
    const item = good(await other.post(`/users/${other.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
    foreign = { orderId: order.orderId, paymentId: order.payment.paymentId, itemId: item.id, couponId: await shop.coupon(other) };
  });

  test("another user's resource is answered exactly like a missing one", async () => {
    const hidden: [description: string, ask: (id: string) => Promise<Answer>, id: string, code: string][] = [
      ["order", (id) => shopper.get(`/orders/${id}`), foreign.orderId, "ORDER_NOT_FOUND"],
      ["history", (id) => shopper.get(`/orders/${id}/history`), foreign.orderId, "ORDER_NOT_FOUND"],
      ["cancel", (id) => shopper.post(`/orders/${id}/cancel`), foreign.orderId, "ORDER_NOT_FOUND"],
      ["payment", (id) => shopper.get(`/payments/${id}`), foreign.paymentId, "PAYMENT_NOT_FOUND"],
      ["pay", (id) => shopper.post("/payments", { orderId: id, method: "BALANCE" }), foreign.orderId, "ORDER_NOT_FOUND"],
      ["pay by card", (id) => shopper.post("/payments", { orderId: id, method: "CARD", paymentKey: "key" }), foreign.orderId, "ORDER_NOT_FOUND"],
      ["cart quantity", (id) => shopper.patch(`/users/${shopper.id}/cart/items/${id}`, { quantity: 2 }), foreign.itemId, "CART_ITEM_NOT_FOUND"],
      ["cart removal", (id) => shopper.delete(`/users/${shopper.id}/cart/items/${id}`), foreign.itemId, "CART_ITEM_NOT_FOUND"],
      [
        "coupon",
        (id) => shopper.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId: id }),
        foreign.couponId,
        "COUPON_NOT_FOUND",
      ],
    ];
    for (const [description, send, id, code] of hidden) {
      const [real, absent] = [await send(id), await send(UNKNOWN_ID)];
      const problem = JSON.stringify(refused(real, 404, code));
      assert.equal(problem.replaceAll(id, UNKNOWN_ID), JSON.stringify(refused(absent, 404, code)), description);
    }
    // Nothing has changed.
    assert.equal(good(await other.get(`/orders/${foreign.orderId}`), 200).status, "COMPLETED");
    assert.equal(good(await other.get(`/users/${other.id}/cart`), 200).cartItems[0].quantity, 1);
    assert.equal(good(await other.get(`/users/${other.id}/coupons`), 200).userCoupons[0].id, foreign.couponId);
  });

  test("only operators may name another user in a body", async () => {
    const campaign = await shop.campaign();
    const orderItems = [{ productId: product.id, quantity: 1 }];
    for (const userId of [other.id, other.id.toUpperCase(), UNKNOWN_USER]) {
      refused(await shopper.post("/orders", { orderItems, userId }), 403, "FORBIDDEN");
      refused(await shopper.post("/orders", { fromCart: true, userId }), 403, "FORBIDDEN");
      refused(await shopper.post("/payments", { orderId: foreign.orderId, method: "BALANCE", userId }), 403, "FORBIDDEN");
      refused(await shopper.post(`/coupons/${campaign.id}/issue`, { userId }), 403, "FORBIDDEN");
    }
    for (const userId of [shopper.id, shopper.id.toUpperCase()]) {
      const order = good(await shopper.post("/orders", { orderItems, userId, payment: { method: "DEFERRED" } }), 201);
      assert.equal(order.userId, shopper.id);
      good(await shopper.post("/payments", { orderId: order.orderId, method: "BALANCE", userId }), 201);
    }
    good(await shopper.post(`/coupons/${campaign.id}/issue`, { userId: shopper.id.toUpperCase() }), 201);

    const onBehalf = good(await shop.operator.post("/orders", { orderItems, userId: other.id, payment: { method: "DEFERRED" } }), 201);
    assert.equal(onBehalf.userId, other.id);
    refused(await shop.operator.post("/payments", { orderId: onBehalf.orderId, method: "BALANCE", userId: shopper.id }), 404, "ORDER_NOT_FOUND");
    good(await shop.operator.post("/payments", { orderId: onBehalf.orderId, method: "BALANCE" }), 201);
    good(await shop.operator.post(`/coupons/${campaign.id}/issue`, { userId: other.id }), 201);
    good(await shop.operator.post(`/orders/${onBehalf.orderId}/cancel`), 200);
    good(await shop.operator.get(`/users/${other.id}/cart`), 200);
  });

  test("an operator must name the user of an order and of a coupon", async () => {
    refused(await shop.operator.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 404, "USER_NOT_FOUND");
    refused(await shop.operator.post(`/coupons/${(await shop.campaign()).id}/issue`), 404, "USER_NOT_FOUND");
  });
});

describe("tokens", () => {
  const now = (): number => Math.floor(Date.now() / 1000);
  const ask = (value: string | undefined, scheme = "Bearer "): Promise<Answer> =>
    call(shop.url, "GET", `/users/${shopper.id}/balance`, undefined, value === undefined ? {} : { authorization: scheme + value });
  const HS256 = { alg: "HS256" };
  const validClaims = (claims: Claims = {}): Claims => ({ sub: shopper.id, role: "shopper", ...claims });

  test("valid tokens are accepted", async () => {
    for (const claims of [
      validClaims(),
      validClaims({ exp: now() + 60, iat: now(), nbf: now() - 1 }),
      // The issuer's clock is 20 s ahead, or 20 s behind.
      validClaims({ exp: now() + 60, iat: now() + 20, nbf: now() + 20 }),
      validClaims({ exp: now() - 20 }),
      validClaims({ sub: shopper.id.toUpperCase() }),
      validClaims({ iss: "anybody", aud: ["anything"], extra: { x: 1 } }),
    ])
      assert.equal((await ask(token(HS256, claims, SECRET))).status, 200);
    for (const scheme of ["bearer ", "BEARER ", "Bearer   "]) assert.equal((await ask(shopper.token, scheme)).status, 200);
    for (const sub of ["a", "운영자 1", "system:nightly", "x".repeat(255), shopper.id])
      assert.equal((await ask(token(HS256, { sub, role: "operator" }, SECRET))).status, 200, sub);
  });

  const invalidTokens: [description: string, header: () => string | undefined, scheme?: string][] = [
    ["none", () => undefined],
    ["an empty one", () => "", "Bearer"],
    ["another scheme", () => shopper.token, "Basic "],
    ["the token alone", () => shopper.token, ""],
    ["two tokens", () => `${shopper.token} ${shopper.token}`],
    ["a word", () => "token"],
    ["two parts", () => shopper.token.split(".").slice(0, 2).join(".")],
    ["four parts", () => `${shopper.token}.x`],
    ["one that expired longer ago than the clock tolerance", () => token(HS256, validClaims({ exp: now() - 31 }), SECRET)],
    ["one that expired in 1970", () => token(HS256, validClaims({ exp: 0 }), SECRET)],
    ["one whose exp is a word", () => token(HS256, validClaims({ exp: "tomorrow" }), SECRET)],
    ["one that is not valid yet", () => token(HS256, validClaims({ nbf: now() + 40 }), SECRET)],
    ["one that was issued in the future", () => token(HS256, validClaims({ iat: now() + 40 }), SECRET)],
    ["one signed with another secret", () => token(HS256, validClaims(), "another secret, also of 32 bytes and more")],
    ["one without a signature", () => token(HS256, validClaims())],
    ["one with a signature that is cut short", () => token(HS256, validClaims(), SECRET).slice(0, -2)],
    [
      "one whose claims were changed",
      () =>
        token(HS256, validClaims(), SECRET).replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify({ sub: "x", role: "operator" })).toString("base64url")}.`,
        ),
    ],
    ["alg none", () => token({ alg: "none" }, validClaims())],
    ["alg None", () => token({ alg: "None" }, validClaims())],
    ["alg none with a signature", () => token({ alg: "none" }, validClaims()) + token(HS256, validClaims(), SECRET).split(".")[2]],
    ["a larger HMAC", () => token({ alg: "HS512" }, validClaims(), SECRET)],
    ["an unknown critical extension", () => token({ ...HS256, crit: ["x"], x: 1 }, validClaims(), SECRET)],
    ["a shopper's subject that is not a user's id", () => token(HS256, validClaims({ sub: "minsu" }), SECRET)],
    ["no sub", () => token(HS256, { role: "operator" }, SECRET)],
    ["an empty sub", () => token(HS256, { sub: "", role: "operator" }, SECRET)],
    ["a sub that is a number", () => token(HS256, { sub: 1, role: "operator" }, SECRET)],
    ["a sub of 256 characters", () => token(HS256, { sub: "x".repeat(256), role: "operator" }, SECRET)],
    ["a sub with NUL in it", () => token(HS256, { sub: "a\0b", role: "operator" }, SECRET)],
    ["a sub with half a surrogate pair", () => token(HS256, '{"sub":"\\ud800","role":"operator"}', SECRET)],
    ["a shopper whose sub is no UUID", () => token(HS256, { sub: "kim", role: "shopper" }, SECRET)],
    ["claims that are a list", () => token(HS256, "[]", SECRET)],
    ["claims that are not JSON", () => token(HS256, "claims", SECRET)],
    ["more than 8 kB", () => token(HS256, validClaims({ extra: "x".repeat(9000) }), SECRET)],
  ];
  for (const [description, header, scheme] of invalidTokens)
    test(`a request is refused with this token: ${description}`, async () => void refused(await ask(header(), scheme), 401, "UNAUTHENTICATED"));

  test("a token that was valid is refused after its expiry", async () => {
    const clock = { now: Date.now() };
    const auth = authenticator(authSettings({ AUTH_JWT_SECRET: SECRET }), SECRET, { now: () => clock.now });
    const short = `Bearer ${token(HS256, validClaims({ exp: now() + 5 }), SECRET)}`;
    assert.deepEqual((await auth.callerOf(short)).id, shopper.id);
    clock.now += 3000;
    assert.ok(auth.callerOf(short));
    clock.now += 33_000;
    // The library reads its own clock, so it is replaced too.
    const verified = Date.now;
    try {
      Date.now = () => clock.now;
      assert.throws(
        () => auth.callerOf(short),
        (error: Refusal) => error.code === "UNAUTHENTICATED",
      );
    } finally {
      Date.now = verified;
    }
  });

  test("a configured issuer and audience must be present and match", async (t) => {
    const strict = await openTestShop({ env: { AUTH_ISSUER: "https://id.example", AUTH_AUDIENCE: "shop" }, beside: shop });
    t.after(() => strict.close());
    const statusOf = async (claims: Claims): Promise<number> =>
      (
        await call(strict.url, "GET", `/users/${shopper.id}/balance`, undefined, {
          authorization: `Bearer ${token(HS256, validClaims(claims), SECRET)}`,
        })
      ).status;
    assert.equal(await statusOf({ iss: "https://id.example", aud: "shop" }), 200);
    assert.equal(await statusOf({ iss: "https://id.example", aud: ["other", "shop"] }), 200);
    for (const claims of [
      {},
      { iss: "https://id.example" },
      { aud: "shop" },
      { iss: "https://id.example.evil", aud: "shop" },
      { iss: "https://id.example", aud: "shops" },
      { iss: "https://id.example", aud: [] },
      { iss: ["https://other"], aud: "shop" },
      { iss: null, aud: null },
    ])
      assert.equal(await statusOf(claims), 401, JSON.stringify(claims));
  });
});

describe("an issuer's keys", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ed = generateKeyPairSync("ed25519");
  const jwk = (key: KeyObject, kid: string, more = {}): Record<string, unknown> => ({ ...key.export({ format: "jwk" }), kid, use: "sig", ...more });
  const claims = { sub: "an operator", role: "operator" };
  const auth = (url: string) => authSettings({ AUTH_JWKS_URL: url });

  let issuer: Issuer;
  before(async () => (issuer = await Issuer.open()));
  after(() => issuer.close());

  async function codeOf(caller: () => unknown): Promise<string> {
    try {
      await caller();
      return "accepted";
    } catch (error) {
      return error instanceof Refusal ? error.code : `${error}`;
    }
  }

  test("RS256, ES256 and EdDSA keys from the issuer are accepted, and keys for other uses are not", async (t) => {
    issuer.keys = [
      jwk(rsa.publicKey, "r"),
      jwk(ec.publicKey, "e", { alg: "ES256" }),
      jwk(ed.publicKey, "d"),
      jwk(rsa.publicKey, "enc", { use: "enc" }),
      { kty: "oct", k: Buffer.from(SECRET).toString("base64url"), kid: "oct", alg: "HS256" },
      { kty: "RSA", kid: "torn" },
      { kty: "XYZ" },
      null,
    ];
    const withIssuer = await openTestShop({ env: { AUTH_JWKS_URL: issuer.url, AUTH_JWT_SECRET: "" }, beside: shop });
    t.after(() => withIssuer.close());
    const ask = async (value: string): Promise<Answer> =>
      call(withIssuer.url, "GET", `/users/${shopper.id}/balance`, undefined, { authorization: `Bearer ${value}` });
    assert.equal((await ask(token({ alg: "RS256", kid: "r" }, claims, rsa.privateKey))).status, 200);
    assert.equal((await ask(token({ alg: "ES256", kid: "e" }, claims, ec.privateKey))).status, 200);
    assert.equal((await ask(token({ alg: "EdDSA", kid: "d" }, claims, ed.privateKey))).status, 200);
    // A shopper's subject is an external id, even if it looks like another user's id.
    assert.equal((await ask(token({ alg: "RS256", kid: "r" }, { sub: shopper.id, role: "shopper" }, rsa.privateKey))).status, 403);

    const pem = createPublicKey(rsa.privateKey).export({ type: "spki", format: "pem" });
    const der = createPublicKey(rsa.privateKey).export({ type: "spki", format: "der" });
    const bad: [string, string][] = [
      ["the public key as an HMAC secret", token({ alg: "HS256", kid: "r" }, claims, pem)],
      ["the same in DER", token({ alg: "HS256", kid: "r" }, claims, der)],
      ["the shop's own secret", token({ alg: "HS256" }, claims, SECRET)],
      ["a symmetric key in the set", token({ alg: "HS256", kid: "oct" }, claims, SECRET)],
      ["no algorithm", token({ alg: "none", kid: "r" }, claims)],
      ["another key's id", token({ alg: "ES256", kid: "r" }, claims, ec.privateKey)],
      ["a key for encryption", token({ alg: "RS256", kid: "enc" }, claims, rsa.privateKey)],
      ["a key in the token itself", token({ alg: "RS256", kid: "x", jwk: jwk(rsa.publicKey, "x") }, claims, rsa.privateKey)],
      ["a key elsewhere", token({ alg: "RS256", kid: "x", jku: "http://127.0.0.1:1/" }, claims, rsa.privateKey)],
      ["an unknown key", token({ alg: "RS256", kid: "r" }, claims, generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey)],
      ["no key id though the set has several keys", token({ alg: "RS256" }, claims, rsa.privateKey)],
    ];
    for (const [name, value] of bad) assert.equal((await ask(value)).status, 401, name);
  });

  test("an unknown key is fetched at once and then at most every 15 s, and the only key needs no id", async () => {
    const clock = { now: 1_000_000 };
    issuer.keys = [jwk(rsa.publicKey, "one")];
    const { callerOf } = authenticator(auth(issuer.url), SECRET, { now: () => clock.now });
    const tokenWith = (kid: string | undefined, key: KeyObject): string =>
      `Bearer ${token({ alg: "RS256", ...(kid === undefined ? {} : { kid }) }, { ...claims, jti: Math.random() }, key)}`;
    const before = issuer.asked;
    // Concurrent requests share one fetch.
    await Promise.all(Array.from({ length: 20 }, async () => callerOf(tokenWith("one", rsa.privateKey))));
    assert.equal(issuer.asked - before, 1);
    assert.equal(await codeOf(() => callerOf(tokenWith(undefined, rsa.privateKey))), "accepted");

    const next = generateKeyPairSync("rsa", { modulusLength: 2048 });
    issuer.keys = [jwk(rsa.publicKey, "one"), jwk(next.publicKey, "two")];
    assert.equal(await codeOf(() => callerOf(tokenWith("two", next.privateKey))), "UNAUTHENTICATED");
    assert.equal(issuer.asked - before, 1);
    clock.now += 15_000;
    assert.equal(await codeOf(() => callerOf(tokenWith("two", next.privateKey))), "accepted");
    for (let i = 0; i < 10; i++) assert.equal(await codeOf(() => callerOf(tokenWith(`made up ${i}`, next.privateKey))), "UNAUTHENTICATED");
    assert.equal(issuer.asked - before, 2);
    // Known keys are checked synchronously, so that requests keep their order.
    assert.ok(!(callerOf(tokenWith("one", rsa.privateKey)) instanceof Promise));
  });

  test("an empty or broken key set does not replace a valid one", async (t) => {
    t.after(() => (issuer.answer = undefined));
    const clock = { now: 1_000_000 };
    issuer.keys = [jwk(rsa.publicKey, "one")];
    const { callerOf } = authenticator(auth(issuer.url), SECRET, { now: () => clock.now });
    const fresh = (): string => `Bearer ${token({ alg: "RS256", kid: "one" }, { ...claims, jti: Math.random() }, rsa.privateKey)}`;
    assert.equal(await codeOf(() => callerOf(fresh())), "accepted");

    for (const body of ['{"keys":[]}', '{"keys":[{"kty":"RSA","kid":"one"}]}', '{"keys":null}', "{}", "null", "<html>", ""]) {
      issuer.answer = { status: 200, body };
      const fetchesBefore = issuer.asked;
      clock.now += 300_000;
      assert.equal(await codeOf(() => callerOf(fresh())), "accepted", body);
      while (issuer.asked === fetchesBefore) await new Promise((resolve) => setImmediate(resolve));
      // A request with an unknown key waits for the fetch in progress, so that its outcome is
      // known.
      assert.equal(await codeOf(() => callerOf(`Bearer ${token({ alg: "RS256", kid: "x" }, claims, rsa.privateKey)}`)), "UNAVAILABLE", body);
      assert.equal(await codeOf(() => callerOf(fresh())), "accepted", body);
    }
  });

  test("an empty key set at the first fetch counts as unavailable and is fetched again soon", async (t) => {
    t.after(() => (issuer.answer = undefined));
    const clock = { now: 1_000_000 };
    issuer.keys = [jwk(rsa.publicKey, "one")];
    issuer.answer = { status: 200, body: '{"keys":[]}' };
    const { callerOf } = authenticator(auth(issuer.url), SECRET, { now: () => clock.now });
    const one = `Bearer ${token({ alg: "RS256", kid: "one" }, claims, rsa.privateKey)}`;
    assert.equal(await codeOf(() => callerOf(one)), "UNAVAILABLE");
    issuer.answer = undefined;
    clock.now += 5000;
    assert.equal(await codeOf(() => callerOf(one)), "accepted");
  });

  test("clocks may differ by 30 s in an issuer's tokens too", async () => {
    issuer.keys = [jwk(rsa.publicKey, "one")];
    const { callerOf } = authenticator(auth(issuer.url), SECRET);
    const seconds = Math.floor(Date.now() / 1000);
    const signed = (more: Claims): string => `Bearer ${token({ alg: "RS256", kid: "one" }, { ...claims, ...more }, rsa.privateKey)}`;
    for (const taken of [{ nbf: seconds + 20 }, { iat: seconds + 20 }, { exp: seconds - 20 }])
      assert.equal(await codeOf(() => callerOf(signed(taken))), "accepted");
    for (const invalid of [{ nbf: seconds + 40 }, { iat: seconds + 40 }, { exp: seconds - 40 }])
      assert.equal(await codeOf(() => callerOf(signed(invalid))), "UNAUTHENTICATED");
  });

  test("a withdrawn key is trusted for at most five minutes, with tokens that were seen before", async () => {
    const clock = { now: 1_000_000 };
    issuer.keys = [jwk(rsa.publicKey, "one"), jwk(ec.publicKey, "two")];
    const { callerOf } = authenticator(auth(issuer.url), SECRET, { now: () => clock.now });
    const one = `Bearer ${token({ alg: "RS256", kid: "one" }, claims, rsa.privateKey)}`;
    assert.equal(await codeOf(() => callerOf(one)), "accepted");
    issuer.keys = [jwk(ec.publicKey, "two")];
    clock.now += 299_000;
    assert.equal(await codeOf(() => callerOf(one)), "accepted");
    const fetchesBefore = issuer.asked;
    clock.now += 2000;
    // This request is still accepted and starts the fetch that removes the key.
    assert.equal(await codeOf(() => callerOf(one)), "accepted");
    while (issuer.asked === fetchesBefore) await new Promise((resolve) => setImmediate(resolve));
    const deadline = Date.now() + 60_000;
    while ((await codeOf(() => callerOf(one))) === "accepted" && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await codeOf(() => callerOf(one)), "UNAUTHENTICATED");
  });

  test("while the issuer is unavailable new keys get 503, and known keys are accepted", async () => {
    const clock = { now: 1_000_000 };
    issuer.keys = [jwk(rsa.publicKey, "one"), jwk(ec.publicKey, "two")];
    for (const answer of [
      { status: 500, body: "{}" },
      { status: 200, body: "no json" },
      { status: 200, body: "{}" },
      { status: 404, body: '{"keys":[]}' },
    ]) {
      const { callerOf } = authenticator(auth(issuer.url), SECRET, { now: () => clock.now });
      const one = (): string => `Bearer ${token({ alg: "RS256", kid: "one" }, { ...claims, jti: Math.random() }, rsa.privateKey)}`;
      issuer.answer = answer;
      assert.equal(await codeOf(() => callerOf(one())), "UNAVAILABLE");
      clock.now += 1000;
      // The issuer is not asked again at once, and the key is still unknown.
      assert.equal(await codeOf(() => callerOf(one())), "UNAVAILABLE");
      issuer.answer = undefined;
      clock.now += 5000;
      assert.equal(await codeOf(() => callerOf(one())), "accepted");
      issuer.answer = answer;
      clock.now += 600_000;
      assert.equal(await codeOf(() => callerOf(one())), "accepted");
      assert.equal(await codeOf(() => callerOf(one())), "accepted");
      issuer.answer = undefined;
    }
  });

  test("an unavailable issuer is 503 with Retry-After over HTTP", async (t) => {
    const unavailable = await openTestShop({ env: { AUTH_JWKS_URL: "http://127.0.0.1:1/jwks.json", AUTH_JWT_SECRET: "" }, beside: shop });
    t.after(() => unavailable.close());
    const answer = await call(unavailable.url, "GET", `/users/${shopper.id}/balance`, undefined, {
      authorization: `Bearer ${token({ alg: "RS256", kid: "one" }, claims, rsa.privateKey)}`,
    });
    refused(answer, 503, "UNAVAILABLE");
    assert.equal(answer.headers["retry-after"], "5");
    refused(await call(unavailable.url, "GET", `/users/${shopper.id}/balance`), 401, "UNAUTHENTICATED");
    good(await call(unavailable.url, "GET", "/products"), 200);
  });
});
