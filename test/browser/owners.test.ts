// An action that one user started never continues as another user, even if tabs of one browser change the session.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { mintToken } from "../../src/http/tokens.ts";
import { type Client, good, openTestShop, SECRET, type TestShop } from "../support/shop.ts";
import { DESKTOP, browserTest, useBrowser, visit } from "./browser.ts";
import { checkAgain, ordersOf } from "./checkout.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const sessionOf = ({ token, id }: Client, name: string): string => JSON.stringify({ token, userId: id, name });

/** Collects the page's requests that change data, with their tokens. */
function watchSent(page: Page): { path: string; token: string | undefined }[] {
  const sent: { path: string; token: string | undefined }[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET") return;
    sent.push({ path: new URL(request.url()).pathname, token: request.headers()["authorization"]?.slice("Bearer ".length) });
  });
  return sent;
}

/** Another tab of the same browser. Returns a function that signs a user in there. */
async function otherTab(page: Page) {
  const tab = await page.context().newPage();
  await tab.goto(shop.url);
  return async (key: string, session: string): Promise<void> =>
    tab.evaluate(([key, session]) => localStorage.setItem(key as string, session as string), [key, session]);
}

// Fails without `allowed` in shared/attempt.ts and the key of the pages in storefront/app.tsx.
browserTest("an unanswered order is not sent with the token of a user who signs in through another tab", async () => {
  const [first, second] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
  const product = await shop.product({ name: "등잔", price: 3000, stock: 5 });
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, {
    as: first,
    size: DESKTOP,
  });
  const sent = watchSent(page);
  const signIn = await otherTab(page);
  const pay = page.getByRole("button", { name: "3,000원 결제하기" });
  await pay.waitFor();
  await page.context().setOffline(true);
  await pay.click();
  await checkAgain(page).waitFor({ timeout: 120_000 });
  await signIn("jangnal.session", sessionOf(second, "둘째"));
  await page.locator(".who-name", { hasText: "둘째" }).waitFor();
  sent.length = 0;
  await page.context().setOffline(false);
  // The second user's checkout does not know the first user's order.
  await pay.waitFor();
  assert.equal(await checkAgain(page).count(), 0);
  assert.deepEqual(sent, []);
  assert.deepEqual([await ordersOf(first), await ordersOf(second)], [[], []]);

  await signIn("jangnal.session", sessionOf(first, "첫째"));
  await page.locator(".who-name", { hasText: "첫째" }).waitFor();
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.deepEqual([(await ordersOf(first)).length, (await ordersOf(second)).length], [1, 0]);
  assert.ok(sent.every(({ token }) => token === first.token));
  await close();
});

// Fails without a page per user: the second user's button would repeat the first user's top-up.
browserTest("an unanswered top-up belongs to the user who pressed the button", async () => {
  const [first, second] = (await shop.users(2)) as [Client, Client];
  const { page, close } = await visit(`${shop.url}/#/balance`, { as: first, size: DESKTOP });
  const signIn = await otherTab(page);
  await page.route("**/balance/charge", (route) => route.abort("connectionreset"));
  await page.getByLabel("충전할 금액").fill("7000");
  await page.getByRole("button", { name: "7,000원 충전하기" }).click();
  await checkAgain(page).waitFor({ timeout: 120_000 });
  await page.unroute("**/balance/charge");
  await signIn("jangnal.session", sessionOf(second, "둘째"));
  await page.getByRole("button", { name: "50,000원 충전하기" }).click();
  await page.getByText("50,000원을 충전했습니다.").waitFor();
  assert.deepEqual([await shop.balanceOf(first), await shop.balanceOf(second)], [0, 50_000]);
  await signIn("jangnal.session", sessionOf(first, "첫째"));
  await checkAgain(page).click();
  await page.getByText("7,000원을 충전했습니다.").waitFor();
  assert.deepEqual([await shop.balanceOf(first), await shop.balanceOf(second)], [7000, 50_000]);
  await close();
});

// Fails without the key of the pages in storefront/app.tsx: `latest` in orders.tsx holds the first user's list.
browserTest("a user never sees the previous user's data, even before their own data is loaded", async () => {
  const [first, second] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
  const product = await shop.product({ name: "비밀 선물", price: 3000, stock: 5 });
  good(await first.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  good(await first.post(`/users/${first.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
  const { page, close } = await visit(`${shop.url}/#/orders`, { as: first, size: DESKTOP });
  const signIn = await otherTab(page);
  await page.getByText("비밀 선물").waitFor();
  await page.locator(".badge").first().waitFor({ state: "attached" });
  await page.route(`**/users/${second.id}/**`, () => {});
  await signIn("jangnal.session", sessionOf(second, "둘째"));
  await page.locator(".who-name", { hasText: "둘째" }).waitFor();
  await page.getByText("비밀 선물").waitFor({ state: "detached" });
  assert.equal(await page.locator(".badge").count(), 0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await close();
});

// Fails without `refresh` in shared/session.ts: a frozen page gets no storage event.
browserTest("a page that missed a sign-in sends nothing as the previous user", async () => {
  const [first, second] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
  const product = await shop.product({ name: "등잔", price: 3000, stock: 5 });
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: first, size: DESKTOP });
  const sent = watchSent(page);
  const add = page.getByRole("button", { name: "장바구니 담기" });
  await add.waitFor();
  // A page gets no event for its own change of the storage.
  await page.evaluate(([session]) => localStorage.setItem("jangnal.session", session as string), [sessionOf(second, "둘째")]);
  await add.evaluate((button: { click(): void }) => button.click());
  await page.locator(".who-name", { hasText: "둘째" }).waitFor();
  assert.deepEqual(sent, []);
  await add.click();
  await page.getByText("장바구니에 담았습니다.").waitFor();
  assert.deepEqual(
    sent.map(({ token }) => token),
    [second.token],
  );
  await close();
});

// Fails if `endOf` (shared/session.ts) ends a newer session as well.
browserTest("a refused token ends its own session and not a newer one", async () => {
  const [first, second] = (await shop.users(2)) as [Client, Client];
  const { page, close } = await visit(`${shop.url}/#/orders`, { as: first, size: DESKTOP });
  await page.getByRole("button", { name: "로그아웃" }).waitFor();
  await page.waitForLoadState("networkidle");
  await page.route(`**/users/${first.id}/**`, async (route) => {
    await page.evaluate(([session]) => localStorage.setItem("jangnal.session", session as string), [sessionOf(second, "둘째")]);
    await route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ status: 401, code: "UNAUTHENTICATED" }) });
  });
  await page.getByRole("navigation").getByRole("link", { name: "장바구니" }).click();
  await page.locator(".who-name", { hasText: "둘째" }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("jangnal.session")), sessionOf(second, "둘째"));
  await close();
});

// Fails if the console uses the current token for each request, and without a page per operator.
browserTest("an operator's stock adjustments all use that operator's token, and the next operator finds empty forms", async () => {
  const product = await shop.product({ variants: ["S", "M"].map((size) => ({ options: { Size: size }, price: 1000, stock: 5 })) });
  const next = { token: mintToken(SECRET, { id: "another-operator", role: "operator" }, 1), name: "another-operator" };
  const { page, close } = await visit(`${shop.url}/console#/products/${product.id}`, { operator: shop.operator, language: "en", size: DESKTOP });
  const sent = watchSent(page);
  const signIn = await otherTab(page);
  const name = page.getByRole("textbox", { name: "Name", exact: true });
  await name.fill("Half typed");
  await page.getByLabel("Units to add or remove: S").fill("10");
  await page.getByLabel("Units to add or remove: M").fill("20");
  await page.getByRole("textbox", { name: "Reason", exact: true }).fill("counted");
  await page.getByRole("button", { name: "Adjust stock" }).click();
  await page.route("**/variants/*/stock", async (route) => {
    if (route.request().method() === "POST" && sent.length === 1) {
      await signIn("jangnal.console", JSON.stringify(next));
      await page.getByText("another-operator").waitFor();
    }
    await route.continue();
  });
  const second = page.waitForResponse((response) => response.request().method() === "POST" && sent.length === 2);
  await page.getByRole("dialog").getByRole("button", { name: "Adjust" }).click();
  await second;
  assert.deepEqual(
    sent.map(({ token }) => token),
    [shop.operator.token, shop.operator.token],
  );
  assert.equal(await shop.stockOf(product), 40);
  assert.equal(await name.inputValue(), "사과");
  await close();
});
