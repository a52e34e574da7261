// Checkout and order on a phone: address, sum, parcels, returns, and refunds in part.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, type InPage, useBrowser, visit } from "./browser.ts";
import { assertNothingCovered, assertSeen } from "./seen.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const ADDRESS = { recipient: "김민수", phone: "010-1234-5678", postalCode: "03045", line1: "서울 종로구 사직로 161" };

// Fails without `itemName` (names.ts): the size would be lost, or the order would be in two languages.
browserTest("an order names its items in the visitor's language, with their options", async () => {
  const user = await shop.user({ balance: 100_000 });
  const options = [{ color: "먹색 · Ink", size: "S" }, { size: "M" }];
  const orderItems = [];
  for (const option of options) {
    const variants = [{ ...option }, { ...option, size: "XL" }].map((values) => ({ options: values, price: 1000, stock: 3 }));
    const product = await shop.product({ name: "장날 티셔츠 · Market day T-shirt", variants });
    orderItems.push({ productId: product.id, variantId: product.variants[0]!.id, quantity: 1 });
  }
  const { orderId } = good(await user.post("/orders", { orderItems }), 201);
  for (const [language, names] of [
    ["ko", ["장날 티셔츠 먹색 / S", "장날 티셔츠 M"]],
    ["en", ["Market day T-shirt Ink / S", "Market day T-shirt M"]],
  ] as const) {
    const { page, close } = await visit(`${shop.url}/store/orders/${orderId}`, { as: user, language });
    for (const name of names) await page.getByRole("link", { name, exact: true }).waitFor();
    await close();
  }
});

// Fails if the bar's button is covered, or an address of an earlier order is not offered (useSavedAddresses).
browserTest("a buyer gives an address, reads what happens next, and the next checkout offers the address", async () => {
  const user = await shop.user({ balance: 100_000 });
  const product = await shop.product({ name: "등잔", price: 3000, stock: 9 });
  const address = `${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=2`;
  const { page, close } = await visit(address, { as: user });
  const pay = button(page, "6,000원 결제하기");
  await assertSeen(pay);
  await page.getByRole("radio", { name: "새 배송지 입력" }).check();
  await pay.click();
  assert.equal((good(await user.get(`/users/${user.id}/orders`), 200).orders as unknown[]).length, 0, "the address is not complete");
  await page.getByLabel("받는 분").fill(ADDRESS.recipient);
  await page.getByLabel("연락처").fill(ADDRESS.phone);
  await page.getByLabel("우편번호").fill(ADDRESS.postalCode);
  await page.getByLabel("주소", { exact: true }).fill(ADDRESS.line1);
  await assertNothingCovered(page);
  await assertAccessible(page);
  await pay.click();
  await assertSeen(page.getByText("주문이 완료되었습니다. 고맙습니다!"));
  const [order] = good(await user.get(`/users/${user.id}/orders`), 200).orders;
  await page.locator(".done").getByText(order.orderNumber).waitFor();
  await page.getByRole("link", { name: "쇼핑 계속하기" }).waitFor();
  assert.deepEqual(order.shippingAddress, { ...ADDRESS, country: "KR" });
  await assertNothingCovered(page);
  await assertAccessible(page);
  await page.goto(address);
  await page.getByRole("radio", { name: /김민수/, checked: true }).waitFor();
  await close();
});

browserTest("an order without an address asks for one, and takes it until the goods are being prepared", async () => {
  const user = await shop.user({ balance: 100_000 });
  const product = await shop.product({ name: "촛대", price: 3000, stock: 9 });
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  const { page, close } = await visit(`${shop.url}/#/orders/${orderId}`, { as: user });
  await button(page, "배송지 입력하기").click();
  for (const [label, value] of [
    ["받는 분", ADDRESS.recipient],
    ["연락처", ADDRESS.phone],
    ["우편번호", ADDRESS.postalCode],
    ["주소", ADDRESS.line1],
  ] as const)
    await page.getByRole("dialog").getByLabel(label, { exact: true }).fill(value);
  await assertSeen(button(page, "저장하기"));
  await assertAccessible(page);
  await button(page, "저장하기").click();
  await assertSeen(page.getByText("배송지를 저장했습니다."));
  await button(page, "배송지 변경").waitFor();
  good(await shop.operator.post(`/admin/orders/${orderId}/preparing`, {}), 200);
  await page.reload();
  await page.getByText("상품을 준비하고 있어 취소할 수 없습니다.", { exact: false }).waitFor();
  assert.equal(await button(page, "배송지 변경").count(), 0);
  assert.equal(await button(page, "주문 취소").count(), 0);
  await close();
});

// Fails if the details of an unpaid order come before its payment (order.tsx), or its button is not in the bar (pay-now.tsx).
browserTest("an unpaid order begins with its payment on a phone, and asks for the missing address when it is paid", async () => {
  const user = await shop.user({ balance: 10_000 });
  const product = await shop.product({ name: "벼루", price: 3000, stock: 9 });
  const order = { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", order), 201);
  const { page, close } = await visit(`${shop.url}/store/orders/${orderId}`, { as: user });
  await assertSeen(button(page, "3,000원 결제하기"));
  await assertSeen(page.getByRole("timer"));
  await assertSeen(page.getByText("아직 배송지가 없습니다", { exact: false }));
  await assertNothingCovered(page);
  await button(page, "3,000원 결제하기").click();
  await assertSeen(page.getByText("주문이 완료되었습니다. 고맙습니다!"));
  await assertSeen(button(page, "배송지 입력하기"));
  await page.goto(`${shop.url}/store/orders`);
  await page.locator(".row", { hasText: "벼루" }).getByText("배송지를 입력해 주세요").waitFor();
  await close();
});

// Fails without product-art.tsx, or if the checkout drops the image of a product or of a cart's item.
browserTest("the picture of a product is shown in its drop's card, the checkout, the order and the list of orders", async () => {
  const user = await shop.user({ balance: 100_000 });
  const icon = /href="([^"]+\.svg)"/.exec(await (await fetch(shop.url, { headers: { accept: "text/html" } })).text())?.[1] ?? assert.fail();
  const product = await shop.product({ name: "그림 접시", price: 3000, stock: 9, images: [{ url: icon }] });
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
  const purchase = `product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`;
  const { page, close } = await visit(`${shop.url}/store/orders`, { as: user });
  const picture = page.locator(`main img[src="${icon}"]`);
  await picture.waitFor();
  for (const path of [`orders/${orderId}`, `checkout?${purchase}`, "checkout"]) {
    await page.goto(`${shop.url}/store/${path}`);
    await picture.waitFor();
  }
  good(
    await shop.operator.post("/admin/drops", { name: "그림 드롭", productId: product.id, opensAt: new Date(Date.now() - 1000).toISOString() }),
    201,
  );
  await page.goto(shop.url);
  await page.locator(".drop-card", { hasText: "그림 드롭" }).locator(`img[src="${icon}"]`).waitFor();
  await close();
});

// Fails without `refundsByVariant` (order-lines.tsx), the parcels (progress.tsx) or the returns (returns.tsx).
browserTest("a shipped order shows its parcel, explains a refund in part, and takes a return", async () => {
  const user = await shop.user({ balance: 100_000 });
  const product = await shop.product({ name: "찻잔", price: 10_000, stock: 9 });
  const campaign = await shop.campaign({ name: "천 원", discount: { type: "FIXED", amount: 3000 } });
  const { userCouponId } = good(await user.post(`/coupons/${campaign.id}/issue`, {}), 201);
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }], userCouponId }), 201);
  const items = [{ variantId: product.variants[0]?.id, quantity: 1 }];
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items, reason: "x", customerReason: "금이 감" }), 200);
  const parcel = { carrier: "롯데택배", trackingNumber: "4012-3456-7890", trackingUrl: "https://trace.example/4012" };
  const { shipments } = good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, parcel), 201);
  const { page, close } = await visit(`${shop.url}/#/orders/${orderId}`, { as: user });
  await page.getByText("1개 환불 · 9,000원").waitFor();
  await page.getByText("쿠폰으로 할인받은 1,000원을 뺀 금액입니다.").waitFor();
  await page.locator(".steps [aria-current=step]").getByText("배송 중").waitFor();
  await page.getByText(parcel.trackingNumber).waitFor();
  assert.equal(await page.getByRole("link", { name: "배송 조회" }).getAttribute("href"), parcel.trackingUrl);
  await assertNothingCovered(page);
  await assertAccessible(page);
  good(await shop.operator.post(`/admin/orders/${orderId}/shipments/${shipments[0].shipmentId}/delivered`, {}), 200);
  await page.reload();
  await page.locator(".steps [aria-current=step]").getByText("배송 완료").waitFor();
  await button(page, "반품 신청").click();
  const sheet = page.getByRole("dialog", { name: "어떤 상품을 반품하시겠습니까?" });
  await sheet.getByLabel("반품 사유").fill("색이 다릅니다");
  await assertNothingCovered(page);
  await assertAccessible(page);
  await sheet.getByRole("button", { name: "반품 신청" }).click();
  await assertSeen(page.getByText("반품을 신청했습니다.", { exact: true }).first());
  await page.getByText("신청 완료").waitFor();
  const { returns } = good(await user.get(`/orders/${orderId}/returns`), 200);
  assert.deepEqual(
    returns.map(({ status, reason, items: units }: { status: string; reason: string; items: { quantity: number }[] }) => [
      status,
      reason,
      units[0]?.quantity,
    ]),
    [["REQUESTED", "색이 다릅니다", 1]],
  );
  await button(page, "신청 취소").click();
  await page.getByText("신청 취소됨").waitFor();
  await close();
});

// Fails if the message of a refused order is outside of the bar (checkout-form.tsx).
browserTest("an item that sells out during the checkout ends the order in words that are in view", async () => {
  const [user, other] = await Promise.all([shop.user({ balance: 100_000 }), shop.user({ balance: 100_000 })]);
  const product = await shop.product({ name: "화로", price: 3000, stock: 1 });
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, { as: user });
  await button(page, "3,000원 결제하기").waitFor();
  await page.route("**/products/*", (route) => route.abort());
  good(await other.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  await button(page, "3,000원 결제하기").click();
  await assertSeen(page.getByText("방금 품절되었습니다."));
  await assertNothingCovered(page);
  assert.equal(await shop.balanceOf(user), 100_000);
  await close();
});

// Fails if the print style keeps a control, a dark theme's light ink, or a question to the buyer, or leaves out the seller (receipt-head.tsx).
browserTest("a printed receipt names the seller, the order and the payment, in dark ink, and asks nothing", async () => {
  const seller = await openTestShop({ env: { BUSINESS_NAME: "연꽃 상점", BUSINESS_REGISTRATION_NUMBER: "123-45-67890" } });
  try {
    const buyer = await seller.user({ balance: 10_000 });
    const product = await seller.product({ name: "연꽃 잔", price: 9000, stock: 1 });
    const order = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
    const { page, close } = await visit(`${seller.url}/store/orders/${order.orderId}`, { as: buyer, name: "김민수", theme: "dark" });
    await page.getByText("배송지를 입력해 주세요").waitFor();
    assert.equal(await page.getByText("영수증 ·").isVisible(), false);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    for (const text of ["영수증 · 연꽃 상점", "123-45-67890", order.orderNumber, "결제 일시", "김민수", "연꽃 잔", "9,000원"])
      await page.getByText(text).filter({ visible: true }).first().waitFor();
    assert.equal(await page.getByText("배송지를 입력해 주세요").isVisible(), false);
    assert.equal(await page.locator("button:visible, a.button:visible, nav:visible").count(), 0);
    const ink = await page.locator(".receipt-head").evaluate((head: InPage) => (globalThis as InPage).getComputedStyle(head).color as string);
    const channels =
      ink
        .match(/[\d.]+/g)
        ?.slice(0, 3)
        .map(Number) ?? [];
    assert.ok(channels.length === 3 && channels.every((channel) => channel < 100), ink);
    await close();
  } finally {
    await seller.close();
  }
});
