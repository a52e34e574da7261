// Orders without a response: the buyer can check again, and nothing is bought twice or lost.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page, Route } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit } from "./browser.ts";
import { atCheckout, checkAgain, ordersOf, refusal } from "./checkout.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

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

// Fails without `isUndecided` in attempt.ts: the second press would have a new key.
browserTest("a visitor who presses again after no response buys once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  const restore = await loseResponses(page);
  await pay.click();
  await page.getByText("다시 확인해도 두 번 주문되지 않습니다.").waitFor({ timeout: 120_000 });
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
  await checkAgain(page).waitFor({ timeout: 120_000 });
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
  await checkAgain(page).waitFor({ timeout: 120_000 });
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
  await checkAgain(page).waitFor({ timeout: 120_000 });
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
  await checkAgain(page).waitFor({ timeout: 120_000 });
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
