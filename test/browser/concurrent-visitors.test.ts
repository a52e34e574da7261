// Several visitors at once: one browser shows the effects of another.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

browserTest("two browsers race for the last coupon: one claims it, and the other reads that it is sold out", async () => {
  const campaign = await shop.campaign({ name: "마지막 한 장", totalQuantity: 1 });
  const users = await shop.users(2);
  const visitors = await Promise.all(users.map((as) => visit(`${shop.url}/#/coupons`, { as })));
  const cards = visitors.map(({ page }) => page.locator(`[data-campaign="${campaign.id}"]`));
  await Promise.all(cards.map((card) => card.getByRole("button", { name: "쿠폰 받기" }).waitFor()));
  // The shop gets neither request before both browsers have sent theirs.
  const sent = Promise.all(visitors.map(({ page }) => page.waitForRequest("**/issue")));
  for (const { page } of visitors) await page.route("**/issue", (route) => sent.then(() => route.continue()));
  await Promise.all(cards.map((card) => card.getByRole("button", { name: "쿠폰 받기" }).click()));
  const outcome = /^쿠폰을 받았습니다!|^아쉽지만 쿠폰이 모두 소진되었습니다\.$/;
  const messages = await Promise.all(cards.map((card) => card.getByText(outcome).innerText()));
  const winner = messages.findIndex((words) => words.startsWith("쿠폰을"));
  assert.equal(messages[1 - winner], "아쉽지만 쿠폰이 모두 소진되었습니다.");
  const held = await Promise.all(users.map(async (user) => good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons.length));
  assert.deepEqual([held[winner], held[1 - winner]], [1, 0]);
  await cards[winner]?.getByRole("button", { name: "발급 완료" }).waitFor();
  await cards[1 - winner]?.getByRole("button", { name: "모두 소진" }).waitFor();
  for (const { page } of visitors) await assertAccessible(page);
  for (const { close } of visitors) await close();
});

browserTest("a page tells the visitor that another window has already claimed the coupon", async () => {
  const campaign = await shop.campaign({ name: "두 창", totalQuantity: 5 });
  const user = await shop.user();
  const { page, close } = await visit(`${shop.url}/#/coupons`, { as: user, language: "en" });
  const card = page.locator(`[data-campaign="${campaign.id}"]`);
  await card.getByRole("button", { name: "Claim coupon" }).waitFor();
  good(await user.post(`/coupons/${campaign.id}/issue`), 201);
  await card.getByRole("button", { name: "Claim coupon" }).click();
  await card.getByText("You already have this coupon.").waitFor();
  await close();
});

// Fails without `setClock` (shared/clock.ts): by the visitor's clock the campaign opened a day ago.
browserTest("the countdown runs by the shop's clock and enables the button at its end without a reload", async () => {
  const user = await shop.user();
  const campaign = await shop.campaign({ name: "곧 열려요", opensAt: inSeconds(3600) });
  const { page, close } = await visit(`${shop.url}/#/coupons`, { as: user, clockAheadMs: 86_400_000 });
  const card = page.locator(`[data-campaign="${campaign.id}"]`);
  await card.getByRole("timer").waitFor();
  await assertAccessible(page);
  const claim = card.getByRole("button", { name: "쿠폰 받기" });
  assert.equal(await claim.count(), 0);
  good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { opensAt: inSeconds(3) }), 200);
  await claim.click();
  await card.getByText("쿠폰을 받았습니다!").waitFor();
  assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons.length, 1);
  await close();
});

browserTest("a product page shows without a reload that the product sold out and that it came back", async () => {
  const product = await shop.product({ name: "마지막 접시", price: 1000, stock: 1 });
  const [looker, buyer] = (await shop.users(2, { balance: 5000 })) as [Client, Client];
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: looker });
  await page.getByText("1개 남음").waitFor();
  const order = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  await page.getByText("방금 품절되었습니다.").waitFor();
  await page.getByRole("button", { name: "품절" }).and(page.locator(":disabled")).waitFor();
  await assertAccessible(page);
  good(await buyer.post(`/orders/${order.orderId}/cancel`), 200);
  await page.getByText("1개 남음").waitFor();
  await page.getByRole("button", { name: "바로 구매" }).and(page.locator(":enabled")).waitFor();
  await close();
});

browserTest("a cart with a sold-out item cannot be ordered until the item is removed", async () => {
  const [few, plenty] = await Promise.all([1, 9].map((stock) => shop.product({ name: `소반 ${stock}`, price: 1000, stock })));
  const [looker, buyer] = (await shop.users(2, { balance: 5000 })) as [Client, Client];
  for (const product of [few, plenty]) good(await looker.post(`/users/${looker.id}/cart/items`, { productId: product?.id, quantity: 1 }), 201);
  const { page, close } = await visit(`${shop.url}/#/cart`, { as: looker });
  await page.getByRole("link", { name: "주문하기" }).waitFor();
  good(await buyer.post("/orders", { orderItems: [{ productId: few?.id, quantity: 1 }] }), 201);
  await page.getByRole("status").getByText("주문할 수 없는 상품을 빼거나 수량을 줄여 주세요.").waitFor();
  await page.getByRole("button", { name: "주문하기" }).and(page.locator(":disabled")).waitFor();
  await assertAccessible(page);
  await page.getByRole("button", { name: "소반 1 삭제" }).click();
  await page.getByRole("link", { name: "주문하기" }).click();
  await page.getByRole("button", { name: "1,000원 결제하기" }).and(page.locator(":enabled")).waitFor();
  await close();
});

browserTest("an order of more than the remaining stock charges nothing, and the page tells the remaining stock", async () => {
  const product = await shop.product({ name: "마지막 그릇", price: 1000, stock: 2 });
  const [late, early] = (await shop.users(2, { balance: 5000 })) as [Client, Client];
  const address = `${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=2`;
  const { page, close } = await visit(address, { as: late });
  const pay = page.getByRole("button", { name: "2,000원 결제하기" });
  await pay.waitFor();
  good(await early.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  await pay.click();
  await page.getByRole("alert").getByText("재고가 1개뿐입니다").waitFor();
  assert.equal(await shop.balanceOf(late), 5000);
  await close();
});
