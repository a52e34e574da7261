// Search, keyboard, focus and scrolling in the storefront.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { openTestShop, type TestShop } from "../support/shop.ts";
import { browserTest, type InPage, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

browserTest("products can be searched by name, sorted, and filtered by availability", async () => {
  await shop.product({ name: "호랑이 등불", price: 3000, stock: 0 });
  await shop.product({ name: "호랑이 부채", price: 2000, stock: 9 });
  const { page, close } = await visit(shop.url, {});
  const names = page.locator(".card .card-name");
  await page.locator(".card", { hasText: "감귤" }).waitFor();
  await page.getByRole("searchbox").fill("호랑이");
  await page.locator(".card", { hasText: "감귤" }).waitFor({ state: "detached" });
  await page.getByRole("combobox").selectOption("price");
  await page.locator(".card").first().getByText("부채").waitFor();
  assert.deepEqual(await names.allInnerTexts(), ["호랑이 부채", "호랑이 등불"]);
  await page.locator(".card", { hasText: "등불" }).getByText("품절").waitFor();
  await page.getByRole("checkbox", { name: "품절 제외" }).check();
  await page.locator(".card", { hasText: "등불" }).waitFor({ state: "detached" });
  await page.getByRole("searchbox").fill("코끼리");
  await page.getByText("찾는 상품이 없습니다").waitFor();
  await close();
});

// Fails without the focus on a page's heading (Title), and if a control cannot be focused.
browserTest("a shopper can order and open the cancel dialog with the keyboard alone", async () => {
  const user = await shop.user({ balance: 50_000 });
  const product = await shop.product({ name: "Key ring", price: 1000, stock: 50 });
  const { page, close } = await visit(shop.url, { as: user, language: "en" });
  await page.getByRole("heading", { level: 1 }).waitFor();
  const focused = () => page.evaluate(() => String((globalThis as InPage).document.activeElement?.innerText ?? "").trim());
  const press = async (key: string, until: (text: string) => boolean): Promise<void> => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press(key);
      if (until(await focused())) return;
    }
    assert.fail("the keyboard cannot reach it");
  };
  await page.locator(":focus").blur();
  await press("Tab", (text) => text === "Skip to content");
  await page.keyboard.press("Enter");
  assert.match(await focused(), /^Jangnal/);
  await press("Tab", (text) => text.includes("Key ring"));
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/store/products/${product.id}`);
  await button(page, "Buy now").waitFor();
  assert.equal(await focused(), "Key ring", "a new page focuses its heading");
  await press("Tab", (text) => text === "Buy now");
  await page.keyboard.press("Enter");
  await button(page, "Pay ₩1,000").waitFor();
  await press("Tab", (text) => text === "Pay ₩1,000");
  await page.keyboard.press("Enter");
  await page.getByText("Your order is complete.").waitFor();
  await press("Tab", (text) => text === "Cancel order");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await focused(), "Cancel order", "the dialog returns the focus");
  await close();
});

// Fails without `pressed` in home.tsx: the next coupon would replace the card and its outcome.
browserTest("a coupon that is claimed on the home page stays there with the outcome", async () => {
  const user = await shop.user();
  const { page, close } = await visit(shop.url, { as: user });
  const hero = page.locator(".hero");
  await hero.getByRole("heading", { name: /첫 장날/ }).waitFor();
  await page.waitForLoadState("networkidle");
  const again = page.waitForResponse((response) => response.url().includes(`/users/${user.id}/coupons`));
  await hero.getByRole("button", { name: "쿠폰 받기" }).click();
  await again;
  await page.waitForLoadState("networkidle");
  await hero.getByText("쿠폰을 받았습니다!").waitFor();
  await close();
});

// Fails without `restoreScroll` (router.ts); the way back also fails without `remember` (resource.ts).
browserTest("a new page starts at its top, and the way back restores the scroll position", async () => {
  const { page, close } = await visit(shop.url, {});
  const card = page.locator(".card").last();
  await card.scrollIntoViewIfNeeded();
  const top = () => page.evaluate(() => (globalThis as InPage).scrollY as number);
  const before = await top();
  assert.ok(before > 200, "the page is too short to scroll");
  await card.click();
  await page.getByRole("button", { name: "바로 구매" }).waitFor();
  await page.waitForFunction(() => (globalThis as unknown as { scrollY: number }).scrollY === 0);
  await page.goBack();
  await page.waitForFunction((y) => Math.abs((globalThis as unknown as { scrollY: number }).scrollY - y) < 2, before);
  await close();
});

// Fails if the parts of the home page appear one after the other (Market in home.tsx).
browserTest("the home page's parts do not move while they load", async () => {
  const { page, close } = await visit("about:blank", { origin: shop.url });
  await page.addInitScript(() => {
    const page = globalThis as InPage;
    page.shifted = 0;
    const add = (list: InPage): void => list.getEntries().forEach((entry: InPage) => (page.shifted += entry.value));
    new page.PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
  });
  await page.route("**/products/popular", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    await route.continue();
  });
  await page.goto(shop.url);
  await page.locator(".popular-card").first().waitFor();
  await page.locator(".grid .card").first().waitFor();
  const shifted = await page.evaluate(() => (globalThis as InPage).shifted as number);
  assert.ok(shifted < 0.05, `${shifted}`);
  await close();
});

// Fails without `useStableOrder` (coupons.tsx), the place of the note (coupons.css), or the claim after signing in (campaign.tsx).
browserTest("a coupon's card does not move when it is claimed, and signing in to claim claims", async () => {
  const { page, close } = await visit(`${shop.url}/store/coupons`, {});
  const card = page.locator(".campaign", { hasText: "첫 장날" });
  await card.getByRole("link", { name: "로그인하고 받기" }).click();
  await page.getByRole("button", { name: "이서연 님으로 로그인" }).click();
  await card.getByText("쿠폰을 받았습니다!").waitFor();
  await card.getByRole("button", { name: "발급 완료" }).waitFor();
  assert.equal(new URL(page.url()).search, "");
  const other = await shop.campaign({ name: "움직이지 않는 쿠폰", totalQuantity: 1, validDays: 3 });
  await page.reload();
  const single = page.locator(`[data-campaign="${other.id}"]`);
  await single.getByText("발급일부터 3일 동안 사용할 수 있습니다.").waitFor();
  const place = () => single.evaluate((element) => (element as unknown as { offsetTop: number; offsetHeight: number }).offsetTop);
  const height = () => single.evaluate((element) => (element as unknown as { offsetHeight: number }).offsetHeight);
  const before = [await place(), await height()];
  await single.getByRole("button", { name: "쿠폰 받기" }).click();
  await single.getByText(/쿠폰을 받았습니다! .*까지 사용할 수 있습니다\./).waitFor();
  await single.getByRole("button", { name: "발급 완료" }).waitFor();
  assert.deepEqual([await place(), await height()], before);
  await close();
});
