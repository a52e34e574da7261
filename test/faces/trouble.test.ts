// When things break while somebody shops: nothing is bought twice, nothing is lost, and the page says what is going on.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openShop } from "../../src/app.ts";
import { mintToken } from "../../src/http/auth.ts";
import { type Client, good, openTestShop, SECRET, type TestShop } from "../support/shop.ts";
import { assertAccessible, facesTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const ordersOf = async (user: Client): Promise<{ status: string }[]> => good(await user.get(`/users/${user.id}/orders`), 200).orders;

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

facesTest("a session that has ended: the page says so, and after signing in one is where one was", async () => {
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
facesTest("an answer that is lost on its way: the order is there once", async () => {
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

// Goes red without `open.current` being kept on Unreachable (attempt.ts).
facesTest("a visitor who presses again after nothing was heard at all buys once", async () => {
  const { page, user, pay, close } = await atCheckout(shop);
  let heard = false;
  await page.route("**/orders", async (route) => {
    if (route.request().method() !== "POST" || heard) return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await pay.click();
  await page.getByText("다시 눌러도 두 번 처리되지 않습니다.").waitFor({ timeout: 30_000 });
  heard = true;
  await pay.click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal((await ordersOf(user)).length, 1);
  assert.equal(await shop.balanceOf(user), 7000);
  await close();
});

facesTest("a shop that is restarted in the middle: the page waits for it, and the order goes through", async () => {
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

facesTest("offline and back: what was on the page stays, and moves on by itself", async () => {
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

facesTest("a shop that is too busy: the visitor is told when to come back, in words", async () => {
  const user = await shop.user();
  const campaign = await shop.campaign({ name: "몰리는 쿠폰" });
  const { page, close } = await visit(`${shop.url}/#/coupons`, { as: user });
  await page.route("**/issue", (route) =>
    route.fulfill({
      status: 503,
      headers: { "retry-after": "30" },
      contentType: "application/problem+json",
      body: JSON.stringify({
        type: "/problems/busy",
        title: "Service Unavailable",
        status: 503,
        code: "BUSY",
        detail: "잠시 후 다시 시도해주세요",
        retryAfter: 30,
      }),
    }),
  );
  const card = page.locator(`[data-campaign="${campaign.id}"]`);
  await card.getByRole("button", { name: "쿠폰 받기" }).click();
  await card.getByText("30초 뒤에 다시 시도해 주세요.").waitFor();
  await page.unroute("**/issue");
  await card.getByRole("button", { name: "쿠폰 받기" }).click();
  await card.getByText("쿠폰을 받았습니다!").waitFor();
  await close();
});
