// The console on a phone of 390 × 664 without enlarging the window, with large text, in forced colors, and its first load.

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, useBrowser, visit } from "./browser.ts";

const PHONE = { width: 390, height: 664 };

useBrowser();
let shop: TestShop;
let paths: string[];
before(async () => {
  shop = await openTestShop();
  const buyer = await shop.user({ balance: 1_000_000, name: "김민수" });
  const product = await shop.product({ name: "달항아리", stock: 50, price: 10_000 });
  const { orderId } = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }] }), 201);
  const campaign = await shop.campaign({ name: "첫 장날" });
  const { id: dropped } = await shop.product({ name: "자켓", stock: 5 });
  const opensAt = new Date().toISOString();
  const drop = good(await shop.operator.post("/admin/drops", { name: "자켓 드롭", productId: dropped, mode: "FIRST_COME", opensAt }), 201);
  good(await buyer.post(`/drops/${drop.id}/entries`, {}), 201);
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  paths = ["/live", "/drops", "/drops?view=calendar", `/drops/new?product=${product.id}`, `/drops/${drop.id}`, "/rehearsals", "/orders"].concat(
    [`/orders/${orderId}`, "/orders/ship", "/returns", "/catalog", `/products/${product.id}`, "/coupons", "/coupons/new"],
    [`/coupons/${campaign.id}`, "/balances", `/users/${buyer.id}`, "/sales", "/payments", "/events", "/jobs", "/journal", "/audit"],
    ["/products/new", `/rehearsals?product=${product.id}`, `/rehearsals?drop=${drop.id}`, "/orders?filters=open", "/unknown"],
  );
});
after(() => shop.close());

async function open(page: Page, path: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#${path}`)}`);
  await page.locator("h1").waitFor();
  await page.locator(".busy").first().waitFor({ state: "detached" });
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
}

const CONTROLS = "button, input, select, textarea, summary, a.button, nav a, td.main a";

/** Controls that are too small for a finger, or that lie under another element once they are scrolled into view. */
const faults = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(CONTROLS)})].filter((control) => control.checkVisibility()).flatMap((control) => {
    // A check box is pressed by its label, too.
    const target = /checkbox|radio/.test(control.type) ? control.closest("label") : control;
    target.scrollIntoView({ block: "center" });
    const { x, y, width, height } = target.getBoundingClientRect();
    const name = control.tagName + " " + (control.getAttribute("aria-label") || control.textContent || control.type).trim().slice(0, 40);
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    const covered = top === null || !(target.contains(top) || top.contains(target));
    return [
      ...(width < 43.5 || height < 43.5 ? [name + ": " + Math.round(width) + " x " + Math.round(height)] : []),
      ...(covered ? [name + " is covered by " + (top && top.className)] : []),
    ];
  })`);

// Fails if a control is smaller than a finger, or if a sticky part covers one.
browserTest("on a phone every control of the console is at least 44 pixels in both directions and nothing covers it", async () => {
  const { page, close } = await visit(`${shop.url}/console#/jobs`, { operator: shop.operator, size: PHONE });
  for (const path of paths) {
    await open(page, path);
    await page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true");
    assert.deepEqual(await faults(page), [], path);
  }
  await close();
});

// Fails without the fold: the filters of the orders were 360 px of the window's 664.
browserTest("on a phone the filters of the orders are behind one button that counts them, and a reload keeps them", async () => {
  const { page, close } = await visit(`${shop.url}/console#/orders`, { operator: shop.operator, size: PHONE, language: "en" });
  await page.locator("tbody tr").first().waitFor();
  assert.ok(((await page.locator("form.filters").boundingBox())?.height ?? 999) < 150);
  assert.equal(await page.getByLabel("Fulfilment").isVisible(), false);
  await page.getByRole("button", { name: "Filters", exact: true }).click();
  await page.getByLabel("Fulfilment").selectOption({ label: "Not shipped" });
  await page.getByLabel("From").fill("2020-01-01");
  await page.getByRole("button", { name: "Filters (2)" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Filters (2)", expanded: true }).waitFor();
  assert.equal(await page.getByLabel("Fulfilment").inputValue(), "NONE");
  await page.getByRole("button", { name: "Filters (2)" }).click();
  await page.getByLabel("Fulfilment").waitFor({ state: "hidden" });
  assert.doesNotMatch(page.url(), /filters/);
  await page.getByRole("button", { name: "Filters (2)", expanded: false }).click();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await page.getByRole("button", { name: "Filters", exact: true }).waitFor();
  assert.doesNotMatch(page.url(), /fulfilment|from/);
  await assertAccessible(page);
  await close();
});

browserTest("a message about an action is within the phone's window", async () => {
  const { page, close } = await visit(`${shop.url}/console#${paths.find((path) => path.startsWith("/orders/0"))}`, {
    operator: shop.operator,
    size: PHONE,
  });
  await page.getByRole("button", { name: "발송 처리" }).scrollIntoViewIfNeeded();
  await page.getByRole("button", { name: "발송 처리" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("택배사").fill("CJ대한통운");
  await dialog.getByLabel("운송장번호").fill("1");
  await dialog.getByRole("button", { name: "발송 처리" }).click();
  const message = page.locator(".notice.good");
  await message.waitFor();
  await eventually(
    page,
    `(() => {
    const { top, bottom } = document.querySelector(".notice.good").getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  })()`,
  );
  await close();
});

browserTest("with text of 200 % the console's pages are not wider than the window, and axe finds nothing", async () => {
  const { page, close } = await visit(`${shop.url}/console#/jobs`, { operator: shop.operator, size: { width: 640, height: 900 }, language: "en" });
  await page.evaluate(`document.documentElement.style.fontSize = "200%"`);
  for (const path of paths) {
    await open(page, path);
    assert.ok(Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth")) <= 0, path);
  }
  await assertAccessible(page);
  await close();
});

// Fails without borders of its own: forced colors remove backgrounds.
browserTest("in forced colors the chosen page, the chosen option and a meter are visible", async () => {
  const { page, close } = await visit(`${shop.url}/console#/coupons`, {
    operator: shop.operator,
    size: DESKTOP,
    language: "en",
    context: { forcedColors: "active" },
  });
  await page.locator(".bar > span").first().waitFor();
  const colors = await page.evaluate<Record<string, string>>(`(() => {
    const of = (selector, property) => getComputedStyle(document.querySelector(selector))[property];
    return {
      current: of("nav a[aria-current]", "outlineStyle") + of("nav a[aria-current]", "outlineWidth"),
      bar: of(".bar > span", "backgroundColor"),
      frame: of(".bar", "backgroundColor"),
    };
  })()`);
  assert.match(colors["current"] ?? "", /^solid[1-9]/);
  assert.notEqual(colors["bar"], colors["frame"]);
  await close();
});

browserTest("a printed report has no menu and no buttons", async () => {
  const drop = paths.find((path) => path.startsWith("/drops/0")) as string;
  const { page, close } = await visit(`${shop.url}/console#${drop}`, { operator: shop.operator, size: DESKTOP, language: "en" });
  await page.getByRole("heading", { name: "Report" }).waitFor();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".side").isVisible(), false);
  assert.deepEqual(
    await page
      .locator("main button")
      .evaluateAll((buttons) => buttons.filter((button) => button.checkVisibility()).map(({ textContent }) => textContent)),
    [],
  );
  await close();
});

// Fails without `printing` in parts/chart.tsx: the third series of the dark theme is nearly white.
browserTest("a chart of the dark theme is printed in the colors of the light one", async () => {
  const { page, close } = await visit(`${shop.url}/console#/live`, { operator: shop.operator, size: DESKTOP, theme: "dark" });
  // The first series, in the dark and in the light theme.
  const [dark, light] = [
    [0x4a, 0x78, 0xdc],
    [0x0f, 0x25, 0x57],
  ];
  const draws = (color: number[] | undefined): string => `(() => {
    const canvas = document.querySelector(".u-wrap canvas");
    if (canvas === null) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 200 && ${JSON.stringify(color)}.every((part, j) => Math.abs(part - data[i + j]) < 4)) return true;
    return false;
  })()`;
  await eventually(page, draws(dark));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await eventually(page, draws(light));
  assert.equal(await page.evaluate(draws(dark)), false);
  await page.emulateMedia({ media: "screen", colorScheme: "dark" });
  await eventually(page, draws(dark));
  await close();
});

// The entry, the parts that it imports, and the largest page with its chart.
test("the console's first load is at most 110 kB, compressed", () => {
  const assets = join(import.meta.dirname, "../../web/dist/assets");
  const sizeOf = (name: RegExp): number =>
    readdirSync(assets)
      .filter((file) => name.test(file) && file.endsWith(".br"))
      .reduce((sum, file) => sum + statSync(join(assets, file)).size, 0);
  const total = sizeOf(/^(?:console|shop|jsxRuntime|rolldown-runtime|attempt|live|chart|table|duration|drop-report|drops|icon|parts|confirm)-/);
  assert.ok(total > 20_000 && total <= 110_000, String(total));
});
