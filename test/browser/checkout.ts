// The checkout page in tests.

import type { Locator, Page } from "playwright-core";
import { REFUSALS } from "../../src/refusal.ts";
import { type Client, good, type TestShop } from "../support/shop.ts";
import { visit, type Visitor } from "./browser.ts";

type Checkout = Visitor & { user: Client; product: { id: string }; pay: Locator };

/** Opens the checkout of one unit for a user with enough balance. */
export async function atCheckout(shop: TestShop, price = 3000): Promise<Checkout> {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "등잔", price, stock: 5 });
  const address = `${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`;
  const visitor = await visit(address, { as: user });
  const pay = visitor.page.getByRole("button", { name: /결제하기$/ });
  await pay.waitFor();
  return { user, product, pay, ...visitor };
}

/** The button that repeats an order with an unknown outcome. */
export const checkAgain = (page: Page): Locator => page.getByRole("button", { name: /^다시 확인하기/ });

export const ordersOf = async (user: Client): Promise<{ status: string; totalAmount: number }[]> =>
  good(await user.get(`/users/${user.id}/orders`), 200).orders;

/** A response 503 as the shop gives it. @param retryAfter seconds */
export const refusal = (code: "BUSY" | "UNAVAILABLE", retryAfter: number) => ({
  status: 503,
  headers: { "retry-after": String(retryAfter) },
  contentType: "application/problem+json",
  body: JSON.stringify({ type: "/problems/x", title: "", status: 503, code, detail: REFUSALS[code].ko, retryAfter }),
});
