// Sign-in to the console at an issuer whose access tokens say nothing to the shop: the claims are in
// the ID token, or at the userinfo endpoint.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { CookieBrowser } from "../support/cookie-browser.ts";
import { OidcIssuer } from "../support/oidc-issuer.ts";
import { openTestShop, type TestShop } from "../support/shop.ts";

const CLIENT = "jangnal-console";
const OPERATOR = { sub: "op-1", role: "operator", name: "김운영", permissions: ["catalog", "customers"] };

let issuer: OidcIssuer;
const shops = {} as Record<"access_token" | "id_token" | "userinfo", TestShop>;
before(async () => {
  issuer = await OidcIssuer.open(CLIENT);
  for (const claims of ["access_token", "id_token", "userinfo"] as const) {
    // Tokens of the shop's own secret go on beside the console's issuer.
    const keys = claims === "userinfo" ? {} : { AUTH_JWT_SECRET: "", AUTH_JWKS_URL: `${issuer.url}/jwks`, AUTH_AUDIENCE: "shop" };
    shops[claims] = await openTestShop({
      env: {
        ...keys,
        AUTH_OIDC_ISSUER: issuer.url,
        AUTH_OIDC_CLIENT_ID: CLIENT,
        AUTH_OIDC_CLAIMS: claims,
        AUTH_OIDC_REDIRECT_URL: "http://127.0.0.1:1/console/callback",
      },
    });
  }
});
after(async () => {
  for (const shop of Object.values(shops)) await shop.close();
  await issuer.close();
});
beforeEach(() => {
  issuer.claims = OPERATOR;
  issuer.opaque = true;
  issuer.expiresIn = 3600;
  issuer.wrongNonce = false;
  issuer.wrongKey = false;
  issuer.refreshesIdToken = true;
  issuer.userinfoSubject = undefined;
});

async function signedIn(shop: TestShop): Promise<{ browser: CookieBrowser; token: string }> {
  const browser = new CookieBrowser(shop);
  assert.equal((await browser.signIn()).headers.get("location"), "/console");
  return { browser, token: (await browser.session()).token };
}
const landsAt = async (shop: TestShop) => (await new CookieBrowser(shop).signIn()).headers.get("location");

test("a shop that expects claims in the access token refuses an opaque one", async () => {
  assert.equal(await landsAt(shops.access_token), "/console#sign-in=failed");
});

for (const source of ["id_token", "userinfo"] as const)
  describe(`with claims by ${source}`, () => {
    test("an operator works with the permissions of the claims, and the journal names the actor", async () => {
      const { browser, token } = await signedIn(shops[source]);
      assert.deepEqual(await browser.session(), { token, name: "김운영 (op-1)", permissions: ["catalog", "customers"] });
      assert.equal(await browser.users(token), 200);
      const authorization = `Bearer ${token}`;
      assert.equal((await browser.send("POST", `${shops[source].url}/admin/users`, { authorization }, { name: "손님" })).status, 201);
      assert.equal((await browser.send("GET", `${shops[source].url}/admin/journal`, { authorization })).status, 403);
      const { rows } = await shops[source].shop.database.pool.query("SELECT j::text FROM journal_entries j ORDER BY seq DESC LIMIT 1");
      assert.match(JSON.stringify(rows), /op-1/);
    });

    test("a caller who is no operator is refused", async () => {
      issuer.claims = { sub: "shopper-1", name: "손님" };
      assert.equal(await landsAt(shops[source]), "/console#sign-in=forbidden");
    });

    test("neither the opaque token nor the ID token opens the API without the session", async () => {
      await signedIn(shops[source]);
      const tokens = issuer.issued.slice(-4).filter((one) => /^(opaque-|eyJ)/.test(one));
      assert.equal(tokens.length, 2);
      for (const token of tokens)
        assert.equal((await fetch(`${shops[source].url}/admin/jobs`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
    });

    test("a renewed session has the rights that the issuer gives now, and a former operator none", async () => {
      issuer.expiresIn = 20;
      const { browser, token } = await signedIn(shops[source]);
      issuer.claims = { ...OPERATOR, permissions: ["catalog"] };
      assert.equal(await browser.users(token), 403);
      issuer.claims = { ...OPERATOR, role: "shopper" };
      assert.equal(await browser.users(token), 403);
      assert.deepEqual(await (await browser.send("GET", `${shops[source].url}/console/session`)).json(), { available: true, session: null });
    });

    test("the database alone reveals neither tokens nor claims", async () => {
      await signedIn(shops[source]);
      const { rows } = await shops[source].shop.database.pool.query("SELECT * FROM console_sessions");
      assert.ok(rows.length > 0 && !JSON.stringify(rows).includes("op-1") && !JSON.stringify(rows).includes("opaque-"));
    });
  });

test("an ID token of another sign-in or of a key that the issuer does not publish is refused", async () => {
  issuer.wrongNonce = true;
  assert.equal(await landsAt(shops.id_token), "/console#sign-in=failed");
  issuer.wrongNonce = false;
  issuer.wrongKey = true;
  assert.equal(await landsAt(shops.id_token), "/console#sign-in=failed");
});

test("claims of another person at the userinfo endpoint are refused", async () => {
  issuer.userinfoSubject = "op-2";
  assert.equal(await landsAt(shops.userinfo), "/console#sign-in=failed");
});

test("a session by ID tokens ends if a renewal brings none, or another person's", async () => {
  for (const change of [{ refreshesIdToken: false }, { claims: { ...OPERATOR, sub: "op-2" } }]) {
    issuer.expiresIn = 1;
    const { browser, token } = await signedIn(shops.id_token);
    Object.assign(issuer, change);
    while ((await browser.users(token)) === 200) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await browser.users(token), 401);
    Object.assign(issuer, { refreshesIdToken: true, claims: OPERATOR });
  }
});
