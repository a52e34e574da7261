// Drops in the console: made, edited, steered, followed, drawn and reported.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, type InPage, PHONE, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

const drops = async (): Promise<Record<string, unknown>[]> => good(await shop.anyone("GET", "/drops"), 200).drops;
const newDrop = async (fields: Record<string, unknown>): Promise<{ id: string; version: number }> =>
  good(await shop.operator.post("/admin/drops", { opensAt: new Date().toISOString(), ...fields }), 201);

/** The name of the field that has the focus, and the message that belongs to it. */
const focusedField = (page: Page): Promise<[string, string]> =>
  page.evaluate(() => {
    const { document } = globalThis as InPage;
    const field = document.activeElement;
    return [
      field.closest("label").querySelector(".field-label").innerText,
      document.getElementById(field.getAttribute("aria-describedby"))?.innerText,
    ];
  });

// Fails without the `path` of each field in drop-steps.tsx, or without `aria-describedby` in parts.tsx.
browserTest("the shop's errors about an edited drop are at their fields, and the first one has the focus", async () => {
  const { id: productId } = await shop.product({ name: "Bowl", stock: 5 });
  const { id } = await newDrop({ name: "Bowl drop", productId, mode: "FIRST_COME", holdFor: "PT5M", opensAt: "2027-03-01T00:00:00Z" });
  const { page, close } = await atConsole(`/drops/${id}`);
  let errors: { path: string; message: string }[] = [];
  await page.route(`**/admin/drops/${id}`, (route) =>
    route.request().method() === "PATCH"
      ? route.fulfill({
          status: 400,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "/problems/x", title: "", status: 400, code: "INVALID_REQUEST", detail: "The request is invalid", errors }),
        })
      : route.fallback(),
  );
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Another name");
  for (const [path, label] of [
    ["/name", "Name"],
    ["/limitPerCustomer", "Limit per person"],
    ["/holdFor", "Hold (minutes)"],
  ] as const) {
    errors = [{ path, message: "must not be taken" }];
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.locator(".field", { hasText: label }).locator(".field-error").waitFor();
    await eventually(page, "document.activeElement.hasAttribute('aria-describedby')");
    assert.deepEqual(await focusedField(page), [label, "must not be taken"]);
  }
  await assertAccessible(page);
  await close();
});

async function confirm(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button, exact: true }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: button, exact: true }).click();
}

// Fails if the form sends the wall time of this computer, or a hold without its unit.
browserTest("an operator makes a drop of a product that is not on sale yet, by the keyboard alone, and it is sold by the drop's terms", async () => {
  const { id } = await shop.product({ name: "Moon jar", status: "NOT_FOR_SALE", stock: 5 });
  const { page, close } = await atConsole(`/drops/new?product=${id}`);
  await page.getByText("This product is not on sale yet").waitFor();
  await page.getByRole("radio", { name: /^Direct/ }).focus();
  await page.keyboard.press("ArrowDown");
  await page.getByLabel("Hold (minutes)").waitFor();
  await assertAccessible(page);
  await page.getByLabel("Name").fill("Winter jar");
  await page.getByLabel(/^Opens/).fill("2027-01-05T09:00");
  await page.getByLabel(/^Limit per person/).fill("2");
  await page.getByLabel("Hold (minutes)").fill("7");
  await page.getByRole("button", { name: "Make the drop" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("The drop was made.").waitFor();
  await page.getByRole("heading", { level: 1, name: "Winter jar" }).waitFor();
  const [drop] = await drops();
  const { name, mode, opensAt, limitPerCustomer, holdFor, waitlist, status } = drop as Record<string, unknown>;
  assert.deepEqual(
    { name, mode, opensAt, limitPerCustomer, holdFor, waitlist, status },
    {
      name: "Winter jar",
      mode: "FIRST_COME",
      opensAt: "2027-01-05T00:00:00.000Z",
      limitPerCustomer: 2,
      holdFor: "PT7M",
      waitlist: true,
      status: "UPCOMING",
    },
  );
  assert.equal(await page.title(), "Winter jar · Drops · Jangnal console");

  // In the list, and on its day of the calendar.
  await page.getByRole("link", { name: "Drops", exact: true }).click();
  await page.getByRole("link", { name: "Winter jar" }).waitFor();
  await page.getByRole("link", { name: "Calendar" }).click();
  await page.locator(".calendar").waitFor();
  for (const month of ["December 2026", "January 2027"]) {
    await page.getByRole("link", { name: "Next month" }).click();
    await page.getByRole("heading", { name: month }).waitFor();
  }
  await page
    .locator(".calendar li", { hasText: "01/05" })
    .getByRole("link", { name: /09:00 Winter jar/ })
    .click();
  await page.getByRole("heading", { level: 1, name: "Winter jar" }).waitFor();
  await close();
});

// Fails without the second request of `makeDrop`: the product would be sold without a drop.
browserTest("a refused drop does not leave its product on sale", async () => {
  const { id } = await shop.product({ name: "Bowl", status: "NOT_FOR_SALE" });
  const { page, close } = await atConsole(`/drops/new?product=${id}`);
  await page.getByLabel(/^Opens/).fill("2020-01-05T09:00");
  await page.getByText("This product is not on sale yet").waitFor();
  await page.getByRole("button", { name: "Make the drop" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(good(await shop.operator.get(`/products/${id}`), 200).status, "NOT_FOR_SALE");
  await close();
});

// Fails without the stream, or if a dialog's figures are sent without the version.
browserTest("a drop's page follows its line, pauses, resumes, edits and closes it, and then reports it", async () => {
  const { id: productId, variants } = await shop.product({ name: "Jacket", price: 9000, stock: 2 });
  const drop = await newDrop({ name: "Jackets", productId, mode: "FIRST_COME", waitlist: true, limitPerCustomer: 1 });
  const buyers = await shop.users(4, { balance: 100_000 });
  const { page, close } = await atConsole(`/drops/${drop.id}`);
  const figure = (label: string) => page.locator(".tile", { hasText: label }).locator("dd").first();
  await page.getByText("Connected").waitFor();
  for (const buyer of buyers) good(await buyer.post(`/drops/${drop.id}/entries`, {}), 201);
  good(await buyers[0]!.post("/orders", { orderItems: [{ productId, variantId: variants[0]!.id, quantity: 1 }] }), 201);
  await page.locator(".title .pill", { hasText: "Sold out" }).waitFor();
  await figure("Entries").filter({ hasText: "4" }).waitFor();
  await page.locator("tbody tr", { hasText: "Bought" }).first().waitFor();
  await assertAccessible(page);

  await confirm(page, "Pause");
  await page.getByText("The drop is paused.").waitFor();
  await confirm(page, "Resume");
  await page.getByText("The drop goes on.").waitFor();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("only its name and its close can change").waitFor();
  await dialog.getByLabel("Name").fill("Winter jackets");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: "Winter jackets" }).waitFor();

  await confirm(page, "Close the drop");
  await page.getByText("The drop is closed.").waitFor();
  await page.locator(".title .pill", { hasText: "Closed" }).waitFor();
  await figure("Units sold").filter({ hasText: "1" }).waitFor();
  assert.equal(await figure("Revenue").innerText(), "₩9,000");
  assert.match(await figure("Sold out after").innerText(), /\d/);
  await page.getByLabel("Status").selectOption("LAPSED");
  await page.locator("tbody tr", { hasText: "Lapsed" }).first().waitFor();
  assert.match(page.url(), /entries=LAPSED/);
  await assertAccessible(page);
  await confirm(page, "Sell the rest normally");
  // The dialog says of the remaining units that they are sold like any other product.
  await page.getByText("The rest is sold like any other product.").first().waitFor();
  assert.equal(good(await shop.operator.get(`/products/${productId}`), 200).dropId, null);
  await close();
});

browserTest("a draw shows its commitment, waits for the public value, and is drawn with it", async () => {
  const { id: productId } = await shop.product({ name: "Print", stock: 1 });
  const opensAt = Date.parse(good(await shop.anyone("GET", "/shop"), 200).now);
  const drop = await newDrop({
    name: "Prints",
    productId,
    mode: "DRAW",
    opensAt: new Date(opensAt).toISOString(),
    closesAt: new Date(opensAt + 2500).toISOString(),
    publicValueSource: "lottery of 6 December",
  });
  for (const buyer of await shop.users(3)) good(await buyer.post(`/drops/${drop.id}/entries`, {}), 201);
  const { page, close } = await atConsole(`/drops/${drop.id}`, { size: PHONE });
  const { commitment } = good(await shop.anyone("GET", `/drops/${drop.id}/draw`), 200);
  await page.getByText(commitment).waitFor();
  await page.getByText("The draw follows when the public value is entered.").waitFor({ timeout: 120_000 });
  await page.getByRole("button", { name: "Enter the public value" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Public value", { exact: true }).fill("3 14 15 26 41 42");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Enter the public value" }).click();
  await page.getByText("3 14 15 26 41 42").first().waitFor();
  await page
    .locator("dd", { hasText: /^[0-9a-f]{64}$/ })
    .nth(1)
    .waitFor({ timeout: 120_000 });
  await page.getByText(`verify-draw ${shop.url}/drops/${drop.id}`).waitFor();
  await assertAccessible(page);
  await close();
});

// Fails if the form rehearses the product alone: then no report tells of the line, and two people with three accounts get six units.
browserTest("an operator rehearses exactly the drop of a page, on a phone, and reads its line and its many accounts in the report", async () => {
  const { id: productId } = await shop.product({ name: "Lantern", stock: 6, price: 1000 });
  const opensAt = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = await newDrop({ name: "Lantern night", productId, mode: "FIRST_COME", limitPerCustomer: 1, waitlist: true, opensAt });
  const { page, close } = await atConsole(`/drops/${id}`, { size: PHONE });
  await page.getByRole("link", { name: "Rehearse" }).click();
  await page.getByRole("link", { name: "Lantern night" }).waitFor();
  await page.getByText("Limit per person: 1 unit").waitFor();
  await page.getByLabel("Buyers", { exact: true }).fill("20");
  await page.getByLabel("Arriving within (seconds)").fill("0.5");
  await page.getByLabel(/^Buyers who give up/).fill("0");
  await page.getByLabel(/^People with several accounts/).fill("10");
  await assertAccessible(page);
  await page.getByRole("button", { name: "Start the rehearsal" }).click();
  await page.getByRole("heading", { name: "The drop's result" }).waitFor({ timeout: 120_000 });
  await page.getByText(/2 people with 6 accounts bought/).waitFor();
  const result = page.locator(".card", { has: page.getByRole("heading", { name: "The drop's result" }) });
  assert.match(await result.innerText(), /Sold\s+6\s/);
  assert.match(await result.innerText(), /Waiting\s+18$/);
  await assertAccessible(page);
  const [rehearsal] = good(await shop.operator.get("/admin/rehearsals?limit=1"), 200).rehearsals;
  const { name, mode, giveUpPercent, manyAccountsPercent } = rehearsal.plan.drop;
  assert.deepEqual([rehearsal.dropId, name, mode, giveUpPercent, manyAccountsPercent], [id, "Lantern night", "FIRST_COME", 0, 10]);
  await page.getByRole("link", { name: "To the drop" }).click();
  await page.getByRole("heading", { level: 1, name: "Lantern night" }).waitFor();
  await close();
});
