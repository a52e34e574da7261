// Users and private coupons in the console.

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

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

// Fails if the page revokes more than was typed, or reads the ledger from before.
browserTest("an operator takes a grant back, renames a user and erases the user", async () => {
  const user = await shop.user({ balance: 5000, name: "Kim Min-su" });
  const { page, close } = await atConsole(`/users/${user.id}`);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Take a grant back" }).click();
  await dialog.getByLabel("Amount").fill("5000");
  await dialog.getByLabel("Reason").fill("paid twice");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Take ₩5,000 back" }).click();
  await page.getByText("₩5,000 was taken back.").waitFor();
  await page.locator("tbody tr", { hasText: "paid twice" }).getByText("Revoke").waitFor();
  assert.equal(await shop.balanceOf(user), 0);
  await page.getByRole("button", { name: "Edit" }).click();
  await dialog.getByLabel("Name").fill("Kim Min-soo");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: "Kim Min-soo" }).waitFor();
  await page.getByRole("button", { name: "Erase the user" }).click();
  await dialog.getByLabel("Reason").fill("asked for it");
  await dialog.getByRole("button", { name: "Erase the user" }).click();
  await page.getByText("The user was erased.").waitFor();
  assert.notEqual(good(await shop.operator.get(`/admin/users/${user.id}`), 200).name, "Kim Min-soo");
  await close();
});

browserTest("a private coupon is made, issued to many users once, and voided", async () => {
  const users = await shop.users(3);
  const { page, close } = await atConsole("/coupons/new");
  await page.getByLabel("Name").fill("For regulars");
  await page.getByLabel("Opens").fill("2026-01-01T00:00");
  await page.getByRole("combobox", { name: /^Visibility/ }).selectOption("PRIVATE");
  await page.getByRole("button", { name: "Create" }).click();
  const row = page.locator("tbody tr", { hasText: "For regulars" });
  await row.getByText("Private").waitFor();
  await row.getByRole("link", { name: "For regulars", exact: true }).click();
  const ids = page.getByLabel("User IDs");
  await ids.fill(`${users[0]!.id}\nKim\n${users[1]!.id}`);
  await page.getByText("Line 2: not a user ID: “Kim”").waitFor();
  await assertAccessible(page);
  assert.ok(await page.getByRole("button", { name: "Issue to 2 users" }).isDisabled());
  const dialog = page.getByRole("dialog");
  const issue = async (count: number, words: string): Promise<void> => {
    await ids.fill(
      users
        .slice(0, count)
        .map(({ id }) => id)
        .join("\n"),
    );
    await page.getByRole("button", { name: `Issue to ${count} users` }).click();
    await dialog.getByRole("button", { name: `Issue to ${count} users` }).click();
    await page.getByText(words).waitFor();
    await dialog.waitFor({ state: "hidden" });
  };
  await issue(2, "Issued to 2.");
  await issue(3, "Issued to 1. 2 had it before.");
  assert.equal(await ids.inputValue(), "", "nothing stays armed");
  await page.getByRole("button", { name: "Void all" }).click();
  await dialog.getByLabel("Reason").fill("wrong discount");
  await dialog.getByRole("button", { name: "Void all" }).click();
  await page.getByText("3 coupons were voided.").waitFor();
  const [coupon] = good(await users[0]!.get(`/users/${users[0]!.id}/coupons?status=VOID`), 200).userCoupons;
  assert.equal(coupon.status, "VOID");
  await close();
});
