// Operators sign in to the console at an OpenID Connect issuer. The browser is a jar of cookies here;
// test/browser has a real one.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { CookieBrowser } from "../support/cookie-browser.ts";
import { OidcIssuer } from "../support/oidc-issuer.ts";
import { openTestShop, type TestShop } from "../support/shop.ts";

const CLIENT = "jangnal-console";

let issuer: OidcIssuer;
let shop: TestShop;
let second: TestShop;
let withoutIssuer: TestShop;
before(async () => {
  issuer = await OidcIssuer.open(CLIENT);
  const env = {
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: `${issuer.url}/jwks`,
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: "shop",
    AUTH_OIDC_CLIENT_ID: CLIENT,
    AUTH_OIDC_REDIRECT_URL: "http://127.0.0.1:1/console/callback",
  };
  shop = await openTestShop({ env });
  second = await openTestShop({ beside: shop, env });
  withoutIssuer = await openTestShop();
});
after(async () => {
  await second.close();
  await shop.close();
  await withoutIssuer.close();
  await issuer.close();
});
beforeEach(() => {
  issuer.claims = { sub: "op-1", role: "operator", name: "김운영" };
  issuer.expiresIn = 3600;
  issuer.wrongNonce = false;
});

async function signedIn(): Promise<{ browser: CookieBrowser; token: string }> {
  const browser = new CookieBrowser(shop);
  assert.equal((await browser.signIn()).headers.get("location"), "/console");
  return { browser, token: (await browser.session()).token };
}

describe("a sign-in to the console", () => {
  test("gives a session with which an operator works", async () => {
    const { browser, token } = await signedIn();
    assert.deepEqual(await browser.session(), { token, name: "김운영 (op-1)", permissions: null });
    assert.equal(await browser.users(token), 200);
    const created = await browser.send("POST", `${shop.url}/admin/users`, { authorization: `Bearer ${token}` }, { name: "손님" });
    assert.equal(created.status, 201);
    const journal = await browser.send("GET", `${shop.url}/admin/journal?actor=op-1`, { authorization: `Bearer ${token}` });
    assert.equal(((await journal.json()) as { entries: unknown[] }).entries.length, 1);
  });

  test("asks the issuer with PKCE, state and nonce, different each time", async () => {
    await new CookieBrowser(shop).signIn();
    await new CookieBrowser(shop).signIn();
    const [one, two] = issuer.visits.slice(-2) as [URLSearchParams, URLSearchParams];
    assert.deepEqual(
      ["response_type", "code_challenge_method", "client_id", "scope", "audience"].map((name) => one.get(name)),
      ["code", "S256", CLIENT, "openid profile", "shop"],
    );
    for (const name of ["state", "nonce", "code_challenge"]) {
      assert.ok((one.get(name) ?? "").length >= 32, name);
      assert.notEqual(one.get(name), two.get(name));
    }
  });

  test("begins at one instance and ends at another, and each serves the session", async () => {
    const browser = new CookieBrowser(shop);
    assert.equal((await browser.signIn(shop, second)).headers.get("location"), "/console");
    const { token } = await browser.session(shop);
    assert.deepEqual([await browser.users(token, shop), await browser.users(token, second)], [200, 200]);
  });

  test("keeps its cookies from scripts and other sites", async () => {
    const { browser } = await signedIn();
    assert.ok(browser.received.length >= 3);
    for (const line of browser.received) assert.match(line, /; Path=\/; HttpOnly; SameSite=(Strict|Lax)$/);
    assert.match(browser.received.find((line) => line.startsWith("jangnal-console=")) ?? "", /SameSite=Strict/);
  });

  test("of a caller who is no operator is refused", async () => {
    issuer.claims = { sub: "shopper-1", role: "shopper" };
    const browser = new CookieBrowser(shop);
    assert.equal((await browser.signIn()).headers.get("location"), "/console#sign-in=forbidden");
    assert.equal(browser.cookies.size, 0);
  });

  test("with another browser's state, another nonce, or a code a second time is refused", async () => {
    const [browser, other] = [new CookieBrowser(shop), new CookieBrowser(shop)];
    await other.send("GET", `${shop.url}/console/sign-in`);
    const toIssuer = (await browser.send("GET", `${shop.url}/console/sign-in`)).headers.get("location") ?? "";
    const back = new URL((await fetch(toIssuer, { redirect: "manual" })).headers.get("location") ?? "").search;
    const callback = (of: CookieBrowser) => of.send("GET", `${shop.url}/console/callback${back}`).then((answer) => answer.headers.get("location"));
    assert.equal(await callback(other), "/console#sign-in=failed");
    assert.equal(await callback(new CookieBrowser(shop)), "/console#sign-in=failed");
    const cookies = new Map(browser.cookies);
    assert.equal(await callback(browser), "/console");
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    assert.equal(await callback(browser), "/console#sign-in=failed");
    issuer.wrongNonce = true;
    assert.equal((await new CookieBrowser(shop).signIn()).headers.get("location"), "/console#sign-in=failed");
  });

  test("is not offered where no client is configured", async () => {
    assert.deepEqual(await (await fetch(`${withoutIssuer.url}/console/session`)).json(), { available: false, session: null });
    for (const path of ["/console/sign-in", "/console/callback?code=x&state=y"]) {
      const answer = await fetch(`${withoutIssuer.url}${path}`, { redirect: "manual" });
      assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [404, "NOT_FOUND"]);
    }
  });

  test("while the issuer is away says so, and works when it is back", async () => {
    const away = await OidcIssuer.open(CLIENT);
    const { url } = away;
    await away.close();
    const env = { AUTH_JWT_SECRET: "", AUTH_JWKS_URL: `${url}/jwks`, AUTH_ISSUER: url, AUTH_OIDC_CLIENT_ID: CLIENT };
    const lonely = await openTestShop({ beside: shop, env: { ...env, AUTH_OIDC_REDIRECT_URL: "http://127.0.0.1:1/console/callback" } });
    assert.equal(
      (await new CookieBrowser(shop).send("GET", `${lonely.url}/console/sign-in`)).headers.get("location"),
      "/console#sign-in=unavailable",
    );
    await lonely.close();
  });
});

describe("a session of the console", () => {
  test("needs its cookie and its name, so that no other site's page can use it", async () => {
    const { browser, token } = await signedIn();
    const { token: another } = await signedIn();
    assert.equal(await new CookieBrowser(shop).users(token), 401);
    assert.equal(await browser.users(another), 401);
    assert.equal(await browser.users("session."), 401);
    assert.equal((await browser.send("POST", `${shop.url}/admin/users`, {}, { name: "손님" })).status, 401);
    assert.equal((await browser.send("DELETE", `${shop.url}/console/session`)).status, 401);
    assert.equal(await browser.users(token), 200);
  });

  test("ends at every instance when its operator signs out, also if the cookie was copied", async () => {
    const { browser, token } = await signedIn();
    const cookies = new Map(browser.cookies);
    const answer = await browser.send("DELETE", `${second.url}/console/session`, { authorization: `Bearer ${token}` });
    assert.deepEqual(await answer.json(), { endSessionUrl: `${issuer.url}/logout?client_id=${CLIENT}` });
    assert.equal(browser.cookies.size, 0);
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    assert.equal(await browser.users(token), 401);
    assert.deepEqual(await (await browser.send("GET", `${shop.url}/console/session`)).json(), { available: true, session: null });
  });

  test("gets a new access token before the old one expires, once for many requests at two instances", async () => {
    issuer.expiresIn = 5;
    const browser = new CookieBrowser(shop);
    await browser.signIn();
    issuer.expiresIn = 3600;
    const before = issuer.refreshes;
    const sessions = await Promise.all(Array.from({ length: 20 }, (_, i) => browser.session(i % 2 ? second : shop)));
    const token = sessions[0]?.token ?? "";
    assert.equal(await browser.users(token), 200);
    assert.equal(issuer.refreshes - before, 1);
  });

  test("ends with its tokens if the issuer gives no more", async () => {
    issuer.expiresIn = 1;
    const { browser, token } = await signedIn();
    issuer.revoke();
    // One request claims the replacement and keeps the old token for its last second.
    while ((await browser.users(token)) === 200) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await browser.users(token), 401);
  });

  test("is stored so that the database alone reveals no token", async () => {
    await signedIn();
    const { rows } = await shop.shop.database.pool.query("SELECT * FROM console_sessions");
    const text = JSON.stringify(rows);
    assert.ok(rows.length > 0);
    // A part of a signed token, its claims or its signature, reveals as much as the whole.
    for (const secret of issuer.issued.flatMap((one) => [one, ...one.split(".")])) {
      assert.ok(secret.length > 16 && !text.includes(secret), secret);
    }
  });

  test("with permissions can do the operations of these, and no others", async () => {
    issuer.claims = { sub: "op-2", role: "operator", permissions: ["catalog"] };
    const { browser, token } = await signedIn();
    assert.deepEqual((await browser.session()).permissions, ["catalog"]);
    assert.equal(await browser.users(token), 403);
  });
});
