// The console's forms send only the operator's changes, and times of the shop's clock.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Locator, Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, useBrowser, visit, type VisitOptions } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const atConsole = (path: string, at = shop, options: VisitOptions = {}): ReturnType<typeof visit> =>
  visit(`${at.url}/console#${path}`, { operator: at.operator, language: "en", size: DESKTOP, ...options });

/** Collects the bodies of the requests that change data. */
function watchSent(page: Page): unknown[] {
  const sent: unknown[] = [];
  page.on("request", (request) => request.method() !== "GET" && sent.push(request.postDataJSON()));
  return sent;
}

/** Opens the dialog of a row's "Edit" button. */
async function openEditor(page: Page, name: string): Promise<Locator> {
  await page.getByRole("button", { name: `Edit: ${name}` }).click();
  return page.getByRole("dialog");
}

// Fails if the form sends unchanged fields, and without `opened` in parts/confirm.tsx.
browserTest("a campaign that another operator closed stays closed when its name is corrected, and a cancelled value is not saved", async () => {
  const campaign = await shop.campaign({ name: "Spring sael", totalQuantity: 10 });
  const { page, close } = await atConsole("/coupons");
  const sent = watchSent(page);
  const dialog = await openEditor(page, "Spring sael");
  await dialog.getByLabel("Quantity").fill("9999");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  const { closesAt } = good(await shop.operator.post(`/admin/coupons/${campaign.id}/close`), 200);
  await openEditor(page, "Spring sael");
  assert.equal(await dialog.getByLabel("Quantity").inputValue(), "10");
  await dialog.getByLabel("Name").fill("Spring sale");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText(/^Closes: In the shop: /).waitFor();
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Edit: Spring sale" }).waitFor();
  assert.deepEqual(sent, [
    { name: "Spring sale", version: 1 },
    { name: "Spring sale", version: 2 },
  ]);
  const after = good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200);
  assert.deepEqual([after.closesAt, after.totalQuantity, after.status], [closesAt, 10, "CLOSED"]);
  await close();
});

// Fails without `version` in edit-coupon.tsx: the second operator's quantity would be overwritten unseen.
browserTest("two operators who change the same field of a campaign: the second sees both values and chooses", async () => {
  const campaign = await shop.campaign({ name: "Contested", totalQuantity: 10 });
  const quantity = async (): Promise<number> => good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).totalQuantity;
  const { page, close } = await atConsole("/coupons");
  const dialog = await openEditor(page, "Contested");
  await dialog.getByLabel("Quantity").fill("20");
  good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { totalQuantity: 30 }), 200);
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("alert").getByText("Another user changed this first").waitFor();
  assert.equal(await quantity(), 30);
  await assertAccessible(page);
  assert.ok(await dialog.getByRole("radio", { name: "Yours: 20" }).isChecked());
  await dialog.getByRole("radio", { name: "In the shop: 30" }).check();
  assert.equal(await dialog.getByLabel("Quantity").first().inputValue(), "30");
  await dialog.getByRole("radio", { name: "Yours: 20" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await quantity(), 20);

  await openEditor(page, "Contested");
  await dialog.getByLabel("Quantity").fill("25");
  good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { totalQuantity: 40 }), 200);
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("radio", { name: "In the shop: 40" }).check();
  const sent = watchSent(page);
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(sent, []);
  assert.equal(await quantity(), 40);
  await close();
});

browserTest("a variant whose price another operator changed keeps that price when its SKU is saved, and the SKU can be cleared", async () => {
  const product = await shop.product({ name: "Old name", price: 1000, stock: 5 });
  const [variant] = product.variants;
  const { page, close } = await atConsole(`/products/${product.id}`);
  const sent = watchSent(page);
  const dialog = await openEditor(page, "Old name");
  await dialog.getByLabel("Price").fill("1");
  await page.keyboard.press("Escape");
  good(await shop.operator.patch(`/admin/products/${product.id}`, { variants: [{ id: variant?.id, price: 2000 }] }), 200);
  await openEditor(page, "Old name");
  assert.equal(await dialog.getByLabel("Price").inputValue(), "1000");
  await dialog.getByLabel("SKU").fill("SKU-1");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("Price: In the shop: ₩2,000").waitFor();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.deepEqual(sent, [
    { variants: [{ id: variant?.id, sku: "SKU-1", version: 0 }] },
    { variants: [{ id: variant?.id, sku: "SKU-1", version: 1 }] },
  ]);
  const read = async () => good(await shop.anyone("GET", `/products/${product.id}`), 200);
  assert.deepEqual([(await read()).price, (await read()).variants[0].sku], [2000, "SKU-1"]);
  await openEditor(page, "Old name");
  await dialog.getByLabel("SKU").fill("");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal((await read()).variants[0].sku, null);
  await close();
});

// Fails if `follow` (form.ts) takes over a newer version without a conflict.
browserTest("a typed product name survives a reload of the page, and its conflict with another operator's name is shown", async () => {
  const product = await shop.product({ name: "First", price: 1000, stock: 5 });
  const { page, close } = await atConsole(`/products/${product.id}`);
  const sent = watchSent(page);
  const form = page.locator(".card", { has: page.getByLabel("Description") });
  await form.getByLabel("Description").fill("Made by hand");
  // An edit of a variant raises the product's version without a difference in the fields of this form.
  good(await shop.operator.patch(`/admin/products/${product.id}`, { variants: [{ id: product.variants[0]?.id, price: 2000 }] }), 200);
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.deepEqual(sent, [
    { description: "Made by hand", version: 0 },
    { description: "Made by hand", version: 1 },
  ]);

  await form.getByLabel("Name").fill("Mine");
  good(await shop.operator.patch(`/admin/products/${product.id}`, { name: "Theirs" }), 200);
  await page.getByRole("button", { name: "Take off sale" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take off sale" }).click();
  await page.getByRole("heading", { level: 1, name: "Theirs" }).waitFor();
  assert.equal(await form.getByRole("textbox", { name: "Name" }).inputValue(), "Mine");
  await form.getByRole("radio", { name: "In the shop: Theirs" }).check();
  assert.equal(await form.getByRole("textbox", { name: "Name" }).inputValue(), "Theirs");
  await close();
});

// Fails if the console sends its own clock.
browserTest("a campaign closes at once although the operator's clock is ten minutes ahead", async () => {
  const campaign = await shop.campaign({ name: "To be closed" });
  const { page, close } = await atConsole("/coupons", shop, { clockAheadMs: 600_000 });
  const sent = watchSent(page);
  await page.getByRole("button", { name: "Close: To be closed" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Close: To be closed" }).and(page.locator(":disabled")).waitFor();
  assert.deepEqual(sent, [{}]);
  assert.equal(good(await shop.anyone("GET", `/coupons/${campaign.id}`), 200).status, "CLOSED");
  await close();
});

browserTest("the forms propose times by the shop's clock although the operator's clock is a year ahead", async () => {
  const { page, close } = await atConsole("/coupons/new", shop, { clockAheadMs: 365 * 86_400_000 });
  const opens = page.getByLabel("Opens");
  await page.waitForFunction((input) => (input as unknown as { value: string } | null)?.value !== "", await opens.elementHandle());
  const year = new Intl.DateTimeFormat("en", { timeZone: "Asia/Seoul", year: "numeric" }).format(Date.now() + 600_000);
  assert.equal((await opens.inputValue()).slice(0, 4), year);
  await close();
});

browserTest("a cancelled grant leaves no values in its dialog", async () => {
  const user = await shop.user();
  const { page, close } = await atConsole(`/users/${user.id}`);
  await page.getByRole("button", { name: "Grant", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Amount").fill("5000");
  await dialog.getByLabel("Reason", { exact: true }).fill("by mistake");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Grant", exact: true }).click();
  assert.deepEqual([await dialog.getByLabel("Amount").inputValue(), await dialog.getByLabel("Reason", { exact: true }).inputValue()], ["", ""]);
  await close();
});

const validationOf = (page: Page, label: string): Promise<string> =>
  page
    .getByLabel(label, { exact: label !== "Opens" })
    .first()
    .evaluate((input: { validationMessage: string }) => input.validationMessage);

// Fails without `setCustomValidity` and `max` in parts/fields.tsx.
browserTest("a time that the clocks skip and a year of six digits are refused at their field and not sent", async () => {
  const abroad = await openTestShop({ env: { SHOP_TIMEZONE: "America/New_York" } });
  const { page, close } = await atConsole("/coupons/new", abroad);
  const sent = watchSent(page);
  try {
    await page.getByText("America/New_York").first().waitFor();
    await page.getByLabel("Name", { exact: true }).fill("Spring forward");
    await page.getByLabel("Opens").fill("2031-03-09T02:30");
    await page.getByRole("button", { name: "Create" }).click();
    assert.match(await validationOf(page, "Opens"), /does not exist in America\/New_York/);
    await page.getByLabel("Opens").fill("275760-01-01T00:00");
    await page.getByRole("button", { name: "Create" }).click();
    assert.notEqual(await validationOf(page, "Opens"), "");
    assert.deepEqual(sent, []);
    await page.getByLabel("Opens").fill("2031-03-09T03:30");
    await page.getByRole("button", { name: "Create" }).click();
    await page.locator("tbody tr", { hasText: "Spring forward" }).getByText("9 Mar 2031, 03:30").waitFor();
    const [made] = good(await abroad.anyone("GET", "/coupons?limit=1"), 200).coupons;
    assert.equal(made.opensAt, "2031-03-09T07:30:00.000Z");

    for (const name of ["Orders", "Sales"]) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      const before = page.url();
      const message = await page
        .getByLabel("From", { exact: true })
        .evaluate((input: { value: string; validationMessage: string; dispatchEvent(event: Event): void }) => {
          input.value = "275760-01-01";
          input.dispatchEvent(new Event("change", { bubbles: true }));
          return input.validationMessage;
        });
      assert.notEqual(message, "", name);
      assert.equal(page.url(), before, "the page does not search for that day");
    }
    await close();
  } finally {
    await abroad.close();
  }
});
