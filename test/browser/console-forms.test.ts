// Forms of the console: variants and their stock, coupons by the shop's clock, and validation.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, DESKTOP, browserTest, PHONE, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
let buyer: Client;
before(async () => {
  shop = await openTestShop();
  buyer = await shop.user({ balance: 1_000_000 });
});
after(() => shop.close());

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

browserTest("an operator creates a product with variants, adjusts its stock with a reason, and reads both in the journal", async () => {
  const { page, close } = await atConsole("/catalog", { size: PHONE });
  await page.getByRole("link", { name: "New product" }).click();
  await field(page, "Name").fill("Hoodie");
  await field(page, "Price").fill("69000");
  await field(page, "Several variants (sizes, colors)").check();
  await field(page, "Values of option 1, separated by commas").fill("Black, White, Black");
  await field(page, "Values of option 2, separated by commas").fill("S, M, XL");
  await field(page, "Stock of every variant").fill("40");
  await page.getByRole("button", { name: "Fill in" }).click();
  await field(page, "Stock: White / XL").fill("");
  await field(page, "Stock: Black / M").fill("0");
  await page.getByText("5 variants, 160 units").waitFor();
  await page.getByText("SKU and price per variant").click();
  await page.getByLabel("SKU prefix").fill("HOOD");
  await field(page, "SKU: Black / S").fill("FIRST");
  await field(page, "Price: Black / XL").fill("72000");
  await assertAccessible(page);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: "Hoodie" }).waitFor();
  const [, id] = /products\/([\w-]{36})/.exec(page.url()) ?? [];
  const read = async (): Promise<Record<string, unknown[]>> => {
    const { variants } = good(await shop.anyone("GET", `/products/${id}`), 200) as { variants: Record<string, unknown>[] };
    return Object.fromEntries(variants.map(({ name, sku, price, stock }) => [name, [sku, price, stock]]));
  };
  assert.deepEqual(await read(), {
    "Black / S": ["FIRST", 69_000, 40],
    "Black / M": ["HOOD-Black-M", 69_000, 0],
    "Black / XL": ["HOOD-Black-XL", 72_000, 40],
    "White / S": ["HOOD-White-S", 69_000, 40],
    "White / M": ["HOOD-White-M", 69_000, 40],
  });

  await field(page, "Units to add or remove: Black / M").fill("25");
  await field(page, "Units to add or remove: White / S").fill("-3");
  await field(page, "Reason").fill("second delivery");
  await page.getByRole("button", { name: "Adjust stock" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Changes the stock of 2 variants: +25, −3 units.").waitFor();
  await dialog.getByText("40 → 37").waitFor();
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Adjust" }).click();
  await page.getByText("The stock was adjusted.").waitFor();
  const stocks = await read();
  assert.deepEqual([stocks["Black / M"]?.[2], stocks["White / S"]?.[2], stocks["Black / S"]?.[2]], [25, 37, 40]);

  await page.getByRole("combobox", { name: "Variant" }).selectOption({ label: "White / S" });
  const journal = page.locator(".card", { has: page.getByRole("heading", { name: "Stock journal" }) }).locator("tbody tr");
  await journal.filter({ hasText: "second delivery" }).waitFor();
  assert.match(await journal.nth(0).innerText(), /second delivery\s[^]*-3[^]*37/);
  assert.match(await journal.nth(1).innerText(), /initial stock\s[^]*\+40[^]*40/);

  await page.getByRole("button", { name: "Edit: White / M" }).click();
  await dialog.getByLabel("Color").fill("Ivory");
  await dialog.getByLabel("SKU").fill("IV-M");
  await dialog.getByLabel("Price").fill("65000");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.deepEqual((await read())["Ivory / M"], ["IV-M", 65_000, 40]);
  await close();
});

// Fails if a repeat after a refusal adjusts the finished variants again.
browserTest("a refused stock adjustment stays in the form, and the others happen once", async () => {
  const product = await shop.product({ variants: ["S", "M"].map((size) => ({ options: { Size: size }, price: 1000, stock: 5 })) });
  const { page, close } = await atConsole(`/products/${product.id}`);
  await field(page, "Units to add or remove: S").fill("10");
  await field(page, "Units to add or remove: M").fill("-5");
  await field(page, "Reason").fill("counted");
  await page.getByRole("button", { name: "Adjust stock" }).click();
  // A buyer takes units while the dialog is open.
  good(await buyer.post("/orders", { orderItems: [{ productId: product.id, variantId: product.variants[1]?.id, quantity: 2 }] }), 201);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Adjust" }).click();
  await dialog.getByRole("alert").getByText("Not enough stock").waitFor();
  await dialog.getByText("3 → -2").waitFor();
  assert.equal(await dialog.locator("li").count(), 1);
  assert.equal(await shop.stockOf(product), 18);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await field(page, "Units to add or remove: M").fill("-3");
  await page.getByRole("button", { name: "Adjust stock" }).click();
  await dialog.getByRole("button", { name: "Adjust" }).click();
  await page.getByText("The stock was adjusted.").waitFor();
  assert.equal(await shop.stockOf(product), 15);
  await close();
});

// Fails if `momentOf` uses the time zone of the browser.
browserTest("a coupon's times are in the shop's zone, in any time zone of the operator", async () => {
  const { page, close } = await atConsole("/coupons/new", { context: { timezoneId: "America/New_York" } });
  await page.getByText("Asia/Seoul").first().waitFor();
  await field(page, "Name").fill("Evening");
  await page.getByLabel("Opens").fill("2031-03-09T20:00");
  await page.getByLabel("Closes").fill("2031-03-09T21:30");
  await page.getByLabel("Minimum order").fill("30000");
  await page.getByRole("button", { name: "Create" }).click();
  const row = page.locator("tbody tr", { hasText: "Evening" });
  await row.getByText("9 Mar 2031, 20:00").waitFor();
  const [made] = good(await shop.anyone("GET", "/coupons?limit=1"), 200).coupons;
  assert.deepEqual([made.opensAt, made.closesAt], ["2031-03-09T11:00:00.000Z", "2031-03-09T12:30:00.000Z"]);
  assert.deepEqual(made.discount, { type: "FIXED", amount: 5000, minOrderAmount: 30_000 });

  await row.getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Closes").fill("2031-03-09T19:00");
  await dialog.getByRole("button", { name: "Save" }).click();
  // The shop's own validation names the field by the form's label.
  await dialog.getByRole("alert").getByText("Closes: must be later than opensAt").waitFor();
  await dialog.getByLabel("Closes").fill("");
  await dialog.getByLabel("Quantity").fill("250");
  await dialog.getByRole("button", { name: "Save" }).click();
  await row.getByText("250 / 250").waitFor();
  assert.equal(good(await shop.anyone("GET", `/coupons/${made.id}`), 200).closesAt, null);
  await close();
});

// Fails if a form sends an invalid value, or does not report its field. A case: route, dialog, typed values, button, reported fields.
browserTest("an invalid value is reported at its field, gets the focus, and is not sent", async () => {
  const product = await shop.product({ name: "Plain", stock: 3 });
  const campaign = await shop.campaign({ name: "Some", totalQuantity: 5 });
  good(await buyer.post(`/coupons/${campaign.id}/issue`), 201);
  const { page, close } = await atConsole("/jobs");
  const sent: string[] = [];
  page.on("request", (request) => request.method() !== "GET" && sent.push(`${request.method()} ${request.url()}`));
  const cases: [path: string, open: string | null, typed: Record<string, string>, press: string, invalid: string[]][] = [
    ["/products/new", null, { Name: " ", Price: "-1", Stock: "1.5" }, "Create", ["Name", "Price", "Stock"]],
    ["/products/new", null, { Name: "x", Price: "5", Stock: "" }, "Create", ["Stock"]],
    [
      "/coupons/new",
      null,
      { Name: "", Amount: "0", Quantity: "0", Opens: "", "Valid for (days)": "0" },
      "Create",
      ["Name", "Amount", "Quantity", "Opens", "Valid for (days)"],
    ],
    [
      `/rehearsals?product=${product.id}`,
      null,
      { Buyers: "10001", "Arriving within (seconds)": "61" },
      "Start the rehearsal",
      ["Buyers", "Arriving within (seconds)"],
    ],
    [
      `/products/${product.id}`,
      null,
      { "Units to add or remove: Plain": "-4", Reason: "" },
      "Adjust stock",
      ["Units to add or remove: Plain", "Reason"],
    ],
    [`/products/${product.id}`, null, { Name: "" }, "Save", ["Name"]],
    [`/products/${product.id}`, "Edit: Plain", { Name: "", Price: "x" }, "Save", ["Name", "Price"]],
    ["/coupons", "Edit: Some", { Name: "", Quantity: "0" }, "Save", ["Name", "Quantity"]],
    [`/users/${buyer.id}`, "Grant", { Amount: "0", Reason: " " }, "Grant", ["Amount", "Reason"]],
  ];
  for (const [path, open, typed, press, invalid] of cases) {
    await page.evaluate(`location.hash = "/live"`);
    await page.getByRole("heading", { level: 1, name: "Live" }).waitFor();
    await page.evaluate(`location.hash = ${JSON.stringify(path)}`);
    const opener = open === null ? null : page.getByRole("button", { name: open, exact: true }).first();
    await opener?.click();
    const within = open === null ? page.locator("main") : page.getByRole("dialog");
    for (const [label, value] of Object.entries(typed)) {
      const at = within.locator("input:visible").and(within.getByLabel(label)).first();
      await at.waitFor();
      // `fill` refuses text in a number field, so it is typed.
      if (value === "x" && label === "Price") {
        await at.fill("");
        await at.pressSequentially("e");
      } else await at.fill(value);
    }
    await within.getByRole("button", { name: press, exact: true }).last().click();
    const found = (await page.evaluate(
      `(() => { const all = [...document.querySelectorAll("main :is(input, select, textarea):invalid")].filter((at) => at.checkVisibility() && ${open === null ? "at.closest('dialog') === null" : "at.closest('dialog[open]') !== null"});
        const called = (at) => at.getAttribute("aria-label") ?? at.labels[0].querySelector(".field-label").textContent;
        return { wrong: all.map(called), focus: called(document.activeElement), says: document.activeElement.validationMessage }; })()`,
    )) as { wrong: string[]; focus: string; says: string };
    const reported = found.wrong.filter((label) => label in typed);
    assert.deepEqual(reported, invalid, path);
    assert.equal(found.focus, invalid[0], path);
    assert.notEqual(found.says, "", path);
  }
  assert.deepEqual(sent, []);

  await page.evaluate(`location.hash = "/orders"`);
  await field(page, "Order number, buyer's name, external ID or product").fill("not an order");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("No orders match.").waitFor();
  await page.evaluate(`location.hash = "/products/new"`);
  await field(page, "Name").fill("x");
  await field(page, "Price").fill("1");
  await field(page, "Several variants (sizes, colors)").check();
  await field(page, "Values of option 1, separated by commas").fill(Array.from({ length: 21 }, (_, i) => `c${i}`).join(","));
  await field(page, "Values of option 2, separated by commas").fill(Array.from({ length: 10 }, (_, i) => `s${i}`).join(","));
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("alert").getByText("Options: at most 200 variants.").waitFor();
  await field(page, "Values of option 1, separated by commas").fill("c");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("alert").getByText("Stock: enter the stock of at least one variant.").waitFor();
  assert.deepEqual(sent, []);
  await close();
});
