// The console: a rehearsal of 2,000 buyers followed from its beginning to its report, and what operators do there.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { Issuer, token } from "../support/tokens.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../support/webhook-receiver.ts";
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

const atConsole = (place: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${place}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

/** A field of this label. */
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

browserTest("an operator prepares a drop, rehearses it with 2,000 buyers, watches it, leaves and comes back, and gets a report", async () => {
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

browserTest("a refund says what it will do, asks once, and does it once", async () => {
  const { page, close } = await atConsole(`/orders/${orderId}`);
  await page.getByLabel(`Refund now: ${HOSTILE}`).fill("1");
  await page.getByRole("button", { name: "Refund 1" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.innerText(), /share of 1 piece and.*cannot be undone/s);
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "No" }).click();
  assert.equal(await shop.balanceOf(buyer), 1_000_000 - 27_000);
  await page.getByRole("button", { name: "Refund 1" }).click();
  await dialog.getByRole("button", { name: "Refund", exact: true }).click();
  await page.locator(".title .pill", { hasText: "Refunded in part" }).waitFor();
  assert.equal(await shop.balanceOf(buyer), 1_000_000 - 18_000);
  await close();
});

// Goes red where the page counts what was sent instead of what the shop granted.
browserTest("a file of grants is read and checked whole, granted once for its batch, and the page says what was granted now and before", async () => {
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
  await page.getByText("Line 2: no amount: “-5”").waitFor();
  await page.getByText("Line 3: no user id: “nobody”").waitFor();
  await page.getByText("Line 4: 4 cells where 3 are expected").waitFor();
  await page.getByText("Line 5: no amount: “1,000”").waitFor();
  await assertAccessible(page);

  await page.getByLabel(/^Batch/).fill("설날 2027");
  const rows = people.map(({ id }) => `${id},100,"설날, 세뱃돈"`);
  const stranger = "0193a000-0000-7000-8000-0000000000ff";
  await choose([...rows, `${stranger},100,x`].join("\n"));
  await grant();
  await page.getByText("Line 2501: there is no such user").waitFor();
  assert.equal(await shop.balanceOf(people[0] as Client), 0);

  await choose(`\uFEFFuserId,amount,reason\r\n${rows.slice(0, 2_000).join("\r\n")}\r\n`);
  await page.getByText("2,000 grants, ₩200,000 in all", { exact: true }).waitFor();
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

  // 똠 is in CP949 and not in EUC-KR.
  const reason = Buffer.from([0xbb, 0xf5, 0xc7, 0xd8, 0x20, 0x8c, 0x63, 0xb9, 0xe6, 0xb0, 0xa2, 0xc7, 0xcf]);
  await choose(Buffer.concat([Buffer.from(`${buyer.id},5,`), reason]));
  await page.getByText("Read as CP949. The first reason: 새해 똠방각하").waitFor();
  await choose(Buffer.from(`${buyer.id},5,café`, "latin1"));
  await page.getByText("Line 1: the text is neither UTF-8 nor CP949").waitFor();
  await close();
});

browserTest("whoever comes without a good operator's token stays outside", async () => {
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

// Goes red where the page keeps what goes on to itself (`last` of audit.tsx), and not for whoever comes back.
browserTest("a job is run, and the books are audited, also by whoever leaves meanwhile and comes back", async () => {
  const { page, close } = await atConsole("/jobs");
  await page.getByRole("button", { name: "Run now: Add up sales" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "Sales", exact: true }).click();
  await page.locator("table a", { hasText: HOSTILE }).waitFor();

  // The answer is held back until the page was left.
  const held = Promise.withResolvers<void>();
  await page.route("**/admin/audit", async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("button", { name: "Audit now" }).click();
  await page.getByText("Counting. You may leave and come back.").waitFor();
  await page.getByRole("link", { name: "Jobs" }).click();
  await page.getByRole("heading", { name: "Jobs" }).waitFor();
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByText("Counting. You may leave and come back.").waitFor();
  held.resolve();
  await page.locator(".notice.good", { hasText: "Nothing is violated" }).waitFor();
  await close();
});

// Goes red without `replayEvent` in the page, without the reason in the list, or where the list is not read again while something of it waits.
browserTest("an event that the data platform refused to the end is found dead, says why, is sent again and seen delivered", async () => {
  const platform = new WebhookReceiver();
  await platform.listen();
  const told = await openTestShop({ env: { DATA_PLATFORM_URL: platform.url, DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET } });
  try {
    const somebody = await told.user({ balance: 5000 });
    const { id } = await told.product({ price: 1000 });
    const refusedId = good(await somebody.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 201).orderId as string;
    platform.answer = ({ subject }) => ({ status: subject === refusedId ? 422 : 204 });
    good(await somebody.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 201);
    // Eight real refusals; only the pauses between them are cut short.
    const dead = async (): Promise<number> => good(await told.operator.get("/admin/events?status=DEAD"), 200).events.length;
    for (const deadline = Date.now() + 60_000; (await dead()) === 0;) {
      assert.ok(Date.now() < deadline, "it did not die");
      await told.shop.database.pool.query("UPDATE letters SET next_attempt_at = now() WHERE status = 'WAITING'");
    }

    const { page, close } = await visit(`${told.url}/console#/events`, { operator: told.operator, language: "en", size: DESKTOP });
    const rows = page.locator("tbody tr");
    await rows.nth(1).waitFor();
    await page.getByRole("combobox", { name: "Status" }).selectOption("DEAD");
    await page.locator("tbody tr:only-child").waitFor();
    const row = rows.first();
    assert.match(await row.innerText(), /Paid\s+Dead\s+.*422/);
    assert.equal(await row.locator('td[data-head="Tries"]').innerText(), "8");
    await assertAccessible(page);
    await row.getByRole("button", { name: "Send again" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("later ones of the same order follow").waitFor();
    await dialog.getByRole("button", { name: "No" }).click();
    assert.equal(await dead(), 1, "nothing is sent by whoever says no");

    // It is taken only when the page has shown that it waits.
    const taken = Promise.withResolvers<{ status: number }>();
    platform.answer = () => taken.promise;
    await row.getByRole("button", { name: "Send again" }).click();
    await dialog.getByRole("button", { name: "Send again" }).click();
    await page.getByText("The event is on its way again.").waitFor();
    await page.getByText("Nothing here").waitFor();
    await page.getByRole("combobox", { name: "Status" }).selectOption("");
    const sent = rows.filter({ has: page.locator(`[title="${refusedId}"]`) });
    await sent.locator(".pill.waiting").waitFor();
    taken.resolve({ status: 204 });
    await sent.locator(".pill.delivered").waitFor();
    assert.doesNotMatch(await sent.innerText(), /422/);
    assert.equal(platform.received.filter(({ subject }) => subject === refusedId).length, 1);
    await close();
  } finally {
    await told.close();
    await platform.close();
  }
});

// Goes red where the page does not look at `tokens` of GET /shop: the button would be there, and answer 404.
browserTest("where an issuer makes the tokens, the page says why there are no rehearsals, and offers none", async () => {
  const issuer = await Issuer.open();
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  issuer.keys = [{ ...keys.publicKey.export({ format: "jwk" }), kid: "e", alg: "ES256" }];
  const keyed = await openTestShop({ beside: shop, env: { AUTH_JWKS_URL: issuer.url, AUTH_JWT_SECRET: "" } });
  try {
    const claims = { sub: "keeper", role: "operator", exp: Math.floor(Date.now() / 1000) + 3600 };
    const operator = { id: "keeper", token: token({ alg: "ES256", kid: "e" }, claims, keys.privateKey) } as Client;
    const { page, close } = await visit(`${keyed.url}/console#/drop?product=${product.id}`, { operator, language: "en", size: DESKTOP });
    await page.getByText("There are no rehearsals here").waitFor();
    await page.getByText("AUTH_JWKS_URL").waitFor();
    assert.equal(await page.getByRole("button", { name: "Start the rehearsal" }).count(), 0);
    await assertAccessible(page);
    await close();
  } finally {
    await keyed.close();
    await issuer.close();
  }
});
