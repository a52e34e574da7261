// The storefront offers the payment methods that the shop takes.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { browserTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
let withoutCards: TestShop;
before(async () => {
  shop = await openTestShop();
  withoutCards = await openTestShop({ env: { PAYMENT_GATEWAY_URL: "" } });
});
after(async () => {
  await shop.close();
  await withoutCards.close();
});

/** Opens the checkout of a product, and the page of an unpaid order. Returns the payment methods of each. */
async function methodsAt(shop: TestShop): Promise<string[][]> {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ price: 1000, stock: 5 });
  const orderItems = [{ productId: product.id, quantity: 1 }];
  const { orderId } = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, { as: user });
  const checkout = await methodsOn(page);
  await page.evaluate(`location.hash = "#/orders/${orderId}"`);
  await page.getByText("결제 기한까지").waitFor();
  const order = await methodsOn(page);
  await close();
  return [checkout, order];
}

async function methodsOn(page: Page): Promise<string[]> {
  await page.getByRole("button", { name: "1,000원 결제하기" }).waitFor();
  await page.waitForLoadState("networkidle");
  return page.locator("input[name=method] + .pick-body strong").allInnerTexts();
}

// Fails without `takesCards` in pay-with.tsx: a card payment would get PAYMENT_METHOD_UNAVAILABLE.
browserTest("a shop without a payment gateway offers no card, neither for a new order nor for an unpaid one", async () => {
  const [balance, card] = ["잔액으로 결제", "카드로 결제"];
  assert.deepEqual(await methodsAt(shop), [
    [balance, card],
    [balance, card],
  ]);
  assert.deepEqual(await methodsAt(withoutCards), [[balance], [balance]]);
});
