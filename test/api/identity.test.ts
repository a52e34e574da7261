// Tokens of common issuers: their claims, the users that they become, and operators' permissions.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { LINES_TYPE } from "../../src/http/bodies.ts";
import { type Answer, call, good, openTestShop, refused, SECRET, type TestShop } from "../support/shop.ts";
import { type Claims, Issuer, token } from "../support/tokens.ts";

const key = generateKeyPairSync("ec", { namedCurve: "P-256" });
const KID = "k";
const bearer = (claims: Claims): Record<string, string> => ({ authorization: `Bearer ${token({ alg: "ES256", kid: KID }, claims, key.privateKey)}` });

let plain: TestShop;
let issuer: Issuer;
const open: TestShop[] = [];

before(async () => {
  issuer = await Issuer.open();
  issuer.keys = [{ ...key.publicKey.export({ format: "jwk" }), kid: KID, use: "sig" }];
  plain = await openTestShop();
});
after(async () => {
  for (const shop of open) await shop.close();
  await issuer.close();
  await plain.close();
});

async function shopWith(env: Record<string, string> = {}): Promise<TestShop> {
  const shop = await openTestShop({ env: { AUTH_JWKS_URL: issuer.url, AUTH_JWT_SECRET: "", ...env }, beside: plain });
  open.push(shop);
  return shop;
}

const get = (shop: TestShop, path: string, claims: Claims): Promise<Answer> => call(shop.url, "GET", path, undefined, bearer(claims));

describe("the claims of issuers", () => {
  const ISSUERS: { name: string; env: Record<string, string>; shopper: Claims; operator: Claims }[] = [
    {
      name: "Keycloak",
      env: { AUTH_ROLE_CLAIM: "realm_access.roles", AUTH_OPERATOR_ROLE: "shop-admin" },
      shopper: { sub: "f:1:min", name: "김민수", realm_access: { roles: ["default-roles", "offline_access"] } },
      operator: { sub: "f:1:ops", realm_access: { roles: ["offline_access", "shop-admin"] } },
    },
    {
      name: "Auth0",
      env: { AUTH_ROLE_CLAIM: "https://shop.example/roles", AUTH_OPERATOR_ROLE: "operator" },
      shopper: { sub: "auth0|64f", name: "김민수", "https://shop.example/roles": [] },
      operator: { sub: "auth0|99f", "https://shop.example/roles": ["operator"] },
    },
    {
      name: "Entra",
      env: { AUTH_USER_CLAIM: "oid", AUTH_ROLE_CLAIM: "roles", AUTH_OPERATOR_ROLE: "Shop.Operate" },
      shopper: { sub: "pairwise", oid: "0f0e0d0c-0000-4000-8000-000000000001", name: "김민수" },
      operator: { sub: "pairwise", oid: "0f0e0d0c-0000-4000-8000-000000000002", roles: ["Shop.Operate"] },
    },
    {
      name: "Kakao",
      env: {},
      shopper: { sub: "1234567890", nickname: "김민수" },
      operator: { sub: "99", role: "operator" },
    },
  ];

  for (const { name, env, shopper, operator } of ISSUERS)
    test(`${name}'s shoppers and operators are told apart, and a shopper becomes a user with a name`, async () => {
      const shop = await shopWith(env);
      const me = good(await get(shop, "/users/me", shopper), 200);
      assert.deepEqual([me.name, me.externalId], ["김민수", env["AUTH_USER_CLAIM"] ? shopper["oid"] : shopper["sub"]]);
      refused(await get(shop, "/admin/users", shopper), 403, "FORBIDDEN");
      good(await get(shop, "/admin/users", operator), 200);
      // The user that the first request has made is found again.
      assert.equal(good(await get(shop, "/users/me", shopper), 200).id, me.id);
    });

  test("a role inside another claim's name does not make an operator", async () => {
    const shop = await shopWith({ AUTH_ROLE_CLAIM: "realm_access.roles" });
    for (const claims of [
      { sub: "a", realm_access: "operator" },
      { sub: "a", realm_access: { roles: { operator: true } } },
      { sub: "a", realm_access: null },
      { sub: "a", roles: ["operator"], role: "operator" },
      { sub: "a", realm_access: { roles: ["Operator", "operators"] } },
    ])
      refused(await get(shop, "/admin/users", { ...claims, permissions: ["customers"] }), 403, "FORBIDDEN");
  });

  test("a token whose user claim is missing, empty, too long or not text is refused", async () => {
    const shop = await shopWith({ AUTH_USER_CLAIM: "oid" });
    for (const oid of [undefined, "", 7, ["x"], "x".repeat(256), "a\u0000b"])
      refused(await get(shop, "/users/me", { sub: "someone", ...(oid === undefined ? {} : { oid }) }), 401, "UNAUTHENTICATED");
    good(await get(shop, "/users/me", { sub: "someone", oid: "x".repeat(255) }), 200);
  });
});

describe("users of an issuer", () => {
  test("fifty first requests of one subject at two instances make one user", async () => {
    const shops = [await shopWith(), await shopWith()];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => get(shops[i % 2] as TestShop, "/users/me", { sub: "new-subject", name: "새 손님" })),
    );
    const ids = new Set(answers.map((answer) => good(answer, 200).id));
    assert.equal(ids.size, 1);
    const { users } = good(await plain.operator.get("/admin/users?q=new-subject"), 200);
    assert.equal(users.length, 1);
  });

  test("a shopper's subject is an external id, even if it is another user's id", async () => {
    const shop = await shopWith();
    const victim = await plain.user({ balance: 5000 });
    const me = good(await get(shop, "/users/me", { sub: victim.id }), 200);
    assert.notEqual(me.id, victim.id);
    refused(await get(shop, `/users/${victim.id}/balance`, { sub: victim.id }), 403, "FORBIDDEN");
  });

  test("a user that an operator has made is found by the external id", async () => {
    const shop = await shopWith();
    const made = good(await plain.operator.post("/admin/users", { name: "회원", externalId: "member-7", metadata: { tier: "gold" } }), 201);
    const me = good(await get(shop, "/users/me", { sub: "member-7", name: "Other name" }), 200);
    assert.deepEqual(me, { id: made.id, name: "회원", externalId: "member-7", metadata: { tier: "gold" } });
  });

  test("without provisioning an unknown subject is forbidden and makes no user", async () => {
    const shop = await shopWith({ AUTH_PROVISION: "off" });
    refused(await get(shop, "/users/me", { sub: "stranger-1" }), 403, "FORBIDDEN");
    assert.equal(good(await plain.operator.get("/admin/users?q=stranger-1"), 200).users.length, 0);
    good(await plain.operator.post("/admin/users", { name: "회원", externalId: "stranger-1" }), 201);
    good(await get(shop, "/users/me", { sub: "stranger-1" }), 200);
  });

  test("a long or empty name in a token still makes a user", async () => {
    const shop = await shopWith();
    assert.equal(good(await get(shop, "/users/me", { sub: "n1", name: "가".repeat(300) }), 200).name, "가".repeat(200));
    assert.equal(good(await get(shop, "/users/me", { sub: "n2", name: "  " }), 200).name, "n2");
  });
});

describe("a caller's own path", () => {
  test("/users/me is the caller's own path on every route of a user", async () => {
    const user = await plain.user({ balance: 3000 });
    assert.equal(good(await user.get("/users/me/balance"), 200).userId, user.id);
    assert.equal(good(await user.post("/users/me/balance/charge", { amount: 500 }), 200).newBalance, 3500);
    for (const path of ["/users/me/orders", "/users/me/coupons", "/users/me/cart", "/users/me/balance/transactions"]) good(await user.get(path), 200);
    refused(await plain.anyone("GET", "/users/me/balance"), 401, "UNAUTHENTICATED");
    refused(await plain.operator.get("/users/me"), 404, "USER_NOT_FOUND");
    refused(await plain.operator.get("/users/me/balance"), 404, "USER_NOT_FOUND");
  });

  test("a repeat with the same key gets the same answer, whether the path says me or the id", async () => {
    const user = await plain.user();
    const headers = { "idempotency-key": "charge-1" };
    const first = good(await user.post("/users/me/balance/charge", { amount: 500 }, headers), 200);
    const again = await user.post(`/users/${user.id}/balance/charge`, { amount: 500 }, headers);
    assert.equal(again.headers["idempotent-replayed"], "true");
    assert.deepEqual(again.body, first);
  });
});

describe("permissions", () => {
  const asOperator = (permissions: unknown): Record<string, string> => ({
    authorization: `Bearer ${token({ alg: "HS256" }, { sub: "part-time", role: "operator", permissions }, SECRET)}`,
  });
  const NO_USER_ID = "0193a000-0000-7000-8000-00000000abcd";
  const fill = (path: string): string => path.replaceAll(/\{\w+\}/g, NO_USER_ID);
  type Operation = { "x-permission"?: string; security?: unknown[]; requestBody?: { content: Record<string, unknown> } };
  type Route = { method: string; path: string; permission: string; headers: Record<string, string> };
  let routes: Route[];
  const ask = ({ method, path, headers }: Route, permissions: unknown): Promise<Answer> =>
    call(plain.url, method, fill(path), undefined, { ...asOperator(permissions), ...headers });

  before(async () => {
    const { paths } = good(await plain.anyone("GET", "/openapi.json"), 200) as { paths: Record<string, Record<string, Operation>> };
    routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { "x-permission": permission, security, requestBody }]) => {
        assert.equal(permission === undefined, security?.length !== 1, `${method} ${path}`);
        const headers: Record<string, string> = requestBody?.content[LINES_TYPE] ? { "content-type": LINES_TYPE } : {};
        return permission === undefined ? [] : [{ method: method.toUpperCase(), path, permission, headers }];
      }),
    );
    assert.ok(routes.length > 40);
  });

  test("an operator without a route's permission is refused, and the answer names the permission", async () => {
    for (const route of routes) {
      const { method, path, permission } = route;
      const others = routes.map((one) => one.permission).filter((name) => name !== permission && name !== "reports");
      const answer = await ask(route, others);
      if (answer.status !== 400) assert.equal(refused(answer, 403, "FORBIDDEN").permission, permission, `${method} ${path}`);
    }
  });

  test("reports reads all routes and changes no data", async () => {
    for (const route of routes.filter(({ path }) => path !== "/admin/live")) {
      const { method, path } = route;
      const { status } = await ask(route, ["reports"]);
      if (method === "GET") assert.notEqual(status, 403, `${method} ${path}`);
      else assert.ok(status === 403 || status === 400, `${method} ${path} ${status}`);
    }
  });

  test("a grant needs the permission for balances", async () => {
    const user = await plain.user();
    const grant = { grants: [{ userId: user.id, amount: 900, reason: "test" }] };
    refused(await call(plain.url, "POST", "/admin/balances/grant", grant, asOperator(["customers", "orders"])), 403, "FORBIDDEN");
    good(await call(plain.url, "POST", "/admin/balances/grant", grant, asOperator(["balances"])), 200);
    good(await call(plain.url, "POST", "/admin/balances/grant", grant, asOperator("balances")), 200);
    for (const none of [[], "", null, {}, [7]])
      refused(await call(plain.url, "POST", "/admin/balances/grant", grant, asOperator(none)), 403, "FORBIDDEN");
  });

  test("an operator without the catalog's permission sees products like a shopper", async () => {
    const { id } = await plain.product({ status: "NOT_FOR_SALE", price: 700, stock: 1 });
    const priceFor = async (permissions: unknown): Promise<unknown> =>
      good(await call(plain.url, "GET", `/products/${id}`, undefined, asOperator(permissions)), 200).price;
    assert.equal(await priceFor(["catalog"]), 700);
    assert.equal(await priceFor(["reports"]), 700);
    assert.equal(await priceFor(["orders"]), null);
  });
});

test("an issuer's shopper whose user was erased is a new user at every instance", async () => {
  const [one, two] = [await shopWith(), await shopWith()];
  const shopper: Claims = { sub: "leaves-and-returns", name: "김민수" };
  const operator = bearer({ sub: "ops", role: "operator" });
  const { id } = good(await get(one, "/users/me", shopper), 200);
  assert.equal(good(await get(two, "/users/me", shopper), 200).id, id);
  good(await call(one.url, "POST", `/admin/users/${id}/erase`, { reason: "탈퇴 요청" }, operator), 200);
  const again = good(await get(one, "/users/me", shopper), 200);
  assert.notEqual(again.id, id);
  // The other instance hears of it by a message.
  for (;;) {
    const found = good(await get(two, "/users/me", shopper), 200).id;
    if (found === again.id) break;
    assert.equal(found, id);
  }
});

test("an issuer's shopper finds the user whose external id an operator has set", async () => {
  const shop = await shopWith();
  const operator = bearer({ sub: "ops", role: "operator" });
  const { id } = good(await get(shop, "/users/me", { sub: "old-subject", name: "김민수" }), 200);
  good(await call(shop.url, "PATCH", `/admin/users/${id}`, { externalId: "given-subject" }, operator), 200);
  assert.equal(good(await get(shop, "/users/me", { sub: "given-subject", name: "김민수" }), 200).id, id);
  assert.notEqual(good(await get(shop, "/users/me", { sub: "old-subject", name: "김민수" }), 200).id, id);
});
