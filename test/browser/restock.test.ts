// A visitor asks to be told when a sold-out product or drop can be bought again, and an open page of the shop tells it.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, useBrowser, visit } from "./browser.ts";
import { keepNotifications, setVisibility } from "./background.ts";
import { assertNothingCovered, assertSeen } from "./seen.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

type Stocked = { variants: { id: string }[] };

const restock = async ({ variants: [variant] }: Stocked): Promise<unknown> =>
  good(await shop.operator.post(`/admin/variants/${variant?.id}/stock`, { delta: 3, reason: "2차 입고" }), 200);

// Fails without the stored list (watched.ts), or if the list is watched on the product's page only.
browserTest("a visitor who waits for a sold-out product is told on any page of the shop, also after a reload", async () => {
  const product = await shop.product({ name: "청자 찻잔", price: 28_000, stock: 0 });
  const { page, close } = await visit(`${shop.url}/store/products/${product.id}`);
  await assertSeen(page.getByText("이 상점을 열어 두시면", { exact: false }));
  await assertSeen(page.getByRole("button", { name: "재입고 알림 받기" }));
  await page.getByRole("button", { name: "재입고 알림 받기" }).click();
  await assertSeen(page.getByText("상점을 열어 둔 동안에만 알림이 옵니다", { exact: false }));
  await assertNothingCovered(page);
  await assertAccessible(page);
  await page.reload();
  await page.getByRole("button", { name: "알림 신청 완료", pressed: true }).waitFor();
  await page.goto(`${shop.url}/store/coupons`);
  await page.getByRole("heading", { level: 1, name: "쿠폰" }).waitFor();
  await restock(product);
  const message = page.locator(".toast", { hasText: "청자 찻잔: 다시 구매할 수 있습니다." });
  await assertSeen(message);
  await message.getByRole("link", { name: "보기" }).click();
  await page.getByRole("button", { name: "바로 구매" }).and(page.locator(":enabled")).waitFor();
  assert.equal(await page.evaluate("localStorage.getItem('jangnal.restock')"), "[]");
  await close();
});

// Fails without `titleMark`, the notification, or the message at the return (restock.tsx).
browserTest("a tab in the background tells a restock by its title and a notification, and in the page when the visitor returns", async () => {
  const product = await shop.product({ name: "청자 접시", price: 28_000, stock: 0 });
  const { page, close } = await visit("about:blank", { origin: shop.url, language: "en", theme: "dark", size: DESKTOP });
  await keepNotifications(page);
  await page.goto(`${shop.url}/store/products/${product.id}`);
  await page.getByRole("button", { name: "Tell me when it is back" }).click();
  await page.getByRole("button", { name: "We will tell you", pressed: true }).waitFor();
  await assertAccessible(page);
  await setVisibility(page, "hidden");
  await restock(product);
  await eventually(page, "document.title.startsWith('Back in stock · ')");
  assert.deepEqual(await page.evaluate("shownNotifications"), ["청자 접시 is available again."]);
  assert.equal(await page.locator(".toast").count(), 0);
  await setVisibility(page, "visible");
  await page.locator(".toast", { hasText: "청자 접시 is available again." }).waitFor();
  await eventually(page, "!document.title.includes('Back in stock')");
  await close();
});

// Fails if the watch does not know drops, or cannot be turned off.
browserTest("a sold-out drop offers the reminder, which can be turned off, and a closed drop is forgotten", async () => {
  const product = await shop.product({ name: "연꽃 잔", price: 9000, stock: 1 });
  const terms = { name: "연꽃 드롭", productId: product.id, mode: "DIRECT", opensAt: new Date(Date.now() - 1000).toISOString() };
  const { id } = good(await shop.operator.post("/admin/drops", terms), 201);
  const buyer = await shop.user({ balance: 20_000 });
  const { orderId } = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  const { page, close } = await visit(`${shop.url}/store/drops/${id}`);
  const ask = page.getByRole("button", { name: "재입고 알림 받기" });
  await assertSeen(ask);
  await ask.click();
  await page.getByRole("button", { name: "알림 신청 완료" }).click();
  await ask.click();
  await page.goto(shop.url);
  good(await buyer.post(`/orders/${orderId}/cancel`, {}), 200);
  await page.locator(".toast", { hasText: "연꽃 드롭: 다시 구매할 수 있습니다." }).waitFor();

  good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  await page.goto(`${shop.url}/store/drops/${id}`);
  await ask.click();
  good(await shop.operator.post(`/admin/drops/${id}/close`, {}), 200);
  await eventually(page, "localStorage.getItem('jangnal.restock') === '[]'");
  await close();
});
