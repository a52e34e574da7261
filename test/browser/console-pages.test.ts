// Every page of the console, in both themes and languages: it opens without an error, is accessible, fits the screen, and never runs user input.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, DESKTOP, browserTest, PHONE, useBrowser, visit, type Visitor } from "./browser.ts";
import { HOSTILE } from "./hostile.ts";

const NARROW = { width: 320, height: 640 };

useBrowser();
let shop: TestShop;
let paths: string[];
/** Pages that show hostile names. */
let hostilePaths: string[];
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
  hostilePaths = [];
  const orders: string[] = [];
  const users: string[] = [];
  const drops: string[] = [];
  for (const name of HOSTILE) {
    const [user] = (await shop.users(1, { balance: 1_000_000_000_000, name: name.slice(0, 200) })) as [Client];
    const product = await shop.product({
      name,
      description: `${name}\n${name}`,
      variants: ["S", "M"].flatMap((size) =>
        ["1", "2"].map((colour) => ({
          name: `${name.slice(0, 290)} ${size} ${colour}`,
          sku: `${name.slice(0, 90)} ${size} ${colour}`,
          options: { [name.slice(0, 100)]: name.slice(0, 190) + colour, Size: size },
          price: 999_999_999,
          stock: 5000,
        })),
      ),
    });
    const [variant] = product.variants as [{ id: string }];
    good(await shop.operator.post(`/admin/variants/${variant.id}/stock`, { delta: 7, reason: name }), 200);
    await shop.coupon(user, { name });
    const order = good(
      await user.post("/orders", {
        orderItems: [{ productId: product.id, variantId: variant.id, quantity: 3 }],
        note: name.slice(0, 400),
        shippingAddress: { recipient: name.slice(0, 90), phone: "010", postalCode: "1", line1: name.slice(0, 190), note: name.slice(0, 400) },
      }),
      201,
    );
    const parcel = { carrier: name.slice(0, 90), trackingNumber: name.slice(0, 90), items: [{ variantId: variant.id, quantity: 1 }] };
    good(await shop.operator.post(`/admin/orders/${order.orderId}/refunds`, { items: [{ variantId: variant.id, quantity: 1 }], reason: name }), 200);
    good(await shop.operator.post(`/admin/orders/${order.orderId}/shipments`, parcel), 201);
    good(await user.post(`/orders/${order.orderId}/returns`, { reason: name }), 201);
    orders.push(order.orderId);
    users.push(user.id);
    const drop = good(
      await shop.operator.post("/admin/drops", {
        name,
        productId: product.id,
        mode: "DRAW",
        opensAt: new Date().toISOString(),
        closesAt: "2099-01-01T00:00:00Z",
        publicValueSource: name,
      }),
      201,
    );
    good(await user.post(`/drops/${drop.id}/entries`, { variantId: variant.id }), 201);
    drops.push(drop.id);
    hostilePaths.push(
      `/drops/${drop.id}`,
      `/products/${product.id}`,
      `/orders/${order.orderId}`,
      `/users/${user.id}`,
      `/rehearsals?product=${product.id}`,
    );
  }
  good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);
  // The report of a finished rehearsal of a product with a hostile name.
  const [, , product] = hostilePaths[1]?.split("/") ?? [];
  const { id } = good(await shop.operator.post("/admin/rehearsals", { productId: product, buyers: 20, arriveWithinMs: 200 }), 201);
  for (const deadline = Date.now() + 60_000; ;) {
    if (good(await shop.operator.get(`/admin/rehearsals/${id}`), 200).state === "DONE") break;
    assert.ok(Date.now() < deadline, "the rehearsal did not end");
  }
  paths = [
    "/live",
    "/rehearsals",
    `/rehearsals?product=${product}`,
    `/rehearsals/${id}`,
    "/catalog",
    "/products/new",
    `/products/${product}`,
    "/coupons",
  ].concat(
    ["/coupons/new", "/orders", `/orders/${orders[0]}`, "/balances", `/users/${users[0]}`, "/sales", "/events", "/payments?status=ALL"],
    ["/orders/ship", "/returns?status=ALL", "/drops", "/drops?view=calendar", "/drops/new", `/drops/new?product=${product}`, `/drops/${drops[0]}`],
    ["/jobs", "/audit", "/unknown", "/products/0192aaaa-0000-7000-8000-000000000000"],
  );
});
after(() => shop.close());

async function open(visitor: Visitor, path: string): Promise<void> {
  // The old page stands until its router has heard of the new address and has drawn it.
  await visitor.page.evaluate(`(async (hash) => {
    if (location.hash !== hash) {
      const moved = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
      location.hash = hash;
      await moved;
    }
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  })(${JSON.stringify(`#${path}`)})`);
  await visitor.page.locator("h1").waitFor();
  await visitor.page.locator(".busy").first().waitFor({ state: "detached" });
}

/** Whether user input ran or became markup, and by how many pixels the page is too wide. */
const damage = (visitor: Visitor): Promise<unknown> =>
  visitor.page.evaluate(`({
    ran: "ran" in globalThis,
    foreign: document.querySelectorAll("img, iframe, script:not([src^='/assets/']), svg[onload], [onerror]").length,
    wide: document.documentElement.scrollWidth - innerWidth,
  })`);

for (const [language, theme, size] of [
  ["ko", "light", PHONE],
  ["en", "dark", PHONE],
  ["en", "light", DESKTOP],
  ["ko", "dark", DESKTOP],
] as const)
  browserTest(`axe finds no violation on any page of the console: ${theme}, ${language}, ${size.width} px`, async () => {
    const visitor = await visit(`${shop.url}/console#/live`, { operator: shop.operator, language, theme, size });
    await visitor.page.locator(".charts").waitFor();
    for (const path of paths) {
      await open(visitor, path);
      await assertAccessible(visitor.page).catch((error: Error) => assert.fail(`${path}: ${error.message}`));
    }
    await visitor.close();
  });

// Fails if a transition of any length is left: axe then measures the text of an enabled button on the background of a disabled one.
browserTest("without motion a button that becomes enabled has its colors at once", async () => {
  const visitor = await visit(`${shop.url}/console#/jobs`, { operator: shop.operator, theme: "dark" });
  await visitor.page.locator("h1").waitFor();
  const [disabled, enabled, later] = await visitor.page.evaluate<[string, string, string]>(`(async () => {
    const button = document.createElement("button");
    button.className = "button primary";
    button.disabled = true;
    document.body.append(button);
    const background = () => getComputedStyle(button).backgroundColor;
    const colors = [background()];
    button.disabled = false;
    colors.push(background());
    await new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 300));
    return [...colors, background()];
  })()`);
  assert.notEqual(disabled, later);
  assert.equal(enabled, later);
  await visitor.close();
});

// Fails if a page inserts a name as markup, or a name overflows its element.
browserTest("user input in the console is text that does not run and fits into 320 px", async () => {
  const visitor = await visit(`${shop.url}/console#/live`, { operator: shop.operator, language: "en", size: NARROW });
  for (const path of [...paths, ...hostilePaths]) {
    await open(visitor, path);
    assert.deepEqual(await damage(visitor), { ran: false, foreign: 0, wide: 0 }, path);
  }
  await visitor.close();
});

// Fails without <bdi> around a name: its direction marks would reverse the text after it.
browserTest("a name is shown unchanged and reverses only itself", async () => {
  const visitor = await visit(`${shop.url}/console#/catalog`, { operator: shop.operator, language: "en", size: DESKTOP });
  // The shop stores text in Unicode NFC.
  for (const name of HOSTILE) await visitor.page.getByText(name.normalize("NFC"), { exact: true }).first().waitFor();
  const loose = await visitor.page.evaluate(
    `[...document.querySelectorAll("td, h1, option")].filter((at) => at.textContent.includes("\\u202E") && at.tagName !== "OPTION" && at.querySelector("bdi") === null).length`,
  );
  assert.equal(loose, 0);
  await visitor.close();
});

// Fails without `require-trusted-types-for` in web-pages.ts.
browserTest("no script of the console can turn a string into markup or a script", async () => {
  const { page } = await visit(`${shop.url}/console#/jobs`, { operator: shop.operator, language: "en" });
  await page.locator("h1").waitFor();
  for (const attempt of [
    "document.body.innerHTML = '<b>x</b>'",
    "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "document.createElement('script').src = '/x.js'",
    "document.body.setAttribute('onclick', 'globalThis.ran = 1')",
    "setTimeout('globalThis.ran = 1')",
  ])
    assert.equal(await page.evaluate(`(() => { try { ${attempt}; return "done"; } catch (error) { return error.name; } })()`), "TypeError", attempt);
  assert.equal(await page.evaluate("globalThis.ran"), undefined);
  await page.context().close();
});
