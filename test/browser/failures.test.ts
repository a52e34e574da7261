// Failures while a visitor shops: nothing is bought twice, nothing is lost, and the page explains the failure.

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

/** Opens the checkout of one unit for a user with enough balance. */
async function atCheckout(at: TestShop, price = 3000) {
  const user = await at.user({ balance: 10_000 });
  const product = await at.product({ name: "등잔", price, stock: 5 });
  const address = `${at.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`;
  const visitor = await visit(address, { as: user });
  const pay = visitor.page.getByRole("button", { name: /결제하기$/ });
  await pay.waitFor();
  return { user, product, pay, ...visitor };
}

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

// Fails if the client uses a new key for a retry: the retry would be a second order.
browserTest("an order whose response is lost is placed once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  let lost = 0;
  await page.route("**/orders", async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.continue();
    lost++;
    // The shop places the order, and the response is lost.
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

/** The shop places orders, but the page gets no response, until the returned function is called. */
async function loseResponses(page: Page): Promise<() => Promise<void>> {
  const lose = async (route: Route): Promise<void> => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  };
  await page.route("**/orders", lose);
  return () => page.unroute("**/orders", lose);
}

const checkAgain = (page: Page) => page.getByRole("button", { name: "다시 확인하기" });

// Fails without `isUndecided` in attempt.ts: the second press would have a new key.
browserTest("a visitor who presses again after no response buys once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  const restore = await loseResponses(page);
  await pay.click();
  await page.getByText("다시 확인해도 두 번 주문되지 않습니다.").waitFor({ timeout: 30_000 });
  await assertAccessible(page);
  await restore();
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 7000);
  await close();
});

// Fails without `write` in attempt.ts.
browserTest("a visitor who reloads the page after an unanswered cart order with a coupon buys once", async () => {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "베틀", price: 3000, stock: 5 });
  await shop.coupon(user, { name: "한 번", discount: { type: "FIXED", amount: 1000 } });
  good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
  const { page, close } = await visit(`${shop.url}/#/checkout`, { as: user });
  const restore = await loseResponses(page);
  await page.getByRole("button", { name: "2,000원 결제하기" }).click();
  await checkAgain(page).waitFor({ timeout: 30_000 });
  await restore();
  await page.reload();
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 8000);
  await close();
});

// Fails if the refilled cart becomes a new order: the first item would be bought twice.
browserTest("after an unanswered order the page checks that order first, and a refilled cart is another order", async () => {
  const user = await shop.user({ balance: 10_000 });
  const [first, second] = await Promise.all(["물레", "바늘"].map((name) => shop.product({ name, price: 3000, stock: 5 })));
  good(await user.post(`/users/${user.id}/cart/items`, { productId: first?.id, quantity: 1 }), 201);
  const { page, close } = await visit(`${shop.url}/#/checkout`, { as: user });
  const restore = await loseResponses(page);
  await page.getByRole("button", { name: "3,000원 결제하기" }).click();
  await checkAgain(page).waitFor({ timeout: 30_000 });
  await restore();
  good(await user.post(`/users/${user.id}/cart/items`, { productId: second?.id, quantity: 2 }), 201);
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 7000);
  await page.goto(`${shop.url}/#/checkout`);
  await page.getByRole("button", { name: "6,000원 결제하기" }).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 2);
  assert.equal(await shop.balanceOf(user), 1000);
  await close();
});

// Fails if the page forgets the order after a lost response to the removal: the cart would be ordered again.
browserTest("an order whose items could not be removed from the cart is completed later, once, and newer items stay", async () => {
  const user = await shop.user({ balance: 10_000 });
  const [ordered, reduced, newer] = await Promise.all(["실", "천", "골무"].map((name) => shop.product({ name, price: 1000, stock: 9 })));
  const put = async (product: { id: string } | undefined, quantity: number): Promise<{ id: string }> =>
    good(await user.post(`/users/${user.id}/cart/items`, { productId: product?.id, quantity }), 201);
  await put(ordered, 1);
  const { id } = await put(reduced, 2);
  const { page, close } = await visit(`${shop.url}/#/checkout`, { as: user });
  const pay = page.getByRole("button", { name: "3,000원 결제하기" });
  await pay.waitFor();
  good(await user.patch(`/users/${user.id}/cart/items/${id}`, { quantity: 5 }), 200);
  // The removals arrive, but their responses are lost.
  const lose = async (route: Route): Promise<void> => {
    if (route.request().method() === "GET") return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  };
  await page.route("**/cart/items/*", lose);
  await pay.click();
  await checkAgain(page).waitFor({ timeout: 30_000 });
  assert.equal((await ordersOf(user)).length, 1);
  await page.unroute("**/cart/items/*", lose);
  await put(newer, 1);
  await page.reload();
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 7000);
  const { cartItems } = good(await user.get(`/users/${user.id}/cart`), 200) as { cartItems: { name: string; quantity: number }[] };
  assert.deepEqual(Object.fromEntries(cartItems.map(({ name, quantity }) => [name, quantity])), { 천: 3, 골무: 1 });
  await close();
});

// Fails without 503 in isUndecided (client/src/errors.ts).
browserTest("an order that was placed although the response was 503 is not placed again", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  const lost = async (route: Route): Promise<void> => {
    if (route.request().method() !== "POST") return route.continue();
    await route.fetch();
    await route.fulfill(refusal("UNAVAILABLE", 30));
  };
  await page.route("**/orders", lost);
  await pay.click();
  await checkAgain(page).waitFor();
  await page.unroute("**/orders", lost);
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

// Fails without the listener for `online` in undecided-order.tsx.
browserTest("an order that was pressed offline continues when the connection is back, and is placed once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  await page.context().setOffline(true);
  await pay.click();
  await checkAgain(page).waitFor({ timeout: 30_000 });
  assert.equal((await ordersOf(user)).length, 0);
  await page.context().setOffline(false);
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

// Fails without `busy.peek()` in attempt.ts.
browserTest("a double tap sends one request and places one order", async () => {
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
