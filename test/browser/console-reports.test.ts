// The console's figures: sales, the memory of the live page, money in doubt, and the way to each page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";
import type { Locator } from "playwright-core";
import { Client, good, openTestShop, SECRET, type TestShop } from "../support/shop.ts";
import { token } from "../support/tokens.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, type InPage, PHONE, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
let orderNumber: string;
before(async () => {
  shop = await openTestShop();
  const buyer = await shop.user({ balance: 1_000_000, name: "Kim Min-su" });
  const { id, variants } = await shop.product({ name: "=Tea bowl, large", price: 10_000, stock: 100 });
  const userCouponId = await shop.coupon(buyer, { discount: { type: "FIXED", amount: 2000 } });
  const items = [{ productId: id, quantity: 2 }];
  const order = good(await buyer.post("/orders", { orderItems: items, userCouponId }), 201);
  orderNumber = order.orderNumber;
  good(await buyer.post("/orders", { orderItems: items }), 201);
  good(
    await shop.operator.post(`/admin/orders/${order.orderId}/refunds`, { items: [{ variantId: variants[0]!.id, quantity: 1 }], reason: "x" }),
    200,
  );
});
after(() => shop.close());

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

// Fails if net is computed from revenue alone, or if the file differs from the page.
browserTest("sales show net, discount, refunds, orders and their average, compare with the period before, and are saved as CSV", async () => {
  const { page, close } = await atConsole("/sales");
  const figure = async (label: string): Promise<string> =>
    page
      .locator(".tile", { has: page.getByText(label, { exact: true }) })
      .locator("dd")
      .first()
      .innerText();
  await page.getByRole("button", { name: "Count now" }).click();
  await page.locator(".tile", { hasText: "₩29,000" }).first().waitFor();
  await page.getByText(/^As of /).waitFor();
  assert.deepEqual(
    [await figure("Net sales"), await figure("Discount"), await figure("Refunded"), await figure("Orders"), await figure("Average order")],
    ["₩29,000", "₩1,000", "₩9,000", "2", "₩14,500"],
  );
  await assertAccessible(page);
  // No tile stands alone in a row.
  const ends = await page.locator(".tiles").evaluate((tiles: InPage) => {
    const rows = new Map<number, number>();
    for (const tile of tiles.children) {
      const { top, right } = tile.getBoundingClientRect();
      rows.set(Math.round(top), Math.max(rows.get(Math.round(top)) ?? 0, Math.round(right)));
    }
    return [...rows.values()];
  });
  assert.equal(new Set(ends).size, 1, String(ends));
  await page.getByRole("combobox", { name: "Period" }).selectOption("yesterday");
  await page.getByText("No sales in this period.").first().waitFor();
  await page.getByRole("combobox", { name: "Period" }).selectOption("today");
  await page.getByLabel("Compare with the period before").check();
  await eventually(page, `location.hash.includes("compare=yes")`);
  await page.reload();
  await page.locator(".tile", { hasText: "Net sales" }).waitFor();
  assert.equal(await page.getByRole("combobox", { name: "Period" }).inputValue(), "today");
  assert.equal(await figure("Net sales"), "₩29,000");

  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV by product" }).click()]);
  const text = readFileSync(await saved.path(), "utf8");
  assert.match(text, /^\uFEFFproductId,Product,Units,Revenue,Discount,Refunded,Net sales\r\n/);
  // A spreadsheet must not run a name as a formula.
  assert.match(text, /,"'=Tea bowl, large",3,30000,1000,9000,29000\r\n$/);
  await close();
});

// Fails without the report: the stream alone forgets at a reload.
browserTest("the live page remembers the latest drop's totals, peak and time to sold out, also after a reload", async () => {
  const { id: productId } = await shop.product({ name: "Jar", price: 7000, stock: 2 });
  good(await shop.operator.post("/admin/drops", { name: "Jars", productId, opensAt: new Date().toISOString() }), 201);
  for (const buyer of await shop.users(2, { balance: 7000 })) good(await buyer.post("/orders", { orderItems: [{ productId, quantity: 1 }] }), 201);
  const { page, close } = await atConsole("/live");
  const card = page.locator(".card", { has: page.getByRole("heading", { name: "Latest drop" }) });
  for (let visits = 0; visits < 2; visits++) {
    await card.getByRole("link", { name: "Jars" }).waitFor();
    await card.getByText("₩14,000").waitFor();
    await card.getByText("Sold out after").waitFor();
    await card.getByText("Peak orders / s").waitFor();
    await page.reload();
  }
  // The drop comes before the charts of the last minutes.
  const topOf = async (element: Locator): Promise<number> => (await element.boundingBox())?.y ?? Number.NaN;
  assert.ok((await topOf(card)) < (await topOf(page.locator(".charts"))));
  // Each chart shows the values under the pointer.
  const charts = page.locator("figure.chart");
  await charts.nth(4).waitFor();
  for (const chart of await charts.all()) {
    await chart.locator(".u-over").hover({ position: { x: 3, y: 20 } });
    await chart.locator(".chart-at").waitFor();
  }
  await assertAccessible(page);
  await close();
});

browserTest("jobs tell their schedule and their last result in words, in Korean and in English", async () => {
  good(await shop.operator.post("/admin/jobs/recount-sales/run"), 200);
  for (const [language, schedule, result] of [
    ["ko", "매주 월요일 4:00", /^집계 \d/],
    ["en", "every Monday at 4:00", /^rows \d/],
  ] as const) {
    const { page, close } = await atConsole("/jobs", { language });
    const row = page.getByRole("row", { name: "recount-sales" });
    await row.getByText(schedule, { exact: true }).waitFor();
    await row.getByRole("cell").filter({ hasText: result }).waitFor();
    assert.deepEqual(await page.getByText("* * *").all(), []);
    assert.deepEqual(await page.getByText(/[a-z][A-Z]\w* \d/).all(), []);
    await close();
  }
});

browserTest("Ctrl+K opens an order, a user or a page by name, by the keyboard alone, and returns the focus", async () => {
  const { page, close } = await atConsole("/jobs");
  await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
  const box = page.getByRole("combobox", { name: "Go to" });
  const go = async (text: string, option: RegExp): Promise<void> => {
    await page.keyboard.press("Control+k");
    await box.waitFor();
    await page.keyboard.type(text);
    await page.getByRole("option", { name: option }).first().waitFor();
    await assertAccessible(page);
    const index = await page
      .getByRole("option")
      .allInnerTexts()
      .then((texts) => texts.findIndex((found) => option.test(found.replaceAll("\n", " "))));
    for (let i = 0; i < index; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
  };
  await go(orderNumber.slice(0, 10).toLowerCase(), new RegExp(orderNumber));
  await page.getByRole("heading", { level: 1, name: orderNumber }).waitFor();
  await go("Kim", /User Kim Min-su/);
  await page.getByRole("heading", { level: 1, name: "Kim Min-su" }).waitFor();
  await go("aud", /Page Audit/);
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  await page.keyboard.press("Control+k");
  await box.waitFor();
  await page.keyboard.press("Escape");
  await box.waitFor({ state: "detached" });
  await close();
});

browserTest("the journal shows who did what, and its filters are in the address", async () => {
  const other = new Client(shop.url, "lee@shop", "operator");
  const { id } = good(await other.post("/admin/products", { name: "Cup", price: 1, stock: 1 }), 201);
  const { page, close } = await atConsole(`/journal?actor=${encodeURIComponent("lee@shop")}`);
  const row = page.locator("tbody tr:only-child");
  await row.getByText("Create products").waitFor();
  await row.getByRole("link", { name: `…${id.slice(-10)}` }).waitFor();
  await row.locator("summary").click();
  await row.getByText("catalog").waitFor();
  await assertAccessible(page);
  await page.getByRole("combobox", { name: "Action" }).selectOption("refundOrder");
  await page.getByText("No entries match.").waitFor();
  assert.match(page.url(), /operation=refundOrder/);
  await close();
});

browserTest("an order, a product, a drop, a coupon and a user lead to their entries in the journal, and an order to its money in doubt", async () => {
  const buyer = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "Bowl", price: 1000, stock: 5 });
  const order = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  good(await shop.operator.post(`/admin/orders/${order.orderId}/preparing`), 200);
  const { id: dropId } = good(
    await shop.operator.post("/admin/drops", { name: "Bowls", productId: product.id, opensAt: new Date(Date.now() + 3_600_000).toISOString() }),
    201,
  );
  const coupon = await shop.campaign({ name: "One" });
  const { page, close } = await atConsole("/jobs");
  const payment = { id: order.orderId, orderId: order.orderId, userId: buyer.id, kind: "REFUND", amount: 1000, paymentKey: "key", reason: null };
  const inDoubt = { ...payment, outcomes: ["RETURNED"], createdAt: order.createdAt };
  await page.route("**/admin/payments/attention*", (route) => route.fulfill({ json: { payments: [inDoubt], nextCursor: null } }));
  await page.reload();
  for (const [path, action] of [
    [`/orders/${order.orderId}`, "Prepare an order"],
    [`/products/${product.id}`, "Make a drop"],
    [`/drops/${dropId}`, "Make a drop"],
    [`/coupons/${coupon.id}`, "Create a coupon"],
    [`/users/${buyer.id}`, "Create users"],
  ] as const) {
    await page.goto(`${shop.url}/console#${path}`);
    await page.locator(".title").getByRole("link", { name: "Journal" }).click();
    await page.getByRole("heading", { level: 1, name: "Journal" }).waitFor();
    await page.locator("tbody").getByText(action).first().waitFor();
  }
  await page.goto(`${shop.url}/console#/orders/${order.orderId}`);
  await page.getByText("Outcome of a refund unknown").waitFor();
  await page.getByRole("link", { name: "Enter the outcome" }).click();
  await page.getByRole("heading", { level: 1, name: "Payments" }).waitFor();
  await close();
});

// Fails if the menu or a page ignores the permissions of the token.
browserTest("the console shows an operator only what the permissions allow", async () => {
  const claims = { sub: "warehouse", role: "operator", permissions: ["fulfilment", "orders"], exp: Math.floor(Date.now() / 1000) + 3600 };
  const operator = { token: token({ alg: "HS256" }, claims, SECRET), id: "warehouse" } as Client;
  const { page, close } = await atConsole("/orders", { operator, size: PHONE });
  await page.getByRole("link", { name: orderNumber }).click();
  await page.getByRole("heading", { level: 1, name: orderNumber }).waitFor();
  await page.getByRole("button", { name: "Ship" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /^Refund/ }).count(), 0);
  await page.getByRole("button", { name: /^Menu/ }).click();
  assert.deepEqual(await page.locator("nav a").allInnerTexts(), ["Orders", "Returns"]);
  await page.evaluate(`location.hash = "#/jobs"`);
  await page.getByText("It needs the permission “operations”.").waitFor();
  await assertAccessible(page);
  await close();
});
