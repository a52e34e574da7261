// A buyer pays the amount on the button, and only after pressing it.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page, Request } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit } from "./browser.ts";
import { checkAgain, ordersOf } from "./checkout.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const payButton = (page: Page, amount: string) => page.getByRole("button", { name: `${amount}원 결제하기` });
const setPrice = async ({ id }: { id: string }, price: number): Promise<void> => {
  const { variants } = good(await shop.anyone("GET", `/products/${id}`), 200) as { variants: { id: string }[] };
  good(await shop.operator.patch(`/admin/products/${id}`, { variants: [{ id: variants[0]?.id, price }] }), 200);
};

/** Collects the page's requests that change data. */
function watchSent(page: Page): Request[] {
  const sent: Request[] = [];
  page.on("request", (request) => request.method() !== "GET" && sent.push(request));
  return sent;
}

const bodies = (sent: Request[]): Record<string, unknown>[] => sent.map((request) => request.postDataJSON() as Record<string, unknown>);

/** Repeats the first response of this address until the page sends a change, so that the page shows old data. */
async function freeze(page: Page, address: string): Promise<void> {
  let answer: { status: number; body: string } | undefined;
  let isSent = false;
  page.on("request", (request) => (isSent ||= request.method() === "POST"));
  await page.route(address, async (route) => {
    if (isSent || route.request().method() !== "GET") return route.continue();
    if (answer === undefined) {
      const response = await route.fetch();
      answer = { status: response.status(), body: await response.text() };
    }
    await route.fulfill({ ...answer, contentType: "application/json" });
  });
}

const advanceClock = (page: Page, ms: number): Promise<void> =>
  page.evaluate((ahead) => {
    const real = Date.now.bind(Date);
    Date.now = () => real() + ahead;
  }, ms);

async function atCheckout({ balance = 10_000 } = {}) {
  const user = await shop.user({ balance });
  const product = await shop.product({ name: "등잔", price: 3000, stock: 5 });
  const visitor = await visit(shop.url, { as: user });
  await freeze(visitor.page, `**/products/${product.id}`);
  await visitor.page.evaluate(`location.hash = "#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1"`);
  await payButton(visitor.page, "3,000").waitFor();
  return { user, product, sent: watchSent(visitor.page), ...visitor };
}

// Fails without `expectedAmount` in checkout.tsx: the buyer would pay 3,500.
browserTest("a buyer sees a price change that the page did not know, and pays the new amount with another press", async () => {
  const { page, user, product, sent, close } = await atCheckout();
  await setPrice(product, 3500);
  await payButton(page, "3,000").click();
  await page.getByText("결제 금액이 변경되었습니다. 다시 확인해주세요").waitFor();
  await page.getByText("등잔: 3,000원 → 3,500원").waitFor();
  await page.getByText("결제 금액: 3,000원 → 3,500원").waitFor();
  await payButton(page, "3,500").waitFor();
  await assertAccessible(page);
  assert.deepEqual(await ordersOf(user), []);
  await payButton(page, "3,500").click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.deepEqual(
    bodies(sent).map(({ expectedAmount }) => expectedAmount),
    [3000, 3500],
  );
  assert.equal(await shop.balanceOf(user), 6500);
  await close();
});

// Fails without `expectedAmount` in pay-with.tsx and pay-now.tsx.
browserTest("a payment sends the amount on its button, by card and from the balance", async () => {
  const { page, user, sent, close } = await atCheckout();
  await page.getByRole("radio", { name: /카드/ }).check();
  await page.getByRole("radio", { name: "거절" }).check();
  await payButton(page, "3,000").click();
  await page.getByText("카드 결제가 거절되었습니다.").waitFor();
  await payButton(page, "3,000").click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.deepEqual(
    bodies(sent).map(({ expectedAmount }) => expectedAmount),
    [3000, 3000, 3000],
  );
  assert.equal(await shop.balanceOf(user), 7000);
  await close();
});

// Fails if the checkout orders the cart as it is at that moment.
browserTest("units that another device adds during the checkout are not ordered and stay in the cart", async () => {
  const user = await shop.user({ balance: 10_000 });
  const [lamp, comb] = await Promise.all([
    shop.product({ name: "등잔", price: 3000, stock: 5 }),
    shop.product({ name: "빗", price: 3000, stock: 5 }),
  ]);
  const item = good(await user.post(`/users/${user.id}/cart/items`, { productId: lamp.id, quantity: 1 }), 201);
  const { page, close } = await visit(shop.url, { as: user });
  await freeze(page, `**/users/${user.id}/cart`);
  await page.evaluate(`location.hash = "#/checkout"`);
  await payButton(page, "3,000").waitFor();
  good(await user.post(`/users/${user.id}/cart/items`, { productId: comb.id, quantity: 1 }), 201);
  good(await user.patch(`/users/${user.id}/cart/items/${item.id}`, { quantity: 3 }), 200);
  await payButton(page, "3,000").click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.deepEqual(
    (await ordersOf(user)).map(({ totalAmount }) => totalAmount),
    [3000],
  );
  const { cartItems } = good(await user.get(`/users/${user.id}/cart`), 200) as { cartItems: { name: string; quantity: number }[] };
  assert.deepEqual(Object.fromEntries(cartItems.map(({ name, quantity }) => [name, quantity])), { 등잔: 2, 빗: 1 });
  await close();
});

// Fails without OrderChanges in checkout-form.tsx.
browserTest("the checkout tells that a coupon was used elsewhere, beside the new total", async () => {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "방석", price: 3000, stock: 5 });
  const userCouponId = await shop.coupon(user, { name: "하나뿐", discount: { type: "FIXED", amount: 1000 } });
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, { as: user });
  await payButton(page, "2,000").waitFor();
  good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId }), 201);
  await page.getByText("쿠폰 ‘하나뿐’: 더는 적용되지 않습니다").waitFor();
  await page.getByText("결제 금액: 2,000원 → 3,000원").waitFor();
  await payButton(page, "3,000").waitFor();
  await close();
});

/** Presses while offline, and waits until the page reports the unknown outcome. */
async function pressOffline(page: Page, press: () => Promise<void>): Promise<void> {
  await page.context().setOffline(true);
  await press();
  await checkAgain(page).waitFor({ timeout: 120_000 });
}

const responded = (page: Page, part: string): Promise<unknown> => page.waitForResponse((response) => response.url().includes(part));

// Fails without `isRecent` in `resume` (shared/attempt.ts) and in undecided-order.tsx.
browserTest("the page does not send an offline order without a press more than a minute later", async () => {
  const { page, user, sent, close } = await atCheckout();
  await pressOffline(page, () => payButton(page, "3,000").click());
  await advanceClock(page, 61_000);
  await page.getByText("누른 지 1분이 지났습니다.").waitFor();
  await assertAccessible(page);
  sent.length = 0;
  await page.context().setOffline(false);
  await responded(page, `/users/${user.id}/balance`);
  await responded(page, `/users/${user.id}/balance`);
  assert.deepEqual(bodies(sent), []);
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

// Fails if undecided-order.tsx does not compare the sent order with the current one.
browserTest("the page does not send an offline order without a press after its amount changed", async () => {
  const { page, user, product, sent, close } = await atCheckout();
  await pressOffline(page, () => payButton(page, "3,000").click());
  await setPrice(product, 3500);
  sent.length = 0;
  await page.unroute(`**/products/${product.id}`);
  await page.context().setOffline(false);
  await page.getByText("그 사이 주문 내용이나 금액이 바뀌었습니다.").waitFor();
  assert.deepEqual(bodies(sent), []);
  await checkAgain(page).click();
  await page.getByText("결제 금액: 3,000원 → 3,500원").waitFor();
  assert.deepEqual(await ordersOf(user), []);
  await payButton(page, "3,500").click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 6500);
  await close();
});

// Fails without `soonAfter` in storefront/attempt.ts: the client's retry would be sent when the computer wakes up.
browserTest("a retry that a sleeping computer delayed is not sent hours after the press", async () => {
  const { page, user, sent, close } = await atCheckout();
  let tries = 0;
  await page.route("**/orders", async (route) => {
    if (route.request().method() !== "POST" || ++tries > 1) return route.continue();
    await advanceClock(page, 2 * 3_600_000);
    await route.abort("connectionreset");
  });
  await payButton(page, "3,000").click();
  await page.getByText("누른 지 1분이 지났습니다.").waitFor({ timeout: 120_000 });
  assert.equal(sent.length, 1);
  assert.deepEqual(await ordersOf(user), []);
  await checkAgain(page).click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  await close();
});

browserTest("an offline top-up waits for another press and happens once", async () => {
  const user = await shop.user();
  const { page, close } = await visit(`${shop.url}/#/balance`, { as: user });
  const sent = watchSent(page);
  await page.getByRole("button", { name: "10,000원", exact: true }).click();
  await pressOffline(page, () => page.getByRole("button", { name: "10,000원 충전하기" }).click());
  await page.getByText("충전 여부를 아직 확인하지 못했습니다.").waitFor();
  await assertAccessible(page);
  await advanceClock(page, 3 * 3_600_000);
  sent.length = 0;
  await page.context().setOffline(false);
  await responded(page, `/users/${user.id}/balance`);
  await responded(page, `/users/${user.id}/balance`);
  assert.deepEqual(bodies(sent), []);
  await page.reload();
  await checkAgain(page).click();
  await page.getByText("10,000원을 충전했습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 10_000);
  await close();
});
