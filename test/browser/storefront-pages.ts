// The storefront's pages for the screenshots, in a shop with orders in each state.

import type { Page } from "playwright-core";
import { createShop, type Shop } from "#client";
import { mintToken } from "../../src/http/tokens.ts";
import { REFUSALS } from "../../src/refusal.ts";
import { Client, SECRET } from "../support/shop.ts";
import { dropPages } from "./drop-pages.ts";

export type Screenshot = {
  name: string;
  address: string;
  as?: Client;
  user?: string;
  operator?: Client;
  /** The page never becomes idle. */
  polls?: true;
  prepare?: (page: Page) => Promise<unknown>;
};

/** @param url of a demo shop with the tests' secret */
export async function storefrontPages(url: string): Promise<Screenshot[]> {
  const data = await fillShop(url);
  return [...browsing(data), ...data.drops, ...checkout(data), ...undecided(data), ...account(data)];
}

const MEASURED = new Set([
  "home",
  "home-signed-out",
  "product",
  "product-options",
  "coupons",
  "cart",
  "checkout",
  "orders",
  "order-paid",
  "order-unpaid",
  "balance",
  "sign-in",
]);

/** The pages of the storefront in their usual state, one of each kind. */
export async function measuredPages(url: string): Promise<Screenshot[]> {
  const pages = await storefrontPages(url);
  return pages.filter(({ name }) => MEASURED.has(name) || /^drop-(?:upcoming|open|held|direct|draw|signed-out)$/.test(name));
}

type ShopData = Awaited<ReturnType<typeof fillShop>>;

/** Places orders and fills carts as the demo's users. */
async function fillShop(url: string) {
  const { body } = await createShop({ url: url }).listDemoUsers();
  const [minsu, seoyeon, alex, jiwoo] = body.users as { id: string; name: string }[];
  const me = new Client(url, minsu?.id ?? "", "shopper");
  const poor = new Client(url, jiwoo?.id ?? "", "shopper");
  const shop = shopOf(url, me.id);
  const { products } = (await shop.listProducts({ query: { limit: 100 } })).body;
  const { coupons } = (await shop.listCoupons({})).body;
  const named = (part: string): string => products.find(({ name }) => name.includes(part))?.id ?? "";
  const path = { userId: me.id };
  const { body: shirt } = await shop.getProduct({ path: { productId: named("티셔츠") } });

  const openCoupon = coupons.find(({ status }) => status === "OPEN")?.id ?? "";
  await shop.issueCoupon({ path: { couponId: openCoupon } });
  const { body: paid } = await shop.placeOrder({
    body: {
      orderItems: [
        { productId: named("감귤"), quantity: 2 },
        { productId: shirt.id, variantId: shirt.variants[0]?.id ?? "", quantity: 1 },
      ],
    },
  });
  await operatorOf(url).refundOrder({
    path: { id: paid.orderId },
    body: { items: [{ variantId: paid.orderItems[0]?.variantId ?? "", quantity: 1 }], reason: "단순 변심" },
  });
  const { body: unpaid } = await shop.placeOrder({
    body: { orderItems: [{ productId: named("백자"), quantity: 1 }], payment: { method: "DEFERRED" } },
  });
  const { body: declined } = await shop.placeOrder({
    body: { orderItems: [{ productId: named("호떡"), quantity: 1 }], payment: { method: "DEFERRED" } },
  });
  await shop.payOrder({ body: { orderId: declined.orderId, method: "CARD", paymentKey: "decline-1" } }).catch(() => {});
  const { body: cancelled } = await shop.placeOrder({ body: { orderItems: [{ productId: named("호떡"), quantity: 1 }] } });
  await shop.cancelOrder({ path: { orderId: cancelled.orderId } });
  for (const [productId, quantity] of [
    [named("백자"), 2],
    [named("달항아리"), 1],
    [named("감귤"), 1],
  ] as const)
    await shop.addToCart({ path, body: { productId, quantity } });
  await shopOf(url, alex?.id ?? "").placeOrder({ body: { orderItems: [{ productId: named("감귤"), quantity: 1 }] } });
  const other = new Client(url, seoyeon?.id ?? "", "shopper");
  const { bought } = await fillOtherCart(url, other.id, alex?.id ?? "", named);
  const lantern = (await operatorOf(url).createProducts({ body: { name: "청사초롱 · Silk lantern", price: 38_000, stock: 3 } })).body as {
    id: string;
  };
  const { body: drop } = await operatorOf(url).createDrop({
    body: {
      name: "청사초롱 드롭 · Silk lantern drop",
      productId: lantern.id,
      mode: "FIRST_COME",
      opensAt: new Date().toISOString(),
      holdFor: "PT5M",
    },
  });
  await shop.enterDrop({ path: { dropId: drop.id }, body: {} });
  const people = { operator: operatorOf(url), other: shopOf(url, other.id), me: shop, user: { as: me, user: minsu?.name ?? "" } };
  const drops = await dropPages(people);
  const jar = (await shop.getProduct({ path: { productId: named("백자") } })).body;
  return {
    url,
    named,
    shirt,
    drop,
    drops,
    paid,
    unpaid,
    declined,
    cancelled,
    bought,
    user: { as: me, user: minsu?.name ?? "" },
    otherUser: { as: other, user: seoyeon?.name ?? "" },
    poorUser: { as: poor, user: jiwoo?.name ?? "" },
    direct: `/#/checkout?product=${jar.id}&variant=${jar.variants[0]?.id}&quantity=1`,
  };
}

/** A cart with items that changed or sold out, a paid order, and coupon campaigns that are over. */
async function fillOtherCart(url: string, otherId: string, alexId: string, named: (part: string) => string) {
  const otherShop = shopOf(url, otherId);
  const few = (await operatorOf(url).createProducts({ body: { name: "옹기 접시 · Earthen plate", price: 21_000, stock: 3 } })).body as { id: string };
  const gone = (await operatorOf(url).createProducts({ body: { name: "나무 숟가락 · Wooden spoon", price: 9000, stock: 1 } })).body as { id: string };
  for (const [productId, quantity] of [
    [few.id, 3],
    [gone.id, 1],
    [named("감귤"), 2],
  ] as const)
    await otherShop.addToCart({ path: { userId: otherId }, body: { productId, quantity } });
  await operatorOf(url).grantBalances({ body: { grants: [{ userId: alexId, amount: 100_000, reason: "장날" }] } });
  await shopOf(url, alexId).placeOrder({
    body: {
      orderItems: [
        { productId: few.id, quantity: 1 },
        { productId: gone.id, quantity: 1 },
      ],
    },
  });
  const { body: bought } = await otherShop.placeOrder({
    body: { orderItems: [{ productId: named("호떡"), quantity: 1 }], payment: { method: "DEFERRED" } },
  });
  await otherShop.payOrder({ body: { orderId: bought.orderId, method: "CARD", paymentKey: "approve-1" } });
  const last = (
    await operatorOf(url).createCoupon({
      body: { name: "마지막 한 장 · The last one", discount: { type: "FIXED", amount: 10_000 }, totalQuantity: 1, validDays: 1 },
    })
  ).body as { id: string };
  await shopOf(url, alexId).issueCoupon({ path: { couponId: last.id } });
  await operatorOf(url).createCoupon({
    body: {
      name: "지난 장날 · Last market day",
      discount: { type: "PERCENTAGE", rate: 10 },
      totalQuantity: 50,
      opensAt: "2020-01-01T00:00:00Z",
      closesAt: "2020-01-02T00:00:00Z",
      validDays: 1,
    },
  });
  return { bought };
}

function browsing({ url, named, shirt, drop, user }: ShopData): Screenshot[] {
  // The pictures take longer than the hold.
  const holdAgain = async (page: Page): Promise<void> => {
    await shopOf(url, user.as.id)
      .enterDrop({ path: { dropId: drop.id }, body: {} })
      .catch(() => {});
    await page.reload();
    await page.getByRole("timer").waitFor();
  };
  return [
    { name: "home", address: "/", ...user },
    { name: "home-signed-out", address: "/" },
    { name: "search-empty", address: "/#/?q=호랑이" },
    { name: "product", address: `/#/products/${named("백자")}`, ...user },
    { name: "product-options", address: `/#/products/${shirt.id}`, ...user },
    { name: "product-sheet", address: `/#/products/${shirt.id}`, ...user, prepare: openSheet },
    { name: "drop-held", address: `/#/drops/${drop.id}`, ...user, polls: true, prepare: holdAgain },
    { name: "product-gone", address: `/#/products/${named("청자")}` },
    { name: "coupons", address: "/#/coupons", ...user },
  ];
}

function checkout({ user, otherUser, poorUser, direct }: ShopData): Screenshot[] {
  return [
    { name: "cart", address: "/#/cart", ...user },
    { name: "cart-empty", address: "/#/cart", ...poorUser },
    { name: "checkout", address: "/#/checkout", ...user },
    {
      name: "checkout-poor",
      address: direct,
      ...poorUser,
    },
    { name: "checkout-card", address: direct, ...otherUser, prepare: (page) => page.getByRole("radio", { name: /카드|Card/ }).check() },
    {
      name: "checkout-undecided",
      address: direct,
      ...otherUser,
      polls: true,
      prepare: async (page) => {
        await page.locator("button[type=submit]:enabled").waitFor();
        await page.route("**/orders", (route) => route.abort());
        await page.locator("button[type=submit]").click();
        await page.locator(".undecided").waitFor({ timeout: 120_000 });
      },
    },
    {
      name: "checkout-busy",
      address: direct,
      ...otherUser,
      polls: true,
      prepare: async (page) => {
        await page.locator("button[type=submit]:enabled").waitFor();
        await page.route("**/orders", (route) => route.abort());
        await page.locator("button[type=submit]").click();
        await page.locator(".connection p").waitFor();
      },
    },
    { name: "cart-blocked", address: "/#/cart", ...otherUser },
    { name: "checkout-blocked", address: "/#/checkout", ...otherUser },
  ];
}

function undecided({ url, named, otherUser, poorUser }: ShopData): Screenshot[] {
  return [
    { name: "coupons-claimed", address: "/#/coupons", ...otherUser, prepare: claimOne },
    { name: "coupons-busy", address: "/#/coupons", ...poorUser, prepare: claimWhileBusy },
    { name: "coupons-signed-out", address: "/#/coupons" },
    {
      name: "order-bank",
      address: "/#/orders",
      ...otherUser,
      prepare: async (page) => {
        // The bank answers within a minute.
        const { body: asked } = await shopOf(url, otherUser.as.id).placeOrder({
          body: { orderItems: [{ productId: named("호떡"), quantity: 1 }], payment: { method: "DEFERRED" } },
        });
        await shopOf(url, otherUser.as.id).payOrder({ body: { orderId: asked.orderId, method: "CARD", paymentKey: `timeout-${asked.orderId}` } });
        await page.goto(`${url}/#/orders/${asked.orderId}`);
        await page.locator(".notice.warn").waitFor();
      },
    },
  ];
}

function account({ url, named, paid, unpaid, declined, cancelled, bought, user, otherUser, poorUser }: ShopData): Screenshot[] {
  return [
    { name: "order-paid", address: `/#/orders/${bought.orderId}?result=placed`, ...otherUser },
    { name: "order-cancelled", address: `/#/orders/${cancelled.orderId}?result=cancelled`, ...user },
    { name: "order-gone", address: "/#/orders/01a21a13-275e-7000-b31d-6a3aa44a0000", ...user },
    { name: "orders-none", address: "/#/orders", ...poorUser },
    { name: "balance-none", address: "/#/balance", ...poorUser },
    { name: "product-not-found", address: "/#/products/01a21a13-275e-7000-b31d-6a3aa44a0000" },
    { name: "product-added", address: `/#/products/${named("호떡")}`, ...otherUser, prepare: addOne },
    {
      name: "product-loading",
      address: "/#/coupons",
      polls: true,
      prepare: async (page) => {
        await page.route("**/products/*", () => {});
        await page.goto(`${url}/#/products/${named("백자")}`);
        await page.locator(".detail .bone").first().waitFor();
      },
    },
    {
      name: "home-unreachable",
      address: "/#/sign-in",
      polls: true,
      prepare: async (page) => {
        await page.route("**/products?*", (route) =>
          route.fulfill({ status: 500, contentType: "application/problem+json", body: problem(500, "INTERNAL") }),
        );
        await page.goto(`${url}/#/`);
        await page.locator(".notice.bad").waitFor();
      },
    },
    { name: "orders", address: "/#/orders", ...user },
    { name: "order-refunded", address: `/#/orders/${paid.orderId}`, ...user },
    { name: "order-unpaid", address: `/#/orders/${unpaid.orderId}`, ...user },
    { name: "order-declined", address: `/#/orders/${declined.orderId}`, ...user },
    {
      name: "order-cancel",
      address: `/#/orders/${paid.orderId.length > 0 ? unpaid.orderId : ""}`,
      ...user,
      prepare: (page) =>
        page
          .getByRole("button", { name: /^(주문 취소|Cancel order)$/ })
          .first()
          .click(),
    },
    { name: "balance", address: "/#/balance", ...user },
    { name: "sign-in", address: "/#/sign-in" },
    { name: "needs-sign-in", address: "/#/orders" },
    { name: "not-found", address: "/#/unknown" },
  ];
}

function problem(status: number, code: keyof typeof REFUSALS, more: object = {}): string {
  return JSON.stringify({ type: "/problems/x", title: "", status, code, detail: REFUSALS[code].ko, ...more });
}

/** On a wide screen the options are in the page. */
async function openSheet(page: Page): Promise<void> {
  const button = page.locator(".bottom-bar button").last();
  if ((page.viewportSize()?.width ?? 0) < 700) await button.click();
}

async function addOne(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^(장바구니 담기|Add to cart)$/ }).click();
  await page.locator(".toast").waitFor();
}

async function claimOne(page: Page): Promise<void> {
  await page.route("**/issue", (route) => route.fulfill({ status: 201, contentType: "application/json", body: "{}" }));
  await page
    .getByRole("button", { name: /^(쿠폰 받기|Claim coupon)$/ })
    .first()
    .click();
  await page.locator(".claim-note.good").waitFor();
}

async function claimWhileBusy(page: Page): Promise<void> {
  const busy = {
    status: 503,
    headers: { "retry-after": "30" },
    contentType: "application/problem+json",
    body: problem(503, "BUSY", { retryAfter: 30 }),
  };
  await page.route("**/issue", (route) => route.fulfill(busy));
  await page
    .getByRole("button", { name: /^(쿠폰 받기|Claim coupon)$/ })
    .first()
    .click();
  await page.locator(".campaign .notice").waitFor();
}

function shopOf(url: string, userId: string): Shop {
  const token = mintToken(SECRET, { id: userId, role: "shopper" }, 1);
  return createShop({ url, token: () => token });
}

function operatorOf(url: string): Shop {
  const token = mintToken(SECRET, { id: "photographer", role: "operator" }, 1);
  return createShop({ url, token: () => token });
}
