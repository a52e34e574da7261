// The console: a rehearsal with 2,000 buyers from its start to its report, and the other actions of operators.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { Issuer, token } from "../support/tokens.ts";
import { assertAccessible, DESKTOP, browserTest, PHONE, useBrowser, visit } from "./browser.ts";

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

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

browserTest("an operator prepares a drop, rehearses it with 2,000 buyers, leaves and returns, and reads the report", async () => {
  const { page, close } = await atConsole("/rehearsals");
  await page.getByRole("heading", { name: "New product" }).waitFor();
  const newProduct = page.locator(".card", { has: page.getByRole("heading", { name: "New product" }) });
  await newProduct.getByRole("heading").click();
  await newProduct.getByLabel("Name").fill("달항아리");
  await newProduct.getByLabel("Price", { exact: true }).fill("50000");
  await newProduct.getByLabel("Stock").fill("400");
  await newProduct.getByRole("button", { name: "Create" }).click();
  await page.locator(".chosen-name", { hasText: "달항아리" }).waitFor();
  const newCoupon = page.locator(".card", { has: page.getByRole("heading", { name: "New coupon" }) });
  await newCoupon.getByRole("heading").click();
  await newCoupon.getByLabel("Name").fill("첫 장날");
  await newCoupon.getByLabel("Quantity").fill("250");
  await newCoupon.getByRole("button", { name: "Create" }).click();
  await page.locator(".chosen-name", { hasText: "첫 장날" }).waitFor();
  await field(page, "Buyers").fill("2000");
  await page.getByRole("button", { name: "Start the rehearsal" }).click();
  await page.locator(".steps [aria-current]", { hasText: "Running" }).waitFor({ timeout: 120_000 });
  await assertAccessible(page);

  // The live page shows the sales and links back to the rehearsal.
  await page.getByRole("link", { name: "Watch it live" }).click();
  await page.locator(".running-name", { hasText: "달항아리" }).first().waitFor();
  await page.locator(".tile", { hasText: "Orders / s" }).locator("dd", { hasText: /[1-9]/ }).waitFor();
  await page.getByRole("link", { name: "View rehearsal" }).click();

  await page.locator(".checks").waitFor({ timeout: 120_000 });
  assert.equal(await page.locator(".checks li.bad").count(), 0, await page.locator(".checks").innerText());
  const report = await page.locator("main").innerText();
  assert.match(report, /400 of 400/);
  for (const reason of ["Coupon sold out", "Out of stock"]) assert.ok(report.includes(reason), report);
  const rows = await page.locator(".columns table").allInnerTexts();
  assert.match(rows[0] ?? "", /Succeeded\s+250\s[^]*Coupon sold out\s+1,750\s/);
  assert.match(rows[1] ?? "", /Succeeded\s+400\s[^]*Out of stock\s+1,600\s/);
  await assertAccessible(page);

  // Another tab shows the same report.
  const other = await atConsole(new URL(page.url()).hash.slice(1), { language: "ko", theme: "dark", size: PHONE });
  await other.page.locator(".checks .good").nth(2).waitFor();
  await assertAccessible(other.page);
  await other.close();
  await close();
});

browserTest("a refund says its sum before it is confirmed, happens once, and leaves nothing armed", async () => {
  const { page, close } = await atConsole(`/orders/${orderId}`);
  await page.getByLabel(`Refund now: ${HOSTILE}`).fill("1");
  await page.getByRole("button", { name: "Refund 1" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.innerText(), /Refunds 1 unit: ₩9,000\.[^]*cannot be undone/);
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await shop.balanceOf(buyer), 1_000_000 - 27_000);
  await page.getByRole("button", { name: "Refund 1" }).click();
  await dialog.getByRole("button", { name: "Refund ₩9,000", exact: true }).click();
  await page.locator(".title .pill", { hasText: "Partially refunded" }).waitFor();
  assert.equal(await shop.balanceOf(buyer), 1_000_000 - 18_000);
  assert.equal(await page.getByLabel(`Refund now: ${HOSTILE}`).inputValue(), "0");
  assert.ok(await page.getByRole("button", { name: "Refund selected" }).isDisabled());
  await close();
});

// Fails if the page counts the rows that it sent instead of the shop's grants.
browserTest("a file of grants is checked as a whole and granted once per batch, and the page counts new and earlier grants", async () => {
  const people = await shop.users(2_500);
  const { page, close } = await atConsole("/balances");
  const chooser = page.locator("input[type=file]");
  const choose = async (content: string | Buffer): Promise<void> => {
    await chooser.setInputFiles([]);
    await chooser.setInputFiles({ name: "grants.csv", mimeType: "text/csv", buffer: Buffer.from(content as string) });
  };
  const grant = async (): Promise<void> => {
    await page.getByRole("button", { name: "Grant", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Grant", exact: true }).click();
  };
  await choose(`userId,amount,reason\n${buyer.id},-5,x\nnobody,5,x\n${buyer.id},1,000,x\n${buyer.id},"1,000",x`);
  await page.getByText("4 faulty rows. Nothing is granted.").first().waitFor();
  await page.getByText("Line 2: not an amount: “-5”").waitFor();
  await page.getByText("Line 3: not a user ID: “nobody”").waitFor();
  await page.getByText("Line 4: 4 cells instead of 3").waitFor();
  await page.getByText("Line 5: not an amount: “1,000”").waitFor();
  await assertAccessible(page);

  await page.getByLabel(/^Batch/).fill("설날 2027");
  const rows = people.map(({ id }) => `${id},100,"설날, 세뱃돈"`);
  const unknownId = "0193a000-0000-7000-8000-0000000000ff";
  await choose([...rows, `${unknownId},100,x`].join("\n"));
  await grant();
  await page.getByText("Line 2501: user not found").waitFor();
  assert.equal(await shop.balanceOf(people[0] as Client), 0);

  await choose(`\uFEFFuserId,amount,reason\r\n${rows.slice(0, 2_000).join("\r\n")}\r\n`);
  await page.getByText("2,000 grants, ₩200,000 in total", { exact: true }).waitFor();
  await grant();
  await page.getByText("Granted now: 2,000 (₩200,000)").waitFor();
  await choose(rows.toReversed().join("\n"));
  await grant();
  await page.getByText("Granted now: 500 (₩50,000)").waitFor();
  await page.getByText("Granted before in this batch: 2,000").waitFor();
  await choose(`${rows.join("\r")}\r\r`);
  await grant();
  await page.getByText("Nothing was granted: this batch had granted all 2,500 rows before.").waitFor();
  assert.equal(await shop.balanceOf(people[2_499] as Client), 100);
  assert.equal(await shop.balanceOf(people[0] as Client), 100);

  // CP949 contains 똠, and EUC-KR does not.
  const reason = Buffer.from([0xbb, 0xf5, 0xc7, 0xd8, 0x20, 0x8c, 0x63, 0xb9, 0xe6, 0xb0, 0xa2, 0xc7, 0xcf]);
  await choose(Buffer.concat([Buffer.from(`${buyer.id},5,`), reason]));
  await page.getByText("Read as CP949. The first reason: 새해 똠방각하").waitFor();
  await choose(Buffer.from(`${buyer.id},5,café`, "latin1"));
  await page.getByText("Line 1: the text is neither UTF-8 nor CP949").waitFor();
  await close();
});

browserTest("the console refuses a token that is not a valid operator's token", async () => {
  const { page, close } = await visit(`${shop.url}/console`, { language: "en" });
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await assertAccessible(page);
  await field(page, "Operator token").fill(buyer.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This is not an operator's token").waitFor();
  // An operator's token with a wrong signature.
  const [head, , signature] = shop.operator.token.split(".");
  const payload = Buffer.from(JSON.stringify({ sub: "mallory", role: "operator" })).toString("base64url");
  await field(page, "Operator token").fill(`${head}.${payload}.${signature}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The token has expired").waitFor();
  // The link that `npm start` prints; the token must leave the address.
  await page.goto(`${shop.url}/console#token=${shop.operator.token}`);
  await page.reload();
  await page.getByRole("heading", { name: "Live" }).waitFor();
  assert.ok(!page.url().includes("token"), page.url());
  await close();
});

// Fails if the state of the audit ends with the page (`lastAudit` of audit.tsx).
browserTest("a job and an audit continue when the operator leaves the page and returns", async () => {
  const { page, close } = await atConsole("/jobs");
  await page.getByRole("button", { name: "Run now: Aggregate sales" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "Sales", exact: true }).click();
  await page.locator("table a", { hasText: HOSTILE }).waitFor();

  // The response is delayed until the operator has left the page.
  const held = Promise.withResolvers<void>();
  await page.route("**/admin/audit", async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("button", { name: "Audit now" }).click();
  await page.getByText("The audit is running.").waitFor();
  await page.getByRole("link", { name: "Jobs" }).click();
  await page.getByRole("heading", { name: "Jobs" }).waitFor();
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByText("The audit is running.").waitFor();
  held.resolve();
  await page.locator(".notice.good", { hasText: "No violations" }).waitFor();
  await close();
});

// Fails if the buyers' tokens are not the shop's own.
browserTest("a shop with an issuer's tokens rehearses a drop from the console", async () => {
  const issuer = await Issuer.open();
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  issuer.keys = [{ ...keys.publicKey.export({ format: "jwk" }), kid: "e", alg: "ES256" }];
  const keyed = await openTestShop({ beside: shop, env: { AUTH_JWKS_URL: issuer.url, AUTH_JWT_SECRET: "" } });
  try {
    const claims = { sub: "keeper", role: "operator", exp: Math.floor(Date.now() / 1000) + 3600 };
    const operator = { id: "keeper", token: token({ alg: "ES256", kid: "e" }, claims, keys.privateKey) } as Client;
    const { page, close } = await visit(`${keyed.url}/console#/rehearsals?product=${product.id}`, { operator, language: "en", size: DESKTOP });
    await field(page, "Buyers").fill("20");
    await page.getByRole("button", { name: "Start the rehearsal" }).click();
    await page.locator(".checks").waitFor({ timeout: 120_000 });
    assert.equal(await page.locator(".checks li.bad").count(), 0, await page.locator(".checks").innerText());
    await assertAccessible(page);
    await close();
  } finally {
    await keyed.close();
    await issuer.close();
  }
});
