// Failures while a visitor shops: ended sessions, refusals, expiry, a busy or restarting shop. The page explains each of them.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openShop } from "../../src/app/app.ts";
import { mintToken } from "../../src/http/tokens.ts";
import { good, openTestShop, SECRET, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, PHONE, useBrowser, visit } from "./browser.ts";
import { atCheckout, ordersOf, refusal } from "./checkout.ts";
import { assertNothingCovered } from "./seen.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

browserTest("an ended session is reported, and after signing in the visitor is back on the same page", async () => {
  const { users } = good(await shop.anyone("GET", "/demo/users"), 200);
  const user = Object.assign(shop.client(users[0].id), { token: mintToken(SECRET, { id: users[0].id, role: "shopper" }, -1) });
  const { page, close } = await visit(`${shop.url}/#/orders`, { as: user });
  await page.getByText("로그인이 만료되었습니다.").waitFor();
  await assertAccessible(page);
  await page.getByRole("main").getByRole("link", { name: "로그인" }).click();
  await page.getByRole("button", { name: "김민수 님으로 로그인" }).click();
  await page.getByRole("heading", { level: 1, name: "주문" }).waitFor();
  await page.locator(".row").first().waitFor();
  await close();
});

browserTest("the page retries while the shop is busy and tells why it waits", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  let refused = 0;
  await page.route("**/orders", async (route) => {
    if (route.request().method() !== "POST" || refused === 2) return route.continue();
    refused++;
    await route.fulfill(refusal("BUSY", 1));
  });
  await pay.click();
  await page.getByText("주문이 몰리고 있습니다.").waitFor();
  await assertAccessible(page);
  await page.getByText("주문이 완료되었습니다.").waitFor();
  await page.getByText("주문이 몰리고 있습니다.").waitFor({ state: "detached" });
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

// Fails without "unpaid" in pay-with.tsx: the page would stay at the checkout, and another press would be a second order.
browserTest("if stock sells out between an order and its card payment, the order's page tells that it is unpaid, and why", async () => {
  const user = await shop.user();
  const buyer = await shop.user({ balance: 5000 });
  const product = await shop.product({ name: "마지막 부채", price: 1000, stock: 1 });
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, { as: user });
  await page.route("**/payments", async (route) => {
    await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] });
    await route.continue();
  });
  await page.getByRole("radio", { name: /카드/ }).check();
  await page.getByRole("button", { name: "1,000원 결제하기" }).click();
  await page.getByText("주문은 들어갔지만 결제되지 않았습니다.").waitFor();
  await page.getByText("방금 품절되었습니다.").waitFor();
  await assertAccessible(page);
  assert.deepEqual(
    (await ordersOf(user)).map(({ status }) => status),
    ["PENDING"],
  );
  await close();
});

// Fails without `isPast` in order.tsx.
browserTest("an order that expires on the open page cannot be paid any more, and the page says so", async () => {
  const brief = await openTestShop({ env: { ORDER_EXPIRES_AFTER: "PT8S" } });
  const user = await brief.user({ balance: 10_000 });
  const product = await brief.product({ name: "향", price: 1000, stock: 5 });
  const { orderId } = good(
    await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }),
    201,
  );
  const { page, close } = await visit(`${brief.url}/#/orders/${orderId}`, { as: user });
  try {
    const pay = page.getByRole("button", { name: "1,000원 결제하기" });
    await pay.waitFor();
    await page.getByText("더는 결제할 수 없는 주문입니다.").waitFor();
    assert.equal(await pay.count(), 0);
    await assertAccessible(page);
    good(await brief.operator.post("/admin/jobs/expire-orders/run"), 200);
    await page.getByText("기한 만료").waitFor();
    await close();
  } finally {
    await brief.close();
  }
});

// Fails without `unusableReason` (words.ts), and if the checkout does not reload after a refusal.
browserTest("a coupon that was used elsewhere is reported, and the buyer then pays the price without it", async () => {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "방석", price: 3000, stock: 5 });
  const userCouponId = await shop.coupon(user, { name: "하나뿐", discount: { type: "FIXED", amount: 1000 } });
  const orderItems = [{ productId: product.id, quantity: 1 }];
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, { as: user });
  const pay = page.getByRole("button", { name: "2,000원 결제하기" });
  await pay.waitFor();
  good(await user.post("/orders", { orderItems, userCouponId }), 201);
  await pay.click();
  await page.getByRole("alert").getByText("이미 사용한 쿠폰입니다.").waitFor();
  await page.getByRole("button", { name: "3,000원 결제하기" }).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 5000);
  await close();
});

browserTest("the page waits for a restarting shop, and the order goes through", async () => {
  const restarted = await openTestShop();
  const { page, user, pay, close } = await atCheckout(restarted);
  const { config } = restarted.shop;
  const port = Number(new URL(restarted.url).port);
  await restarted.shop.close();
  await pay.click();
  const waiting = page.getByText("상점의 응답을 기다리고 있습니다.");
  await waiting.waitFor();
  // The message is in the window, below the title, and a press goes through it to the controls.
  const [title, message] = await Promise.all([page.getByRole("heading", { level: 1 }).boundingBox(), waiting.boundingBox()]);
  assert.ok(title && message && message.y >= title.y + title.height && message.y + message.height <= PHONE.height, JSON.stringify([title, message]));
  await assertNothingCovered(page);
  await assertAccessible(page);
  const again = await openShop({ ...config, port });
  try {
    await page.getByText("주문이 완료되었습니다.").waitFor({ timeout: 120_000 });
    await page.getByText("상점의 응답을 기다리고 있습니다.").waitFor({ state: "detached" });
    assert.deepEqual(
      (await ordersOf(user)).map(({ status }) => status),
      ["COMPLETED"],
    );
    assert.equal(await restarted.balanceOf(user), 7000);
    await close();
  } finally {
    await again.close();
    await restarted.close();
  }
});

browserTest("a page keeps its data while offline and updates when the connection is back", async () => {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "나침반", price: 1000, stock: 9 });
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: user });
  await page.getByText("재고 9개").waitFor();
  await page.context().setOffline(true);
  await page.getByText("인터넷에 연결되어 있지 않습니다.").waitFor();
  await assertAccessible(page);
  await page.getByText("재고 9개").waitFor();
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  await page.context().setOffline(false);
  await page.getByText("인터넷에 연결되어 있지 않습니다.").waitFor({ state: "detached" });
  await page.getByText("재고 8개").waitFor();
  await close();
});

browserTest("a page tells the visitor when to retry at a shop that stays busy", async () => {
  const user = await shop.user();
  const campaign = await shop.campaign({ name: "몰리는 쿠폰" });
  const { page, close } = await visit(`${shop.url}/#/coupons`, { as: user });
  await page.route("**/issue", (route) => route.fulfill(refusal("BUSY", 30)));
  const card = page.locator(`[data-campaign="${campaign.id}"]`);
  await card.getByRole("button", { name: "쿠폰 받기" }).click();
  await card.getByRole("status").getByText("30초 뒤에 다시 시도해 주세요.").first().waitFor();
  await card.getByText(/2[0-8]초 뒤에 다시 시도해 주세요./).waitFor();
  await page.unroute("**/issue");
  await card.getByRole("button", { name: "쿠폰 받기" }).click();
  await card.getByText("쿠폰을 받았습니다!").waitFor();
  await close();
});
