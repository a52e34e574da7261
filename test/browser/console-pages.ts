// The console's pages for the screenshots, in a shop with orders and a finished rehearsal.

import type { Page } from "playwright-core";
import { createShop } from "#client";
import { Client } from "../support/shop.ts";

export type ConsolePage = { name: string; address: string; operator?: Client; polls?: true; prepare?: (page: Page) => Promise<unknown> };

/** @param url of a demo shop with the tests' secret */
export async function consolePages(url: string): Promise<ConsolePage[]> {
  const operator = new Client(url, "장날지기", "operator");
  const shop = createShop({ url, token: () => operator.token });
  const { orders } = (await shop.listOrders({ query: { limit: 1, status: "COMPLETED" } })).body;
  const [order] = orders;
  const { products } = (await shop.listEveryProduct({ query: { limit: 100 } })).body;
  const named = (part: string): string => products.find(({ name }) => name.includes(part))?.id ?? "";
  const [product, shirt] = [named("백자"), named("티셔츠")];
  const coupon = (await shop.listCoupons({ query: { limit: 1 } })).body.coupons[0]?.id ?? "";
  const [drop] = (await shop.listDrops({ query: { limit: 1 } })).body.drops;
  await shop.runJob({ path: { name: "aggregate-sales" }, body: {} });
  const { body: rehearsal } = await shop.startRehearsal({ body: { productId: product, couponId: coupon, buyers: 1500, arriveWithinMs: 4000 } });
  while ((await shop.getRehearsal({ path: { id: rehearsal.id } })).body.finishedAt === null) await new Promise((resolve) => setTimeout(resolve, 200));
  const page = (name: string, path: string, more: Partial<ConsolePage> = {}): ConsolePage => ({
    name: `console-${name}`,
    address: `/console#${path}`,
    operator,
    ...more,
  });
  return [
    { name: "console-sign-in", address: "/console" },
    page("live", "/live", { polls: true, prepare: (open) => open.locator(".charts").waitFor() }),
    page("drops", "/drops"),
    page("drops-calendar", "/drops?view=calendar"),
    page("drop-new", `/drops/new?product=${product}`, { prepare: (open) => open.locator("input[type=radio]").nth(2).check() }),
    ...(drop ? [page("drop", `/drops/${drop.id}`, { polls: true, prepare: (open) => open.locator(".tiles").first().waitFor() })] : []),
    page("rehearse", "/rehearsals"),
    page("rehearse-chosen", `/rehearsals?product=${product}&coupon=${coupon}`),
    ...(drop ? [page("rehearse-drop", `/rehearsals?drop=${drop.id}`)] : []),
    page("report", `/rehearsals/${rehearsal.id}`),
    page("catalog", "/catalog"),
    page("product", `/products/${product}`),
    page("product-variants", `/products/${shirt}`),
    page("product-adjust", `/products/${shirt}`, {
      prepare: async (open) => {
        const cells = open.locator(".stock-cell input");
        for (const [i, delta] of ["12", "-3", "40"].entries()) await cells.nth(i).fill(delta);
        await open.locator(".card input:not(.few)").first().fill("2차 입고");
        await open.locator(".card .form-row > .primary").first().click();
      },
    }),
    page("product-edit", `/products/${shirt}`, { prepare: (open) => open.locator("td .button").first().click() }),
    page("product-new", "/products/new", {
      prepare: async (open) => {
        await open.locator("input[type=checkbox]").first().check();
        await open.locator(".form-grid input").nth(0).fill("장날 후드");
        await open.locator(".form-grid input").nth(1).fill("69000");
        const options = open.locator(".option-row input");
        await options.nth(1).fill("먹, 백, 감물");
        await options.nth(3).fill("S, M, L, XL");
        await open.locator(".form-row input").first().fill("40");
        await open.locator(".form-row .button").first().click();
        await open.locator("summary").first().click();
        await open.locator("details .form-row input").fill("HOOD");
      },
    }),
    page("product-details", `/products/${product}`, { prepare: (open) => open.locator(".more-fields summary").first().click() }),
    page("product-unknown", "/products/0192aaaa-0000-7000-8000-000000000000"),
    page("coupons", "/coupons"),
    page("coupon-new", "/coupons/new"),
    page("coupon-edit", "/coupons", { prepare: (open) => open.locator(".actions .button.primary").first().click() }),
    page("orders", "/orders"),
    page("order", `/orders/${order?.orderId}`),
    page("order-refund", `/orders/${order?.orderId}`, { prepare: (open) => open.locator(".form-row > .danger").last().click() }),
    page("order-ship", `/orders/${order?.orderId}`, { prepare: (open) => open.locator(".columns .form-row > .primary").last().click() }),
    page("orders-file", "/orders/ship", {
      prepare: async (open) => {
        await open.locator("input[type=file]").setInputFiles({
          name: "parcels.csv",
          mimeType: "text/csv",
          buffer: Buffer.from(`주문번호,택배사,운송장번호\n${order?.orderNumber},CJ대한통운,123456789012\n`),
        });
        await open.getByRole("heading", { name: /^(미리 보기|Preview)$/ }).waitFor();
      },
    }),
    page("returns", "/returns?status=ALL"),
    page("balances", "/balances"),
    page("user", `/users/${order?.userId}`),
    page("user-grant", `/users/${order?.userId}`, { prepare: (open) => open.getByRole("button", { name: /^(지급|Grant)$/ }).click() }),
    page("sales", "/sales"),
    page("events", "/events"),
    page("payments", "/payments?status=ALL"),
    page("jobs", "/jobs"),
    page("audit", "/audit", {
      prepare: async (open) => {
        await open.locator(".title .primary").click();
        await open.locator(".notice").waitFor();
      },
    }),
  ];
}
