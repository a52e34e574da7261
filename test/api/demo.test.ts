// Signing in as a demo user works only in a demo, only as these users, and never as an operator.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SECRET, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

test("a demo user gets a token for the own data only", async () => {
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

// The demo users are inserted in reverse, because the newest one had an empty balance.
test("the first user of the list can buy the first product of the list, as the README does", async () => {
  const [user] = good(await shop.operator.get("/admin/users"), 200).users;
  const [product] = good(await shop.anyone("GET", "/products"), 200).products;
  good(await shop.client(user.id).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
});

// demo.routes.ts compares the user with its list of external ids.
test("no other user can be signed in as a demo user", async () => {
  const user = await shop.user();
  refused(await shop.anyone("POST", "/demo/sign-in", { userId: user.id }), 404, "USER_NOT_FOUND");
  assert.ok(!JSON.stringify(good(await shop.anyone("GET", "/demo/users"), 200)).includes(user.id));
});

// `isDemo` in demo.routes.ts decides.
test("a shop that is no demo, or has an external token issuer, has no demo routes", async () => {
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

const BUSINESS = ["name", "owner", "registrationNumber", "mailOrderNumber", "address", "phone", "email", "termsUrl", "privacyUrl"];

test("a shop reports the public settings that its pages need", async () => {
  const before = Date.now();
  const settings = good(await shop.anyone("GET", "/shop"), 200);
  assert.ok(Date.parse(settings.now) >= before && Date.parse(settings.now) <= Date.now());
  assert.deepEqual(
    { ...settings, now: "" },
    {
      currency: "KRW",
      timezone: "Asia/Seoul",
      locale: "ko",
      now: "",
      balanceFunding: "open",
      chargeMax: 10_000_000,
      cards: "simulated",
      paymentMethods: ["BALANCE", "CARD"],
      paymentWindow: null,
      tokens: "own",
      returnWithinDays: 7,
      business: Object.fromEntries(BUSINESS.map((name) => [name, null])),
      demo: true,
    },
  );
  assert.ok(!JSON.stringify(settings).includes(SECRET));
});
