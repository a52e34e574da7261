// The console's sign-in button with an OpenID Connect issuer of another site: there, back, and out again.

import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { OidcIssuer } from "../support/oidc-issuer.ts";
import { freePort } from "../support/services.ts";
import { openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, PHONE, useBrowser, visit, type VisitOptions, type Visitor } from "./browser.ts";

const CLIENT = "jangnal-console";
const BUTTON = "계정으로 로그인";

useBrowser();
let issuer: OidcIssuer;
let shop: TestShop;
before(async () => {
  // Another site than the shop's 127.0.0.1, so that `SameSite` has its effect.
  issuer = await OidcIssuer.open(CLIENT, "localhost");
  const port = await freePort();
  shop = await openTestShop({
    env: {
      PORT: String(port),
      AUTH_JWT_SECRET: "",
      AUTH_JWKS_URL: `${issuer.url}/jwks`,
      AUTH_ISSUER: issuer.url,
      AUTH_OIDC_CLIENT_ID: CLIENT,
      AUTH_OIDC_REDIRECT_URL: `http://127.0.0.1:${port}/console/callback`,
    },
  });
});
after(async () => {
  await shop.close();
  await issuer.close();
});
beforeEach(() => {
  issuer.claims = { sub: "op-1", role: "operator", name: "김운영", permissions: ["catalog"] };
});

const atConsole = (options: VisitOptions = {}): Promise<Visitor> => visit(`${shop.url}/console`, { others: [issuer.url], ...options });

browserTest("an operator signs in by the button, sees what the rights allow, and signs out here and at the issuer", async () => {
  const { page, close } = await atConsole({ size: DESKTOP });
  await page.getByRole("link", { name: BUTTON }).click();
  await page.getByRole("button", { name: "로그아웃" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/console");
  assert.ok(await page.getByText("김운영 (op-1)").isVisible());
  const menu = page.getByRole("navigation");
  await menu.getByRole("link", { name: "카탈로그" }).waitFor();
  for (const hidden of ["주문", "운영 기록", "잔액"]) assert.equal(await menu.getByRole("link", { name: hidden, exact: true }).count(), 0, hidden);
  await assertAccessible(page);

  // Scripts of the page have no secret: neither a token of the issuer nor the session's cookie.
  const readable = await page.evaluate<string>("JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href])");
  const cookie = (await page.context().cookies(shop.url)).find(({ name }) => name === "jangnal-console");
  assert.ok(cookie?.httpOnly && cookie.sameSite === "Strict" && !readable.includes(cookie.value));
  for (const secret of issuer.issued) assert.ok(!readable.includes(secret));
  await page.reload();
  await page.getByText("김운영 (op-1)").waitFor();

  await page.getByRole("button", { name: "로그아웃" }).click();
  await page.waitForURL(`${issuer.url}/logout**`);
  await page.goto(`${shop.url}/console`);
  await page.getByRole("link", { name: BUTTON }).waitFor();
  assert.deepEqual(await page.context().cookies(shop.url), []);
  await close();
});

browserTest("on a phone an account without an operator's role reads why, and the next account gets in", async () => {
  issuer.claims = { sub: "shopper-1", role: "shopper", name: "손님" };
  const { page, close } = await atConsole({ size: PHONE });
  const button = page.getByRole("link", { name: BUTTON });
  const { width = 0, height = 0 } = (await button.boundingBox()) ?? {};
  assert.ok(width >= 44 && height >= 44, `${width} × ${height}`);
  await button.click();
  await page.getByText("이 계정에는 운영자 권한이 없습니다").waitFor();
  assert.doesNotMatch(page.url(), /sign-in|code|state/, "the address tells no more about the sign-in");
  assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
  await assertAccessible(page);
  if (process.env["PICTURES"]) await page.screenshot({ path: `${process.env["PICTURES"]}/refused.png` });

  issuer.claims = { sub: "op-2", role: "operator", name: "박운영" };
  await button.click();
  await page.locator(".menu-button").click();
  await page.getByText("박운영 (op-2)").waitFor();
  assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
  if (process.env["PICTURES"]) await page.screenshot({ path: `${process.env["PICTURES"]}/menu.png` });
  await close();
});
