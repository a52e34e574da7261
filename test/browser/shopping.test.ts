// A shopper in the storefront, in a real browser. The shop must do exactly as the pages show.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, DESKTOP, browserTest, useBrowser, visit } from "./browser.ts";
import { assertNothingCovered, assertSeen } from "./seen.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const menu = (page: Page, name: string) => page.getByRole("navigation").getByRole("link", { name });
const won = (amount: number): string => `${amount.toLocaleString("ko-KR")}원`;

browserTest("a shopper claims a coupon, orders, cancels and gets a refund, using the pages alone", async () => {
  const { page, close } = await visit(shop.url);
  await page.getByRole("link", { name: "로그인", exact: true }).first().click();
  await button(page, "김민수 님으로 로그인").click();
  await button(page, "로그아웃").waitFor();
  const me = await page.evaluate(() => JSON.parse(localStorage.getItem("jangnal.session") ?? "{}") as { userId: string });
  const user = shop.client(me.userId);
  const before = await shop.balanceOf(user);

  await menu(page, "쿠폰").click();
  const campaign = page.locator("article.campaign", { hasText: "첫 장날 5,000원" });
  await campaign.getByRole("button", { name: "쿠폰 받기" }).click();
  await campaign.getByRole("status").getByText("쿠폰을 받았습니다!").waitFor();
  await campaign.getByRole("button", { name: "발급 완료" }).waitFor();
  await page.locator(".ticket", { hasText: "첫 장날" }).getByText("사용 가능").waitFor();
  await assertAccessible(page);

  await menu(page, "둘러보기").click();
  await page
    .getByRole("link", { name: /제주 감귤/ })
    .last()
    .click();
  await button(page, "하나 더하기").click();
  await button(page, "장바구니 담기").click();
  await page.getByText("장바구니에 담았습니다.").waitFor();
  await assertAccessible(page);
  await page.getByRole("link", { name: "장바구니 보기" }).click();
  await page.getByText(won(49_800)).first().waitFor();
  await button(page, "하나 더하기").click();
  await page.getByRole("definition").getByText(won(74_700)).waitFor();
  await assertAccessible(page);

  await page.getByRole("link", { name: "주문하기" }).click();
  await page
    .locator(".row", { hasText: "제주 감귤" })
    .getByText(`${won(24_900)} × 3`)
    .waitFor();
  const price = page.getByRole("table", { name: "금액 내역" });
  await price.getByRole("row", { name: `쿠폰 할인 ${won(-5000)}` }).waitFor();
  assert.deepEqual(
    await price
      .getByRole("row")
      .allInnerTexts()
      .then((rows) => rows.map((row) => row.replaceAll(/\s+/g, " ").trim())),
    [`상품 금액 ${won(74_700)}`, `쿠폰 할인 ${won(-5000)}`, `결제 금액 ${won(69_700)}`],
  );
  await assertAccessible(page);
  await button(page, `${won(69_700)} 결제하기`).click();
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  await assertAccessible(page);
  assert.equal(await shop.balanceOf(user), before - 69_700);
  assert.deepEqual(good(await user.get(`/users/${user.id}/cart`), 200).cartItems, []);

  await button(page, "주문 취소").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(won(69_700)).waitFor();
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "주문 취소" }).click();
  await page.getByText("주문이 취소되었습니다.").waitFor();
  await page.getByText("환불 완료").waitFor();
  await page.getByText("모두 환불되었습니다").waitFor();
  assert.equal(await shop.balanceOf(user), before);

  await menu(page, "잔액").click();
  await page.locator(".balance", { hasText: won(before) }).waitFor();
  await page.locator(".entry", { hasText: `+${won(69_700)}` }).waitFor();
  await assertAccessible(page);
  await menu(page, "쿠폰").click();
  await page.locator(".ticket", { hasText: "첫 장날" }).getByText("사용 가능").waitFor();
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  await close();
});

browserTest("an order whose card was declined is paid from the balance; in English, on a desktop", async () => {
  const user = await shop.user({ balance: 100_000 });
  const product = await shop.product({
    name: "Scarf",
    variants: [
      { options: { color: "white", size: "S" }, price: 10_000, stock: 0 },
      { options: { color: "white", size: "L" }, price: 12_000, stock: 5 },
      { options: { color: "blue", size: "L" }, price: 13_000, stock: 8 },
    ],
  });
  const { page, close } = await visit(`${shop.url}/#/products/${product.id}`, { as: user, language: "en", size: DESKTOP });
  await page.getByText("13 in stock", { exact: true }).waitFor();
  await page.getByRole("group", { name: "Color" }).getByRole("radio", { name: "blue" }).check();
  await page.getByRole("group", { name: "Size" }).getByRole("radio", { name: /^L/ }).check();
  await page.getByText("8 in stock").first().waitFor();
  await button(page, "Buy now").click();
  await page.getByRole("radio", { name: /^Card/ }).check();
  await page.getByRole("radio", { name: "declines" }).check();
  await button(page, "Pay ₩13,000").click();
  await page.getByText("The card was declined.").waitFor();
  assert.equal(await shop.balanceOf(user), 100_000);
  await page.getByText("Time left to pay").waitFor();
  await assertAccessible(page);
  await page.getByRole("radio", { name: /^Balance/ }).check();
  await button(page, "Pay ₩13,000").click();
  await page.getByText("Your order is complete. Thank you!").waitFor();
  assert.equal(await shop.balanceOf(user), 87_000);
  const { orders } = good(await user.get(`/users/${user.id}/orders`), 200);
  assert.deepEqual(
    orders.map(({ status, payment }: { status: string; payment: { method: string } }) => [status, payment.method]),
    [["COMPLETED", "BALANCE"]],
  );
  await close();
});

// Fails without `ChosenMethod` in the bars (pay-with.tsx).
browserTest("after a decline, a buyer on a phone sees the reason and the way to another method without scrolling", async () => {
  const user = await shop.user({ balance: 5000 });
  const product = await shop.product({ name: "Lamp", price: 9000, stock: 2 });
  const { variants } = product;
  const { page, close } = await visit(`${shop.url}/store/checkout?product=${product.id}&variant=${variants[0]?.id}&quantity=1`, { as: user });
  await assertSeen(page.getByText("잔액이 4,000원 부족합니다"));
  await assertSeen(button(page, "결제 수단 변경"));
  await button(page, "결제 수단 변경").click();
  await assertSeen(page.getByRole("radio", { name: /^카드로 결제/ }));
  await page.getByRole("radio", { name: /^카드로 결제/ }).check();
  await page.getByRole("radio", { name: "거절" }).check();
  await button(page, "9,000원 결제하기").click();
  await assertSeen(page.getByText("카드 결제가 거절되었습니다", { exact: false }));
  await assertSeen(button(page, "결제 수단 변경"));
  await assertNothingCovered(page);
  await assertAccessible(page);
  await page.evaluate("scrollTo(0, 0)");
  await button(page, "결제 수단 변경").click();
  await assertSeen(page.getByRole("radio", { name: /^잔액으로 결제/ }));
  assert.equal(await page.evaluate("document.activeElement.name"), "method");
  await page.getByRole("radio", { name: /^카드로 결제/ }).check();
  await button(page, "9,000원 결제하기").click();
  await page
    .getByText("카드 결제가 확인되었습니다")
    .or(page.getByText("주문이 완료되었습니다", { exact: false }))
    .first()
    .waitFor();
  await close();
});

browserTest("the order page waits for a late bank and tells when the payment is confirmed", async () => {
  const user = await shop.user();
  const product = await shop.product({ name: "Kite", price: 7000, stock: 2 });
  const address = `${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`;
  const { page, close } = await visit(address, { as: user, language: "en" });
  await button(page, "Pay ₩7,000").and(page.locator(":disabled")).waitFor();
  await page.locator(".pick").getByText("₩7,000 short").waitFor();
  await page.getByRole("radio", { name: /^Card/ }).check();
  await page.getByRole("radio", { name: "answers late" }).check();
  await button(page, "Pay ₩7,000").click();
  await page.getByText("Waiting for the bank").waitFor();
  await assertAccessible(page);
  assert.equal(await shop.stockOf(product), 1, "the unit is reserved");
  good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
  await page
    .locator(".pill", { hasText: /^Paid$/ })
    .first()
    .waitFor();
  await page.getByText("Waiting for the bank").waitFor({ state: "detached" });
  await page.getByText("The card payment is confirmed.").waitFor();
  await close();
});

browserTest("a top-up raises the balance and appears in the ledger", async () => {
  const user = await shop.user();
  const { page, close } = await visit(`${shop.url}/#/balance`, { as: user, language: "en" });
  await page.getByText("Nothing yet").waitFor();
  await page.getByLabel("Amount to top up").fill("0");
  await page.getByRole("button", { name: "Top up", exact: true }).and(page.locator(":disabled")).waitFor();
  await page.getByRole("button", { name: "₩10,000", exact: true }).click();
  await button(page, "Top up ₩10,000").click();
  await page.getByText("₩10,000 added.").waitFor();
  await page.locator(".balance", { hasText: "₩10,000" }).waitFor();
  await page.locator(".entry", { hasText: "+₩10,000" }).waitFor();
  assert.equal(await shop.balanceOf(user), 10_000);
  await close();
});

browserTest("the page of a partially refunded order shows the items, the amount and the reason for the customer", async () => {
  const user = await shop.user({ balance: 100_000 });
  const product = await shop.product({ name: "찻잔", price: 7000, stock: 5 });
  const { orderId } = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 3 }] }), 201);
  const items = [{ variantId: product.variants[0]?.id, quantity: 2 }];
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items, reason: "단골", customerReason: "깨짐" }), 200);
  const { page, close } = await visit(`${shop.url}/#/orders/${orderId}`, { as: user });
  await page.getByText("부분 환불", { exact: true }).waitFor();
  await page.getByText(`2개 환불 · ${won(14_000)}`).waitFor();
  await page.locator(".sum").getByText(won(14_000)).waitFor();
  await page.locator(".timeline").getByText("깨짐").waitFor();
  assert.equal(await page.getByText("단골").count(), 0);
  await close();
});

browserTest("a buyer without enough balance tops it up and returns to the order", async () => {
  const user = await shop.user({ balance: 1000 });
  const product = await shop.product({ name: "목화", price: 8000, stock: 5 });
  const { page, close } = await visit(`${shop.url}/#/checkout?product=${product.id}&variant=${product.variants[0]?.id}&quantity=1`, { as: user });
  await page.getByText("7,000원이 부족합니다").waitFor();
  await page.getByRole("link", { name: "충전하러 가기" }).click();
  await button(page, "7,000원 충전하기").click();
  await page.getByRole("link", { name: "주문 계속하기" }).click();
  await button(page, "8,000원 결제하기").click();
  await page.getByText("주문이 완료되었습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 0);
  await close();
});
