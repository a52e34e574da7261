// The console's forms send what their user changed, and moments that the shop's clock knows.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { DESKTOP, browserTest, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const atConsole = (place: string, at = shop): ReturnType<typeof visit> =>
  visit(`${at.url}/console#${place}`, { operator: at.operator, language: "en", size: DESKTOP });

function watchSent(page: Page): unknown[] {
  const sent: unknown[] = [];
  page.on("request", (request) => request.method() !== "GET" && sent.push(request.postDataJSON()));
  return sent;
}

// Goes red where the form sends what stands in it, and without `opened` in parts/confirm.tsx.
browserTest(
  "a campaign that another operator closed stays closed when its name is corrected, and a value that was given up is not saved",
  async () => {
    const campaign = await shop.campaign({ name: "Spring sael", totalQuantity: 10 });
    const { page, close } = await atConsole("/coupons");
    const sent = watchSent(page);
    await page.getByRole("button", { name: "Edit: Spring sael" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Quantity").fill("9999");
    await dialog.getByRole("button", { name: "No" }).click();
    const [opensAt, closesAt] = [3, 1].map((hours) => new Date(Date.now() - hours * 3_600_000).toISOString());
    good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { opensAt, closesAt }), 200);
    await page.getByRole("button", { name: "Edit: Spring sael" }).click();
    assert.equal(await dialog.getByLabel("Quantity").inputValue(), "10");
    await dialog.getByLabel("Name").fill("Spring sale");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit: Spring sale" }).waitFor();
    assert.deepEqual(sent, [{ name: "Spring sale" }]);
    const after = good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200);
    assert.deepEqual([after.closesAt, after.totalQuantity, after.status], [closesAt, 10, "CLOSED"]);
    await close();
  },
);

browserTest("a product that was opened before its price changed keeps the new price when its SKU is saved", async () => {
  const product = await shop.product({ name: "Old name", price: 1000, stock: 5 });
  const [variant] = product.variants;
  const { page, close } = await atConsole(`/products/${product.id}`);
  const sent = watchSent(page);
  await page.getByRole("button", { name: "Edit: Old name" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Price").fill("1");
  await page.keyboard.press("Escape");
  good(await shop.operator.patch(`/admin/products/${product.id}`, { name: "New name", variants: [{ id: variant?.id, price: 2000 }] }), 200);
  await page.getByRole("button", { name: "Edit: Old name" }).click();
  assert.equal(await dialog.getByLabel("Price").inputValue(), "1000");
  await dialog.getByLabel("SKU").fill("SKU-1");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByRole("heading", { level: 1, name: "New name" }).waitFor();
  // The form below follows what was read, but for what is typed.
  const description = page.getByLabel("Description");
  await description.fill("Made by hand");
  await page.waitForFunction(
    // oxlint-disable-next-line typescript/no-explicit-any -- the page's own globals
    () => [...(globalThis as any).document.querySelectorAll("main input")].some(({ value }) => value === "New name"),
  );
  await page
    .locator(".card", { has: page.getByLabel("Description") })
    .getByRole("button", { name: "Save" })
    .click();
  await page.waitForResponse((response) => response.request().method() === "GET" && response.url().endsWith(product.id));
  assert.deepEqual(sent, [{ variants: [{ id: variant?.id, sku: "SKU-1" }] }, { description: "Made by hand" }]);
  const { name, price, variants } = good(await shop.anyone("GET", `/products/${product.id}`), 200);
  assert.deepEqual([name, price, variants[0].sku], ["New name", 2000, "SKU-1"]);
  await close();
});

browserTest("what was typed into a grant and given up is gone when it is opened again", async () => {
  const user = await shop.user();
  const { page, close } = await atConsole(`/users/${user.id}`);
  await page.getByRole("button", { name: "Grant" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Amount").fill("5000");
  await dialog.getByLabel("Reason").fill("by mistake");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Grant" }).click();
  assert.deepEqual([await dialog.getByLabel("Amount").inputValue(), await dialog.getByLabel("Reason").inputValue()], ["", ""]);
  await close();
});

const says = (page: Page, label: string): Promise<string> =>
  page
    .getByLabel(label, { exact: label !== "Opens" })
    .first()
    .evaluate((input: { validationMessage: string }) => input.validationMessage);

// Goes red without `setCustomValidity` and `max` in parts/fields.tsx.
browserTest("a time that the clocks skip and a year of six digits are refused at their field, and nothing is sent", async () => {
  const abroad = await openTestShop({ env: { SHOP_TIMEZONE: "America/New_York" } });
  const { page, close } = await atConsole("/coupons/new", abroad);
  const sent = watchSent(page);
  try {
    await page.getByText("America/New_York").first().waitFor();
    await page.getByLabel("Name", { exact: true }).fill("Spring forward");
    await page.getByLabel("Opens").fill("2031-03-09T02:30");
    await page.getByRole("button", { name: "Create" }).click();
    assert.match(await says(page, "Opens"), /does not exist in America\/New_York/);
    await page.getByLabel("Opens").fill("275760-01-01T00:00");
    await page.getByRole("button", { name: "Create" }).click();
    assert.notEqual(await says(page, "Opens"), "");
    assert.deepEqual(sent, []);
    await page.getByLabel("Opens").fill("2031-03-09T03:30");
    await page.getByRole("button", { name: "Create" }).click();
    await page.locator("tbody tr", { hasText: "Spring forward" }).getByText("9 Mar 2031, 03:30").waitFor();
    const [made] = good(await abroad.anyone("GET", "/coupons?limit=1"), 200).coupons;
    assert.equal(made.opensAt, "2031-03-09T07:30:00.000Z");

    for (const place of ["Orders", "Sales"]) {
      await page.getByRole("link", { name: place, exact: true }).click();
      await page.getByRole("heading", { level: 1, name: place }).waitFor();
      const before = page.url();
      const message = await page
        .getByLabel("From", { exact: true })
        .evaluate((input: { value: string; validationMessage: string; dispatchEvent(event: Event): void }) => {
          input.value = "275760-01-01";
          input.dispatchEvent(new Event("change", { bubbles: true }));
          return input.validationMessage;
        });
      assert.notEqual(message, "", place);
      assert.equal(page.url(), before, "nothing is asked for that day");
    }
    await close();
  } finally {
    await abroad.close();
  }
});
