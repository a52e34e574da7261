// Attacks by a caller who has read the source, if no other test covers them. SECURITY.md says where
// the others are.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { authSettings } from "../../src/auth-settings.ts";
import { readConfig } from "../../src/config.ts";
import type { Audience } from "../../src/http/route-definition.ts";
import { Routes } from "../../src/http/route.ts";
import { authenticator } from "../../src/http/tokens.ts";
import type { Till } from "../../src/till/till.ts";
import { Registry } from "prom-client";
import { HttpMetrics } from "../../src/http/metrics.ts";
import { createServer as createShopServer } from "../../src/http/server.ts";
import { type Client, good, openTestShop, refused, SECRET, type TestShop } from "../support/shop.ts";

const AUTH = authSettings({});

describe("fetching an issuer's keys", () => {
  // The check is isPrivateOnItsWay in config.ts.
  test("an issuer's keys are fetched over https, or over http from this machine", () => {
    const open = (url: string): string | undefined => readConfig({ AUTH_JWKS_URL: url }).auth.jwksUrl;
    for (const url of ["http://issuer.example/keys", "ftp://127.0.0.1/keys", "http://127.0.0.1.example/keys", "file:///keys"])
      assert.throws(() => open(url), /^Error: AUTH_JWKS_URL/);
    for (const url of ["https://issuer.example/keys", "http://127.0.0.1:1/keys", "http://localhost/keys"]) assert.equal(open(url), url);
  });

  // The option `redirect` in key-set.ts forbids it.
  test("an issuer's keys are not accepted from a redirect", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/keys") response.writeHead(302, { location: "/elsewhere" }).end();
      else response.end(JSON.stringify({ keys: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const { callerOf } = authenticator({ ...AUTH, jwksUrl }, SECRET);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "RS256", kid: "any" })}.${part({ sub: "me", role: "operator" })}.${part({})}`;
    try {
      await assert.rejects(async () => callerOf(`Bearer ${token}`), { code: "UNAVAILABLE" });
    } finally {
      server.close();
    }
  });
});

// The onRoute hook of the authentication checks it.
test("the server refuses to add a route that does not declare its audience", () => {
  assert.throws(() => bareServer().get("/forgotten", () => "everything"), /\/forgotten declares no audience/);
});

test("a route that needs a token and names no permission is refused", () => {
  const routes = new Routes(bareServer(), {} as Till, "ko");
  const texts = { tag: "Shop", summary: "s", description: "d" } as const;
  const declare = (audience: Audience): void =>
    routes.read({ method: "GET", path: `/${audience}`, operationId: audience, audience, ...texts, answers: { 200: null } }, () => null);
  for (const audience of ["operator", "shopper", "owner"] as const) assert.throws(() => declare(audience), /names no permission/);
  declare("anyone");
});

function bareServer(): ReturnType<typeof createShopServer> {
  return createShopServer({
    config: { locale: "ko", rateLimit: undefined, trustProxy: undefined, corsOrigins: undefined },
    metrics: new HttpMetrics(new Registry()),
    authenticator: authenticator(AUTH, SECRET),
    onFault: () => {},
  });
}

describe("data of another user", () => {
  let shop: TestShop;
  let victim: Client;
  let attacker: Client;
  before(async () => {
    shop = await openTestShop();
    [victim, attacker] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
  });
  after(() => shop.close());

  // The test fails without the audience check in `authorize`, the owner check in `ownOrder`, or
  // `callerId` in the reads of orders and payments.
  test("no operation in the OpenAPI document reads or changes another user's data", async () => {
    const product = await shop.product({ price: 100 });
    const order = good(await victim.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
    const waiting = good(
      await victim.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }),
      201,
    );
    const item = good(await victim.post(`/users/${victim.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
    const userCouponId = await shop.coupon(victim);
    const before = await snapshotOf(order.orderId, waiting.orderId);

    const document = good(await shop.anyone("GET", "/openapi.json"), 200);
    const ids: Record<string, string> = { userId: victim.id, orderId: order.orderId, paymentId: order.payment.paymentId, id: item.id };
    const tried: string[] = [];
    for (const [path, methods] of Object.entries(document.paths as Record<string, Record<string, Operation>>))
      for (const [method, { security, requestBody }] of Object.entries(methods)) {
        // Public operations match none of these conditions, operator operations match the second.
        if (security.length === 0 || !(/\{(userId|orderId|paymentId)\}/.test(path) || path.startsWith("/admin"))) continue;
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
          path.startsWith("/admin/orders") ? order.orderId : (ids[name] ?? (name === "name" ? "aggregate-sales" : item.id)),
        );
        const query = path === "/admin/variants" ? "?sku=A" : "";
        const isLines = requestBody?.content["application/x-ndjson"] !== undefined;
        const body =
          BODIES[`${method.toUpperCase()} ${path}`]?.({ product, item }) ??
          Object.values(requestBody?.content["application/json"]?.examples ?? {})[0]?.value;
        const answer = await attacker.send(method.toUpperCase(), filled + query, body, isLines ? { "content-type": "application/x-ndjson" } : {});
        tried.push(path);
        assert.ok([403, 404].includes(answer.status), `${method} ${filled}: ${answer.status} ${answer.text}`);
      }
    assert.ok(tried.length >= 30, `${tried.length} were tried`);

    // The same attacks through request bodies.
    const body = { orderItems: [{ productId: product.id, quantity: 1 }] };
    refused(await attacker.post("/orders", { ...body, userId: victim.id }), 403, "FORBIDDEN");
    refused(await attacker.post("/orders", { ...body, userCouponId }), 404, "COUPON_NOT_FOUND");
    refused(await attacker.post("/payments", { orderId: waiting.orderId, method: "BALANCE" }), 404, "ORDER_NOT_FOUND");
    refused(await attacker.post("/payments", { orderId: waiting.orderId, method: "CARD", paymentKey: "stolen" }), 404, "ORDER_NOT_FOUND");
    refused(await attacker.post(`/orders/${waiting.orderId}/cancel`), 404, "ORDER_NOT_FOUND");
    refused(await attacker.patch(`/users/${attacker.id}/cart/items/${item.id}`, { quantity: 9 }), 404, "CART_ITEM_NOT_FOUND");
    refused(await attacker.delete(`/users/${attacker.id}/cart/items/${item.id}`), 404, "CART_ITEM_NOT_FOUND");
    assert.deepEqual(await snapshotOf(order.orderId, waiting.orderId), before);
  });

  async function snapshotOf(...orderIds: string[]): Promise<unknown> {
    const paths = ["balance", "cart", "coupons?status=ALL", "orders", "balance/transactions"].map((part) => `/users/${victim.id}/${part}`);
    return Promise.all([...paths, ...orderIds.map((id) => `/orders/${id}/history`)].map(async (path) => good(await victim.get(path), 200)));
  }
});

type Operation = { security: unknown[]; requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> } };
type Fixtures = { product: { id: string; variants: { id: string }[] }; item: { id: string } };
/**
 * Valid bodies, so that the refusal is about authorization. Any other operation uses the example in
 * the document.
 */
const BODIES: Record<string, (fixtures: Fixtures) => unknown> = {
  "POST /admin/events/replay": () => ({ status: "DEAD" }),
  "POST /users/{userId}/balance/charge": () => ({ amount: 1 }),
  "POST /users/{userId}/balance/charges": () => ({ amount: 1 }),
  "POST /users/{userId}/cart/items": ({ product }) => ({ productId: product.id, quantity: 1 }),
  "PATCH /users/{userId}/cart/items/{id}": () => ({ quantity: 2 }),
  "POST /admin/users": () => ({ name: "n" }),
  "PATCH /admin/users/{id}": () => ({ name: "n" }),
  "POST /admin/users/{id}/erase": () => ({ reason: "r" }),
  "POST /admin/payments/{id}/resolve": () => ({ outcome: "PAID", reason: "r" }),
  "POST /admin/balances/grant": () => ({ grants: [{ userId: "0193a000-0000-7000-8000-000000000000", amount: 1, reason: "r" }] }),
  "POST /admin/balances/revoke": () => ({ revocations: [{ userId: "0193a000-0000-7000-8000-000000000000", amount: 1, reason: "r" }] }),
  "POST /admin/products": () => ({ name: "n", price: 1, stock: 1 }),
  "PATCH /admin/products/{id}": () => ({ name: "n" }),
  "POST /admin/products/{id}/variants": () => ({ price: 1, stock: 1 }),
  "PUT /admin/products/by-external-id/{externalId}": () => ({ name: "n", price: 1, stock: 1 }),
  "POST /admin/catalog/import": () => `{"externalId":"e","name":"n","price":1,"stock":1}\n`,
  "PATCH /admin/variants/{id}": () => ({ name: "n" }),
  "POST /admin/variants/{id}/stock": () => ({ delta: 1, reason: "r" }),
  "POST /admin/stock": () => ({ changes: [{ sku: "s", delta: 1, reason: "r" }] }),
  "POST /admin/coupons": () => ({ name: "n", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 }),
  "PATCH /admin/coupons/{id}": () => ({ name: "n" }),
  "POST /admin/coupons/{id}/void": () => ({ reason: "r" }),
  "POST /admin/coupons/{id}/issue": () => ({ userIds: ["0193a000-0000-7000-8000-000000000000"] }),
  "POST /admin/orders/{id}/refunds": () => ({ reason: "r" }),
};
