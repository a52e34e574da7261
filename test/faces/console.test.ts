// The console: a rehearsal of 2,000 buyers followed from its beginning to its report, every page accessible and clean, and what operators do there.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, DESKTOP, facesTest, PHONE, useBrowser, visit } from "./browser.ts";

const HOSTILE = `<img src=x onerror="globalThis.ran=1">`;

useBrowser();
let shop: TestShop;
let buyer: Client;
let product: { id: string; variants: { id: string }[] };
let orderId: string;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
  buyer = await shop.user({ balance: 1_000_000, name: HOSTILE });
  product = await shop.product({ name: HOSTILE, price: 9000, stock: 300 });
  await shop.campaign({ name: HOSTILE, totalQuantity: 100 });
  orderId = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }] }), 201).orderId;
});
after(() => shop.close());

const atConsole = (place: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${place}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

/** A field of this label. */
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

facesTest("an operator prepares a drop, rehearses it with 2,000 buyers, watches it, leaves and comes back, and gets a report", async () => {
  const { page, close } = await atConsole("/drop");
  await page.getByRole("heading", { name: "New product" }).waitFor();
  const newProduct = page.locator(".card", { has: page.getByRole("heading", { name: "New product" }) });
  await newProduct.getByLabel("Name").fill("달항아리");
  await newProduct.getByLabel("Price").fill("50000");
  await newProduct.getByLabel("Stock").fill("400");
  await newProduct.getByRole("button", { name: "Create" }).click();
  await page.locator(".chosen-name", { hasText: "달항아리" }).waitFor();
  const newCoupon = page.locator(".card", { has: page.getByRole("heading", { name: "New coupon" }) });
  await newCoupon.getByLabel("Name").fill("첫 장날");
  await newCoupon.getByLabel("Quantity").fill("250");
  await newCoupon.getByRole("button", { name: "Create" }).click();
  await page.locator(".chosen-name", { hasText: "첫 장날" }).waitFor();
  await field(page, "Buyers").fill("2000");
  await page.getByRole("button", { name: "Start the rehearsal" }).click();
  await page.locator(".steps [aria-current]", { hasText: "Running" }).waitFor({ timeout: 30_000 });
  await assertAccessible(page);

  // Somewhere else meanwhile: the shop is seen selling, and the way back is there.
  await page.getByRole("link", { name: "Watch it live" }).click();
  await page.locator(".running-name", { hasText: "달항아리" }).first().waitFor();
  await page.locator(".tile", { hasText: "Orders / s" }).locator("dd", { hasText: /[1-9]/ }).waitFor();
  await page.getByRole("link", { name: "Look at it" }).click();

  await page.locator(".verdicts").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator(".verdicts li.bad").count(), 0, await page.locator(".verdicts").innerText());
  const report = await page.locator("main").innerText();
  assert.match(report, /400 of 400/);
  for (const said of ["Coupon gone", "Out of stock"]) assert.ok(report.includes(said), report);
  const rows = await page.locator(".columns table").allInnerTexts();
  assert.match(rows[0] ?? "", /Got it\s+250\s[^]*Coupon gone\s+1,750\s/);
  assert.match(rows[1] ?? "", /Got it\s+400\s[^]*Out of stock\s+1,600\s/);
  await assertAccessible(page);

  // Whoever reads it in another tab finds the same.
  const other = await atConsole(new URL(page.url()).hash.slice(1), { language: "ko", theme: "dark", size: PHONE });
  await other.page.locator(".verdicts .good").nth(2).waitFor();
  await assertAccessible(other.page);
  await other.close();
  await close();
});

facesTest("every page opens without an error, is accessible, fits a phone, and runs nothing that people wrote", async () => {
  const places = [
    "/live",
    "/drop",
    "/catalogue",
    `/products/${product.id}`,
    "/coupons",
    "/orders",
    `/orders/${orderId}`,
    "/balances",
    `/users/${buyer.id}`,
  ].concat(["/sales", "/events", "/payments?status=ALL", "/jobs", "/audit", "/nowhere"]);
  for (const [language, theme, size] of [
    ["ko", "light", PHONE],
    ["en", "dark", DESKTOP],
  ] as const) {
    const { page, close } = await atConsole("/live", { language, theme, size });
    for (const place of places) {
      await page.evaluate(`location.hash = ${JSON.stringify(place)}`);
      await page.locator("h1").waitFor();
      await page.locator(".busy").first().waitFor({ state: "detached" });
      await assertAccessible(page).catch((error: Error) => assert.fail(`${place} ${language} ${theme}: ${error.message}`));
      const wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
      assert.equal(wide, false, `${place} is wider than ${size.width} px`);
    }
    assert.equal(await page.evaluate("globalThis.ran"), undefined);
    await close();
  }
});

facesTest("a refund says what it will do, asks once, and does it once", async () => {
  const { page, close } = await atConsole(`/orders/${orderId}`);
  await page.getByLabel(`Refund now: ${HOSTILE}`).fill("1");
  await page.getByRole("button", { name: "Refund 1" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.innerText(), /share of 1 pieces.*cannot be undone/s);
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "No" }).click();
  assert.equal(await shop.balanceOf(buyer), 1_000_000 - 27_000);
  await page.getByRole("button", { name: "Refund 1" }).click();
  await dialog.getByRole("button", { name: "Refund", exact: true }).click();
  await page.locator(".title .pill", { hasText: "Refunded in part" }).waitFor();
  assert.equal(await shop.balanceOf(buyer), 1_000_000 - 18_000);
  await close();
});

facesTest("a file of grants is read, checked, granted in parts, and not twice", async () => {
  const people = await shop.users(2_500);
  const { page, close } = await atConsole("/balances");
  const file = (text: string) => ({ name: "grants.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  const chooser = page.locator("input[type=file]");
  await chooser.setInputFiles(file(`userId,amount,reason\n${buyer.id},-5,x\nnobody,5,x`));
  await page.getByText("Line 2: no amount").waitFor();
  await page.getByText("Line 3: no user id").waitFor();
  const grants = file(`\uFEFFuserId,amount,reason\r\n${people.map(({ id }) => `${id},100,"설날, 세뱃돈"`).join("\r\n")}\r\n`);
  for (let time = 0; time < 2; time++) {
    await chooser.setInputFiles([]);
    await chooser.setInputFiles(grants);
    await page.getByText("2,500 people, ₩250,000 in all").waitFor();
    await page.getByRole("button", { name: "Grant", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Grant", exact: true }).click();
    await page.getByText("2,500 of 2,500 have theirs").waitFor();
  }
  assert.equal(await shop.balanceOf(people[2_499] as Client), 100);
  await close();
});

facesTest("whoever comes without a good operator's token stays outside", async () => {
  const { page, close } = await visit(`${shop.url}/console`, { language: "en" });
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await assertAccessible(page);
  await field(page, "Operator's token").fill(buyer.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("That is no operator's token").waitFor();
  // Looks like one, and is not signed by the shop.
  const [head, , signature] = shop.operator.token.split(".");
  const payload = Buffer.from(JSON.stringify({ sub: "mallory", role: "operator" })).toString("base64url");
  await field(page, "Operator's token").fill(`${head}.${payload}.${signature}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The token has expired").waitFor();
  // By the link that `npm start` prints: the token does not stay in the address.
  await page.goto(`${shop.url}/console#token=${shop.operator.token}`);
  await page.reload();
  await page.getByRole("heading", { name: "Live" }).waitFor();
  assert.ok(!page.url().includes("token"), page.url());
  await close();
});

facesTest("a job is run, an event is sent again, stock is adjusted, the books are audited", async () => {
  const { page, close } = await atConsole("/jobs");
  const row = page.locator("tr", { hasText: "aggregate-sales" });
  await row.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "Sales", exact: true }).click();
  await page.locator("table a", { hasText: HOSTILE }).waitFor();

  await page.evaluate(`location.hash = "/products/${product.id}"`);
  await page.getByRole("button", { name: "Adjust" }).click();
  await page.getByLabel("Pieces to add or take away").fill("-100");
  await page.getByRole("dialog").getByRole("button", { name: "Adjust" }).click();
  await page.getByText(/The stock is \d+ now/).waitFor();
  assert.ok((await shop.stockOf(product)) < 200);

  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("button", { name: "Audit now" }).click();
  await page.locator(".notice.good", { hasText: "Nothing is violated" }).waitFor();
  await close();
});
