// When things break while somebody shops: nothing is bought twice, nothing is lost, and the page says what is going on.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page, Route } from "playwright-core";
import { openShop } from "../../src/app/app.ts";
import { mintToken } from "../../src/http/tokens.ts";
import { REFUSALS } from "../../src/refusal.ts";
import { type Client, good, openTestShop, SECRET, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const ordersOf = async (user: Client): Promise<{ status: string }[]> => good(await user.get(`/users/${user.id}/orders`), 200).orders;

const refusal = (code: "BUSY" | "UNAVAILABLE", retryAfter: number) => ({
  status: 503,
  headers: { "retry-after": String(retryAfter) },
  contentType: "application/problem+json",
  body: JSON.stringify({ type: "/problems/x", title: "", status: 503, code, detail: REFUSALS[code].ko, retryAfter }),
});

/** Somebody at the checkout, with money, one piece of something in hand. */
async function atCheckout(at: TestShop, price = 3000) {
  const user = await at.user({ balance: 10_000 });
  const product = await at.product({ name: "등잔", price, stock: 5 });
  const address = `${at.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`;
  const visitor = await visit(address, { as: user });
  const pay = visitor.page.getByRole("button", { name: /결제하기$/ });
  await pay.waitFor();
  return { user, product, pay, ...visitor };
}

browserTest("a session that has ended: the page says so, and after signing in one is where one was", async () => {
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

// Goes red without the key that the client keeps over its tries: the second try would be a second order.
browserTest("an answer that is lost on its way: the order is there once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  let lost = 0;
  await page.route("**/orders", async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.continue();
    lost++;
    // It arrives, and is done; nobody hears of it.
    assert.equal((await route.fetch()).status(), 201);
    await route.abort("connectionreset");
  });
  await pay.click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(lost, 1);
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 7000);
  await close();
});

/** Orders arrive and are done, and nobody hears of it; until the function that this answers is called. */
async function loseAnswers(page: Page): Promise<() => Promise<void>> {
  const lose = async (route: Route): Promise<void> => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  };
  await page.route("**/orders", lose);
  return () => page.unroute("**/orders", lose);
}

const findOut = (page: Page) => page.getByRole("button", { name: "다시 확인하기" });

// Goes red without `isUndecided` in attempt.ts: the key would be a new one.
browserTest("a visitor who presses again after nothing was heard at all buys once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  const hear = await loseAnswers(page);
  await pay.click();
  await page.getByText("다시 확인해도 두 번 주문되지 않습니다.").waitFor({ timeout: 30_000 });
  await assertAccessible(page);
  await hear();
  await findOut(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 7000);
  await close();
});

// Goes red without `write` in attempt.ts.
browserTest("so does one whose page was loaded anew in between, though the order was a cart and its coupon is used", async () => {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "베틀", price: 3000, stock: 5 });
  await shop.coupon(user, { name: "한 번", discount: { type: "FIXED", amount: 1000 } });
  good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
  const { page, close } = await visit(`${shop.url}/#/checkout`, { as: user });
  const hear = await loseAnswers(page);
  await page.getByRole("button", { name: "2,000원 결제하기" }).click();
  await findOut(page).waitFor({ timeout: 30_000 });
  await hear();
  await page.reload();
  await findOut(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 8000);
  await close();
});

// Goes red where the cart that was filled since is taken for a new order: the first item would be bought twice.
browserTest("a cart that was filled since an order went through unheard: the order is found out first, and the rest is another", async () => {
  const user = await shop.user({ balance: 10_000 });
  const [first, second] = await Promise.all(["물레", "바늘"].map((name) => shop.product({ name, price: 3000, stock: 5 })));
  good(await user.post(`/users/${user.id}/cart/items`, { productId: first?.id, quantity: 1 }), 201);
  const { page, close } = await visit(`${shop.url}/#/checkout`, { as: user });
  const hear = await loseAnswers(page);
  await page.getByRole("button", { name: "3,000원 결제하기" }).click();
  await findOut(page).waitFor({ timeout: 30_000 });
  await hear();
  good(await user.post(`/users/${user.id}/cart/items`, { productId: second?.id, quantity: 2 }), 201);
  await findOut(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 7000);
  await page.goto(`${shop.url}/#/checkout`);
  await page.getByRole("button", { name: "6,000원 결제하기" }).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 2);
  assert.equal(await shop.balanceOf(user), 1000);
  await close();
});

// Goes red without 503 in isUndecided (client/src/errors.ts).
browserTest("an order that was done although the shop then said that it was unavailable is not done again", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  const lost = async (route: Route): Promise<void> => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch();
    await route.fulfill(refusal("UNAVAILABLE", 30));
  };
  await page.route("**/orders", lost);
  await pay.click();
  await findOut(page).waitFor();
  await page.unroute("**/orders", lost);
  await findOut(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

// Goes red without the listener for `online` in checkout.tsx.
browserTest("offline in the middle of an order: it goes on by itself when the line is back, and is there once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  await page.context().setOffline(true);
  await pay.click();
  await findOut(page).waitFor({ timeout: 30_000 });
  assert.equal((await ordersOf(user)).length, 0);
  await page.context().setOffline(false);
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

// Goes red without `busy.peek()` in attempt.ts.
browserTest("a double tap is one order, and one request", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  let sent = 0;
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/orders")) sent++;
  });
  await pay.evaluate((button: { click(): void }) => {
    button.click();
    button.click();
  });
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(sent, 1);
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

browserTest("a shop that asks for a moment's patience is asked again by itself, and the page says why it waits", async () => {
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

// Goes red without "unpaid" in pay-with.tsx: the page would stay at the checkout, and pressing again would be a second order.
browserTest("sold out between the order and its card: the order's own page tells that it is not paid, and why", async () => {
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

// Goes red without `isPast` in order.tsx.
browserTest("an order whose time is over while somebody looks can't be paid any more, and the page says so", async () => {
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

// Goes red without `whyUnusable` (words.ts) and without the cart's being read again after a refusal (checkout.tsx).
browserTest("a coupon that is used elsewhere meanwhile: it is said in words, and the price without it is what is then paid", async () => {
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

browserTest("a shop that is restarted in the middle: the page waits for it, and the order goes through", async () => {
  const restarted = await openTestShop();
  const { page, user, pay, close } = await atCheckout(restarted);
  const { config } = restarted.shop;
  const port = Number(new URL(restarted.url).port);
  await restarted.shop.close();
  await pay.click();
  await page.getByText("상점의 응답을 기다리고 있습니다.").waitFor();
  await assertAccessible(page);
  const again = await openShop({ ...config, port });
  try {
    await page.getByText("주문이 완료되었습니다.").waitFor({ timeout: 30_000 });
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

browserTest("offline and back: what was on the page stays, and moves on by itself", async () => {
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

browserTest("a shop that is too busy: the visitor is told when to come back, in words", async () => {
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
