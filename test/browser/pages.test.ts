// Every page of the storefront: it opens without an error, is accessible in both themes and languages, fits into 320 px, is small, and never runs user input.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, DESKTOP, browserTest, type InPage, PHONE, useBrowser, visit } from "./browser.ts";
import { HOSTILE } from "./hostile.ts";

const NARROW = { width: 320, height: 640 };
const FIRST_LOAD_MAX_BYTES = 60_000;

useBrowser();
let shop: TestShop;
let user: Client;
let addresses: string[];
/** An id that nothing has. */
const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";

before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
  [user] = (await shop.users(1, { balance: 1_000_000_000, name: HOSTILE[0] as string })) as [Client];
  for (const name of HOSTILE) {
    const product = await shop.product({
      name,
      description: `${name}\n${name}`,
      variants: [
        { name, options: { [name.slice(0, 100)]: name.slice(0, 200) }, price: 999_999_999, stock: 5000 },
        { name, options: { [name.slice(0, 100)]: "2" }, price: 1000, stock: 0 },
      ],
    });
    await shop.coupon(user, { name });
    good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, variantId: product.variants[0]?.id, quantity: 1 }), 201);
  }
  const product = await shop.product({ name: HOSTILE[4], price: 1000, stock: 50 });
  const placed = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 2 }] }), 201);
  good(
    await shop.operator.post(`/admin/orders/${placed.orderId}/refunds`, {
      items: [{ variantId: product.variants[0]?.id, quantity: 1 }],
      reason: HOSTILE[0],
      customerReason: HOSTILE[0],
    }),
    200,
  );
  const unpaid = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }), 201);
  const { products } = good(await shop.anyone("GET", "/products?limit=100"), 200) as { products: { id: string; name: string }[] };
  // The shop stores text in Unicode NFC.
  const names = new Set(HOSTILE.map((name) => name.normalize("NFC")));
  const hostile = products.filter(({ name }) => names.has(name)).map(({ id }) => `/#/products/${id}`);
  addresses = [
    "/",
    ...hostile,
    "/#/coupons",
    "/#/cart",
    "/#/checkout",
    "/#/orders",
    `/#/orders/${placed.orderId}`,
    `/#/orders/${unpaid.orderId}`,
    "/#/balance",
    "/#/sign-in",
    "/#/unknown",
    `/#/products/${UNKNOWN_ID}`,
    `/#/orders/${UNKNOWN_ID}`,
  ];
});
after(() => shop.close());

/** Opens every page, one after the other, and waits for its data. @param all includes products that differ only in their names */
async function eachPage(
  options: Parameters<typeof visit>[1],
  inspect: (page: Awaited<ReturnType<typeof visit>>["page"], address: string) => Promise<void>,
  all = false,
): Promise<void> {
  const { page, close } = await visit(shop.url, { as: user, name: HOSTILE[0] as string, ...options });
  const similar = new Set(addresses.filter((address) => address.includes("/products/")).slice(1));
  for (const address of addresses.filter((candidate) => all || !similar.has(candidate))) {
    await page.goto(shop.url + address);
    await page.locator("h1").waitFor();
    await page.locator(".bone").first().waitFor({ state: "detached" });
    await inspect(page, address);
  }
  await close();
}

for (const [theme, language, size] of [
  ["light", "ko", PHONE],
  ["dark", "en", PHONE],
  ["light", "en", DESKTOP],
  ["dark", "ko", DESKTOP],
] as const) {
  browserTest(`axe finds no violation on any page of the storefront: ${theme}, ${language}, ${size.width} px`, () =>
    eachPage({ theme, language, size }, assertAccessible),
  );
}

// Fails if a page inserts a name as markup, or a name overflows its element.
browserTest("user input in the storefront is text that does not run and fits into 320 px", () =>
  eachPage(
    { size: NARROW, language: "en" },
    async (page, address) => {
      const found = await page.evaluate(() => ({
        ran: "ran" in globalThis,
        ...((global: InPage) => ({
          foreign: global.document.querySelectorAll("img, script:not([src^='/assets/']), svg[onload], iframe").length as number,
          wide: global.document.documentElement.scrollWidth - global.innerWidth,
        }))(globalThis),
      }));
      assert.deepEqual(found, { ran: false, foreign: 0, wide: 0 }, address);
    },
    true,
  ),
);

// Fails without `min-block-size: 44px` of small buttons or of choices (parts.css).
browserTest("every control is at least 44 px high and wide", () =>
  eachPage({ size: PHONE }, async (page, address) => {
    const small = await page.evaluate(() => {
      const { document, getComputedStyle } = globalThis as InPage;
      return [...document.querySelectorAll("button, select, input, textarea, a[href]")].flatMap((control) => {
        // A link in a sentence has the height of its line. A checkbox or radio button is pressed by its label.
        if (control.matches(".skip, .row-art") || getComputedStyle(control).display === "inline") return [];
        const { width, height } = (control.matches("[type=radio], [type=checkbox]") ? control.closest("label") : control).getBoundingClientRect();
        return width === 0 || (width > 43.5 && height > 43.5) ? [] : [`${control.outerHTML.slice(0, 90)}: ${width} × ${height}`];
      });
    });
    assert.deepEqual(small, [], address);
  }),
);

browserTest("a name with markup is shown unchanged", async () => {
  const { page, close } = await visit(shop.url, {});
  await page
    .getByText(HOSTILE[0] as string, { exact: true })
    .first()
    .waitFor();
  await close();
});

browserTest("the first page of a demo shop loads less than 60 kB, its data included", async () => {
  const demo = await openTestShop({ env: { DEMO: "on" } });
  const { page, close } = await visit("about:blank", { origin: demo.url });
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  // A slow machine polls again before the page is idle: each address counts once.
  const addresses = new Map<string, string>();
  const sizes = new Map<string, number>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, request.url));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const address = addresses.get(requestId) ?? "";
    if (!sizes.has(address)) sizes.set(address, encodedDataLength);
  });
  await page.goto(demo.url);
  await page.locator(".card").first().waitFor();
  await page.waitForLoadState("networkidle");
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(bytes > 10_000 && bytes < FIRST_LOAD_MAX_BYTES, `${bytes} bytes: ${JSON.stringify([...sizes])}`);
  await close();
  await demo.close();
});

browserTest("the page starts in the browser's language, and a chosen language survives a reload", async () => {
  const { page, close } = await visit(shop.url, { language: "en" });
  await page.getByRole("button", { name: "한국어" }).click();
  await page.getByRole("heading", { level: 1, name: /장날/ }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: /장날/ }).waitFor();
  await close();
});

browserTest("the link to the API documentation opens it", async () => {
  const { page, close } = await visit(shop.url, {});
  await page.getByRole("link", { name: "API 문서" }).click();
  await page.waitForURL("**/docs/**");
  await page.getByText("Jangnal").first().waitFor();
  await close();
});
