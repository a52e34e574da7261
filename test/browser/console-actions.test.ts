// Actions of the console on orders, balances and drops.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const atConsole = (path: string): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP });

// Fails if the choice ends with a fixed number of products.
browserTest("an operator finds the oldest of many products for a drop, by search and by paging", async () => {
  const oldest = await shop.product({ name: "Oldest kettle" });
  for (let i = 0; i < 21; i++) await shop.product({ name: `Newer ${i}` });
  const { page, close } = await atConsole("/rehearsals");
  const products = page.locator(".card", { has: page.getByRole("heading", { name: "1. Product" }) });
  const choice = products.getByRole("button", { name: "Oldest kettle" });
  await products.getByRole("button", { name: "Newer 20" }).waitFor();
  await assertAccessible(page);
  for (const rows of [10, 20]) {
    await products.locator(`tbody tr:nth-child(${rows})`).waitFor();
    assert.equal(await choice.count(), 0);
    await products.getByRole("button", { name: "More" }).click();
  }
  await choice.waitFor();

  await page.reload();
  await products.getByRole("searchbox", { name: "Search products" }).fill("kettle");
  await products.getByRole("button", { name: "Search" }).click();
  await products.locator("tbody tr:only-child").waitFor();
  await choice.click();
  await page.locator(".chosen-name", { hasText: "Oldest kettle" }).waitFor();
  assert.ok(page.url().includes(oldest.id));
  await page.getByRole("button", { name: "Choose another" }).click();
  await products.getByRole("button", { name: "Newer 20" }).waitFor();
  await close();
});

// Fails without `customerReason` in order-items.tsx: the buyer would read nothing.
browserTest("a refund's reason stays with the operators, and the buyer reads the message to the customer", async () => {
  const buyer = await shop.user({ balance: 10_000 });
  const { id } = await shop.product({ price: 1000, stock: 5 });
  const { orderId } = good(await buyer.post("/orders", { orderItems: [{ productId: id, quantity: 2 }] }), 201);
  const { page, close } = await atConsole(`/orders/${orderId}`);
  const dialog = page.getByRole("dialog");
  const reason = dialog.getByLabel("Reason", { exact: true });
  const message = dialog.getByLabel(/^Message to the customer/);
  await page.getByLabel(/^Refund now/).fill("1");
  await page.getByRole("button", { name: "Refund 1" }).click();
  await reason.fill("suspected fraud");
  await message.fill("Out of stock, sorry");
  await dialog.getByRole("button", { name: "Refund ₩1,000", exact: true }).click();
  await page.getByText("₩1,000 refunded so far.").waitFor();
  await page
    .locator(".history")
    .getByText(/suspected fraud · Out of stock, sorry/)
    .waitFor();
  await page.getByRole("button", { name: "Refund all" }).click();
  assert.deepEqual([await reason.inputValue(), await message.inputValue()], ["", ""]);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await assertAccessible(page);
  const shopper = await visit(`${shop.url}/#/orders/${orderId}`, { as: buyer });
  await shopper.page.locator(".timeline").getByText("Out of stock, sorry").waitFor();
  assert.equal(await shopper.page.getByText("suspected fraud").count(), 0);
  await shopper.close();
  await close();
});

browserTest("a grant's reason and its message to the customer are in the operator's ledger", async () => {
  const user = await shop.user();
  const { page, close } = await atConsole(`/users/${user.id}`);
  await page.getByRole("button", { name: "Grant", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Amount").fill("5000");
  await dialog.getByLabel("Reason", { exact: true }).fill("late delivery");
  await dialog.getByLabel(/^Message to the customer/).fill("Sorry for the wait");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Grant" }).click();
  const entry = page.locator("tbody tr", { hasText: "₩5,000" });
  await entry.getByText("late delivery").waitFor();
  await entry.getByText("Sorry for the wait").waitFor();
  const [transaction] = good(await user.get(`/users/${user.id}/balance/transactions`), 200).transactions;
  assert.deepEqual([transaction.customerReason, transaction.reason], ["Sorry for the wait", undefined]);
  await close();
});
