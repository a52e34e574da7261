// What one user began is not finished as another, whatever the tabs of one browser do.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { mintToken } from "../../src/http/tokens.ts";
import { type Client, good, openTestShop, SECRET, type TestShop } from "../support/shop.ts";
import { DESKTOP, browserTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const findOut = (page: Page) => page.getByRole("button", { name: /^다시 확인하기/ });
const ordersOf = async (user: Client): Promise<unknown[]> => good(await user.get(`/users/${user.id}/orders`), 200).orders;
const sessionOf = ({ token, id }: Client, name: string): string => JSON.stringify({ token, userId: id, name });

/** What the page sends that changes something, and with which token. */
function watchSent(page: Page): { path: string; token: string | undefined }[] {
  const sent: { path: string; token: string | undefined }[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET") return;
    sent.push({ path: new URL(request.url()).pathname, token: request.headers()["authorization"]?.slice("Bearer ".length) });
  });
  return sent;
}

/** Another tab of the same browser, which signs users in. */
async function otherTab(page: Page) {
  const tab = await page.context().newPage();
  await tab.goto(shop.url);
  return async (key: string, session: string): Promise<void> =>
    tab.evaluate(([key, session]) => localStorage.setItem(key as string, session as string), [key, session]);
}

// Goes red without `allowed` in shared/attempt.ts and the key of the pages in storefront/app.tsx.
browserTest("an order that went unanswered is not sent with the token of the user who signs in through another tab", async () => {
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
  await findOut(page).waitFor({ timeout: 40_000 });
  await signIn("jangnal.session", sessionOf(second, "둘째"));
  await page.locator(".who-name", { hasText: "둘째" }).waitFor();
  sent.length = 0;
  await page.context().setOffline(false);
  // The second user's own checkout, which knows nothing of the first one's order.
  await pay.waitFor();
  assert.equal(await findOut(page).count(), 0);
  assert.deepEqual(sent, []);
  assert.deepEqual([await ordersOf(first), await ordersOf(second)], [[], []]);

  await signIn("jangnal.session", sessionOf(first, "첫째"));
  await page.locator(".who-name", { hasText: "첫째" }).waitFor();
  await findOut(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.deepEqual([(await ordersOf(first)).length, (await ordersOf(second)).length], [1, 0]);
  assert.ok(sent.every(({ token }) => token === first.token));
  await close();
});

// Goes red where the page is not told apart by its user: the second user's button would repeat the first one's charge.
browserTest("a charge that went unanswered belongs to the user who pressed it", async () => {
  const [first, second] = (await shop.users(2)) as [Client, Client];
  const { page, close } = await visit(`${shop.url}/#/balance`, { as: first, size: DESKTOP });
  const signIn = await otherTab(page);
  await page.route("**/balance/charge", (route) => route.abort("connectionreset"));
  await page.getByLabel("충전할 금액").fill("7000");
  await page.getByRole("button", { name: "7,000원 충전하기" }).click();
  await findOut(page).waitFor({ timeout: 40_000 });
  await page.unroute("**/balance/charge");
  await signIn("jangnal.session", sessionOf(second, "둘째"));
  await page.getByRole("button", { name: "50,000원 충전하기" }).click();
  await page.getByText("50,000원을 충전했습니다.").waitFor();
  assert.deepEqual([await shop.balanceOf(first), await shop.balanceOf(second)], [0, 50_000]);
  await signIn("jangnal.session", sessionOf(first, "첫째"));
  await findOut(page).click();
  await page.getByText("7,000원을 충전했습니다.").waitFor();
  assert.deepEqual([await shop.balanceOf(first), await shop.balanceOf(second)], [7000, 50_000]);
  await close();
});

// Goes red without the key of the pages in storefront/app.tsx: `kept` in orders.tsx holds the first user's list.
browserTest("what one user was shown is not on the page of the next, even before that user's own is read", async () => {
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

// Goes red without `refresh` in shared/session.ts: a page that was frozen hears of no sign-in.
browserTest("a page that was not told of a sign-in sends nothing as the user who left", async () => {
  const [first, second] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
  const product = await shop.product({ name: "등잔", price: 3000, stock: 5 });
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: first, size: DESKTOP });
  const sent = watchSent(page);
  const add = page.getByRole("button", { name: "장바구니 담기" });
  await add.waitFor();
  // A change by the page itself raises no event in it.
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

// Goes red where `endOf` (shared/session.ts) ends whatever session is kept.
browserTest("a refused token ends its own session, not the one that was begun since", async () => {
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

// Goes red where the console calls the shop with the token of the moment, and where pages are not told apart by their operator.
browserTest("an operator's stock changes are finished with that operator's token, and nothing typed is left for the next", async () => {
  const product = await shop.product({ variants: ["S", "M"].map((size) => ({ options: { Size: size }, price: 1000, stock: 5 })) });
  const next = { token: mintToken(SECRET, { id: "another-operator", role: "operator" }, 1), name: "another-operator" };
  const { page, close } = await visit(`${shop.url}/console#/products/${product.id}`, { operator: shop.operator, language: "en", size: DESKTOP });
  const sent = watchSent(page);
  const signIn = await otherTab(page);
  const name = page.getByRole("textbox", { name: "Name", exact: true });
  await name.fill("Half typed");
  await page.getByLabel("Pieces to add or take away: S").fill("10");
  await page.getByLabel("Pieces to add or take away: M").fill("20");
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
