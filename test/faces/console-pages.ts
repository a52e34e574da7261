// The console's pages for the pictures, in a shop where something has happened and a rehearsal was held.

import type { Page } from "playwright-core";
import { createShop } from "#client";
import { Client } from "../support/shop.ts";

export type ConsolePage = { name: string; address: string; operator?: Client; restless?: true; prepare?: (page: Page) => Promise<unknown> };

/** @param url of a demo's shop with the tests' secret */
export async function consolePages(url: string): Promise<ConsolePage[]> {
  const operator = new Client(url, "장날지기", "operator");
  const shop = createShop({ url, token: () => operator.token });
  const { orders } = (await shop.listOrders({ query: { limit: 1, status: "COMPLETED" } })).body;
  const [order] = orders;
  const { products } = (await shop.listEveryProduct({ query: { limit: 100 } })).body;
  const product = products.find(({ name }) => name.includes("백자"))?.id ?? "";
  const coupon = (await shop.listCoupons({ query: { limit: 1 } })).body.coupons[0]?.id ?? "";
  await shop.runJob({ path: { name: "aggregate-sales" }, body: {} });
  const { body: rehearsal } = await shop.startRehearsal({ body: { productId: product, couponId: coupon, buyers: 1500, arriveWithinMs: 4000 } });
  while ((await shop.getRehearsal({ path: { id: rehearsal.id } })).body.finishedAt === null) await new Promise((resolve) => setTimeout(resolve, 200));
  const page = (name: string, place: string, more: Partial<ConsolePage> = {}): ConsolePage => ({
    name: `console-${name}`,
    address: `/console#${place}`,
    operator,
    ...more,
  });
  return [
    { name: "console-sign-in", address: "/console" },
    page("live", "/live", { restless: true, prepare: (open) => open.locator(".charts").waitFor() }),
    page("drop", "/drop"),
    page("drop-chosen", `/drop?product=${product}&coupon=${coupon}`),
    page("report", `/rehearsals/${rehearsal.id}`),
    page("catalogue", "/catalogue"),
    page("product", `/products/${product}`),
    page("product-adjust", `/products/${product}`, { prepare: (open) => open.locator("td .button").first().click() }),
    page("coupons", "/coupons"),
    page("orders", "/orders"),
    page("order", `/orders/${order?.orderId}`),
    page("balances", "/balances"),
    page("user", `/users/${order?.userId}`),
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
