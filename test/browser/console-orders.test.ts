// Orders in the console: found, shipped, returned, refunded.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, DESKTOP, eventually, PHONE, useBrowser, visit } from "./browser.ts";

useBrowser();
let shop: TestShop;
let buyer: Client;
let productId: string;
before(async () => {
  shop = await openTestShop();
  buyer = await shop.user({ balance: 10_000_000, name: "Kim Min-su" });
  ({ id: productId } = await shop.product({ name: "Tea bowl", price: 3333, stock: 1000 }));
});
after(() => shop.close());

const atConsole = (path: string, options: Parameters<typeof visit>[1] = {}): ReturnType<typeof visit> =>
  visit(`${shop.url}/console#${path}`, { operator: shop.operator, language: "en", size: DESKTOP, ...options });

const ADDRESS = { recipient: "Kim Min-su", phone: "010-1234-5678", postalCode: "03000", line1: "12 Jongno" };

async function order(quantity = 1, fields: Record<string, unknown> = {}): Promise<{ orderId: string; orderNumber: string; variantId: string }> {
  const body = { orderItems: [{ productId, quantity }], shippingAddress: ADDRESS, ...fields };
  const { orderId, orderNumber, orderItems } = good(await buyer.post("/orders", body), 201);
  return { orderId, orderNumber, variantId: orderItems[0].variantId };
}

// Fails without `q` or `productId` in the query, or if a filter is not in the address.
browserTest("orders are found by number, buyer and product, and back returns to the same rows at the same place", async () => {
  const other = await shop.user({ balance: 100_000, name: "Lee" });
  const { id } = await shop.product({ name: "Vase" });
  good(await other.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 201);
  const orders = [];
  for (let i = 0; i < 60; i++) orders.push(await order());
  const { page, close } = await atConsole("/orders");
  const rows = page.locator("tbody tr");
  const search = page.getByRole("searchbox");
  const find = async (text: string): Promise<void> => {
    await search.fill(text);
    await search.press("Enter");
  };
  await rows.nth(24).waitFor();
  await assertAccessible(page);
  const wanted = orders[3]!;
  await find(wanted.orderNumber.toLowerCase());
  await page.locator("tbody tr:only-child", { hasText: wanted.orderNumber }).waitFor();
  await find("Lee");
  await page.locator("tbody tr:only-child", { hasText: "Vase" }).waitFor();
  await find("tea bo");
  await page.getByText("No orders match.").waitFor();
  await page.getByRole("button", { name: "Tea bowl", exact: true }).click();
  await page.getByRole("button", { name: "Remove the filter: Product: Tea bowl" }).waitFor();
  assert.match(page.url(), new RegExp(`product=${productId}`));
  await rows.nth(24).waitFor();
  await page.getByRole("button", { name: "More" }).click();
  await rows.nth(49).waitFor();

  // The row of the second page is still at the same height of the window after "back".
  const row = page.getByRole("link", { name: orders[20]!.orderNumber });
  await row.scrollIntoViewIfNeeded();
  const top = (await row.boundingBox())?.y;
  await row.click();
  await page.getByRole("heading", { level: 1, name: orders[20]!.orderNumber }).waitFor();
  assert.ok((await page.title()).startsWith(orders[20]!.orderNumber));
  await page.goBack();
  await rows.nth(49).waitFor();
  await eventually(
    page,
    `(() => {
    const link = [...document.querySelectorAll("td a")].find(({ textContent }) => textContent === ${JSON.stringify(orders[20]!.orderNumber)});
    return link !== undefined && Math.abs(link.getBoundingClientRect().top - ${top}) < 40;
  })()`,
  );
  await page.goBack();
  await eventually(page, `document.querySelector("input")?.value === "tea bo"`);
  await close();
});

browserTest("orders of rehearsals are not listed", async () => {
  const { id } = good(await shop.operator.post("/admin/rehearsals", { productId, buyers: 5, arriveWithinMs: 100 }), 201);
  while (good(await shop.operator.get(`/admin/rehearsals/${id}`), 200).finishedAt === null);
  const { orderNumber } = await order();
  const { page, close } = await atConsole("/orders");
  await page.locator("tbody tr").first().getByText(orderNumber).waitFor();
  assert.equal(await page.getByText("예행연습").count(), 0);
  await close();
});

// Fails if the page sends all units, or forgets that some were shipped.
browserTest("an order is prepared, shipped in two parcels, delivered, returned, and its return is received", async () => {
  const { orderId, variantId } = await order(3, { note: "Ring twice" });
  const { page, close } = await atConsole(`/orders/${orderId}`, { size: PHONE });
  await page.getByText("12 Jongno").waitFor();
  await page.getByText("Ring twice").waitFor();
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Start preparing" }).click();
  await dialog.getByRole("button", { name: "Start preparing" }).click();
  await page.locator(".title .pill", { hasText: "Preparing" }).waitFor();
  for (const [units, number] of [
    ["1", "111-1"],
    ["2", "222-2"],
  ]) {
    await page.getByRole("button", { name: "Ship", exact: true }).click();
    await dialog.getByLabel("Carrier").fill("CJ Logistics");
    await dialog.getByLabel("Tracking number").fill(number as string);
    await dialog.getByLabel(/^Units in this parcel/).fill(units as string);
    await assertAccessible(page);
    await dialog.getByRole("button", { name: "Ship", exact: true }).click();
    await page
      .locator(".parcels")
      .getByText(number as string)
      .waitFor();
  }
  await page.locator(".title .pill", { hasText: "Shipped" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Ship", exact: true }).count(), 0);
  await page.getByRole("button", { name: "Mark as delivered: 222-2" }).click();
  await dialog.getByRole("button", { name: "Mark as delivered" }).click();
  await page.getByText("The parcel was marked as delivered.").waitFor();

  good(await buyer.post(`/orders/${orderId}/returns`, { items: [{ variantId, quantity: 1 }], reason: "cracked" }), 201);
  good(await buyer.post(`/orders/${orderId}/returns`, { items: [{ variantId, quantity: 1 }], reason: "wrong color" }), 201);
  await page.reload();
  const returns = page.locator(".card", { has: page.getByRole("heading", { name: "Returns" }) });
  await returns.getByText("cracked").waitFor();
  await returns.locator("li", { hasText: "cracked" }).getByRole("button", { name: "Receive" }).click();
  await dialog.getByText("Refunds ₩3,333.").waitFor();
  await dialog.getByRole("checkbox").uncheck();
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Receive and refund" }).click();
  await page.getByText("The return was received and refunded.").waitFor();
  const [, received] = good(await buyer.get(`/orders/${orderId}/returns`), 200).returns;
  assert.deepEqual([received.status, received.restock], ["RECEIVED", false]);

  // The other one is rejected in the list of all returns.
  await page.goto(`${shop.url}/console#/returns`);
  const row = page.locator("tbody tr", { hasText: "wrong color" });
  await row.getByRole("button", { name: "Reject" }).click();
  await dialog.getByLabel("Reason", { exact: true }).fill("worn");
  await dialog.getByLabel(/^Message to the customer/).fill("It was worn.");
  await dialog.getByRole("button", { name: "Reject the return" }).click();
  await page.getByText("The return was rejected.").waitFor();
  await page.getByText("No returns.").waitFor();
  await assertAccessible(page);
  await close();
});

// Fails if the page computes the sum from prices: the discount would be missing.
browserTest("the sum of a refund in part is the one that the shop refunds, after a discount", async () => {
  const userCouponId = await shop.coupon(buyer, { discount: { type: "FIXED", amount: 1000 } });
  const { orderId } = await order(3, { userCouponId });
  const { page, close } = await atConsole(`/orders/${orderId}`);
  await page.getByLabel("Refund now: Tea bowl").fill("2");
  await page.getByRole("button", { name: "Refund 2" }).click();
  const button = page.getByRole("dialog").getByRole("button", { name: /^Refund ₩/ });
  const said = (await button.innerText()).replaceAll(/\D/g, "");
  await button.click();
  await page.locator(".title .pill", { hasText: "Partially refunded" }).waitFor();
  assert.equal(Number(said), good(await shop.operator.get(`/orders/${orderId}`), 200).refundedAmount);
  assert.equal(Number(said), 5999);
  await close();
});

// Fails if a faulty row is not named, or if the file is sent before it was shown.
browserTest("a file of parcels is previewed, each faulty row is named, and a corrected file is shipped", async () => {
  const [first, second] = [await order(), await order()];
  const { page, close } = await atConsole("/orders/ship");
  const chooser = page.getByLabel("CSV file");
  const choose = async (content: string): Promise<void> => {
    await chooser.setInputFiles([]);
    await chooser.setInputFiles({ name: "parcels.csv", mimeType: "text/csv", buffer: Buffer.from(content) });
  };
  const href = await page.getByRole("link", { name: "Download a template" }).getAttribute("href");
  assert.match(decodeURIComponent(href ?? ""), /orderNumber,carrier,trackingNumber/);
  await choose(`주문번호,택배사,운송장번호\n${first.orderNumber},,1\n${second.orderNumber}\n`);
  await page.getByText("2 faulty rows").waitFor();
  await page.getByText("Line 2: the carrier is missing").waitFor();
  await page.getByText(/^Line 3: 1 cells instead of 3/).waitFor();
  await assertAccessible(page);
  assert.equal(await page.getByRole("button", { name: /^Ship/ }).count(), 0);

  await choose(`주문번호,택배사,운송장번호\n${first.orderNumber},CJ,1\n261129-AAAAAAAA,CJ,2\n`);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Ship 2 orders" }).click();
  await dialog.getByRole("button", { name: "Ship 2 orders" }).click();
  await page.getByText(/^Line 3: /).waitFor();
  const statusOf = async ({ orderId }: { orderId: string }): Promise<string> =>
    good(await shop.operator.get(`/orders/${orderId}`), 200).fulfilmentStatus;
  assert.equal(await statusOf(first), "NONE");

  await choose(`주문번호,택배사,운송장번호\n${first.orderNumber},CJ,1\n${second.orderNumber},CJ,2\n`);
  await page.locator("tbody tr").nth(1).waitFor();
  await assertAccessible(page);
  await page.getByRole("button", { name: "Ship 2 orders" }).click();
  await dialog.getByRole("button", { name: "Ship 2 orders" }).click();
  await page.getByText("2 orders were shipped.").waitFor();
  assert.deepEqual([await statusOf(first), await statusOf(second)], ["SHIPPED", "SHIPPED"]);
  assert.equal(await page.getByRole("button", { name: /^Ship/ }).count(), 0, "nothing stays armed");
  await close();
});
