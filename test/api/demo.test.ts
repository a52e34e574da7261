// Signing in as a demo user: only in a demo, only as one of its users, and never as an operator.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SECRET, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

test("a demo user gets a token for the user's own resources", async () => {
  const { users } = good(await shop.anyone("GET", "/demo/users"), 200);
  assert.deepEqual(
    users.map((user: { name: string }) => user.name),
    ["김민수", "이서연", "Alex Park", "박지우"],
  );
  const session = good(await shop.anyone("POST", "/demo/sign-in", { userId: users[0].id.toUpperCase() }), 200);
  assert.equal(session.name, "김민수");
  const authorization = { authorization: `Bearer ${session.token}` };
  good(await shop.anyone("GET", `/users/${users[0].id}/balance`, undefined, authorization), 200);
  refused(await shop.anyone("GET", `/users/${users[1].id}/balance`, undefined, authorization), 403, "FORBIDDEN");
  refused(await shop.anyone("GET", "/admin/users", undefined, authorization), 403, "FORBIDDEN");
});

// Fails without `toReversed` in the creation of demo users: the newest would have no balance.
test("the first user of the list can buy the first product of the list, as in the README", async () => {
  const [user] = good(await shop.operator.get("/admin/users"), 200).users;
  const [product] = good(await shop.anyone("GET", "/products"), 200).products;
  good(await shop.client(user.id).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
});

// Fails without the list of external ids in demo.routes.ts.
test("tokens of other users are not issued", async () => {
  const somebody = await shop.user();
  refused(await shop.anyone("POST", "/demo/sign-in", { userId: somebody.id }), 404, "USER_NOT_FOUND");
  assert.ok(!JSON.stringify(good(await shop.anyone("GET", "/demo/users"), 200)).includes(somebody.id));
});

// Fails without `isDemo` in demo.routes.ts.
test("a shop without a demo, or with tokens of an issuer, has no demo sign-in", async () => {
  const { users } = good(await shop.anyone("GET", "/demo/users"), 200);
  for (const env of [{ DEMO: "off" }, { DEMO: "on", AUTH_JWT_SECRET: "", AUTH_JWKS_URL: "http://127.0.0.1:1/keys" }]) {
    const other = await openTestShop({ beside: shop, env });
    try {
      assert.equal(good(await other.anyone("GET", "/shop"), 200).demo, false);
      refused(await other.anyone("GET", "/demo/users"), 404, "NOT_FOUND");
      refused(await other.anyone("POST", "/demo/sign-in", { userId: users[0].id }), 404, "NOT_FOUND");
    } finally {
      await other.close();
    }
  }
});

test("GET /shop returns the settings that the web pages need", async () => {
  const before = Date.now();
  const facts = good(await shop.anyone("GET", "/shop"), 200);
  assert.ok(Date.parse(facts.now) >= before && Date.parse(facts.now) <= Date.now());
  assert.deepEqual(
    { ...facts, now: "" },
    {
      currency: "KRW",
      timezone: "Asia/Seoul",
      locale: "ko",
      now: "",
      balanceFunding: "open",
      chargeMax: 10_000_000,
      cards: "simulated",
      paymentMethods: ["BALANCE", "CARD"],
      tokens: "own",
      demo: true,
    },
  );
  assert.ok(!JSON.stringify(facts).includes(SECRET));
});
