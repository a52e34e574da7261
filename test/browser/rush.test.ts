// Buying on a phone while a crowd rehearses the same drop: opening, line, turn, payment, order. RUSH_BUYERS is the size of the crowd;
// RUSH_PICTURES is a folder for a picture of each step.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit } from "./browser.ts";
import { assertNothingCovered } from "./seen.ts";
import { stepsInto } from "./steps.ts";

const BUYERS = Number(process.env["RUSH_BUYERS"] ?? 60);
const OPENS_AFTER_S = 25;
const ADDRESS = { "받는 분": "김민수", 연락처: "010-1234-5678", 우편번호: "03045", 주소: "서울 종로구 사직로 161" };

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const atStep = stepsInto(process.env["RUSH_PICTURES"]);
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const headline = (page: Page) => page.locator(".drop-headline");

async function startCrowd(dropId: string): Promise<string> {
  const { id } = good(await shop.operator.post("/admin/rehearsals", { dropId, buyers: BUYERS, arriveWithinMs: 20_000 }), 201);
  return id;
}

/** The report, once the crowd has gone home. */
async function reportOf(rehearsalId: string): Promise<{ audit: { violations: number } }> {
  for (;;) {
    const { report, finishedAt } = good(await shop.operator.get(`/admin/rehearsals/${rehearsalId}`), 200);
    if (finishedAt !== null) return report;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

// Fails if the page needs a reload at the opening or at the buyer's turn, if the checkout takes the held unit, which is the last one, for sold out
// (held-units.ts), or if the payment is where a person does not see it.
browserTest("a buyer on a phone waits for the opening, stands in line, pays at the turn, and finds the order, during a crowd", async () => {
  const [holder, buyer] = (await shop.users(2, { balance: 100_000, name: "김민수" })) as [Client, Client];
  const product = await shop.product({ name: "연꽃 항아리", price: 38_000, stock: 1 });
  const opensAt = new Date(Date.now() + OPENS_AFTER_S * 1000).toISOString();
  const terms = {
    name: "연꽃 항아리 드롭",
    productId: product.id,
    mode: "FIRST_COME",
    opensAt,
    limitPerCustomer: 1,
    holdFor: "PT5M",
    waitlist: true,
  };
  const { id } = good(await shop.operator.post("/admin/drops", terms), 201);
  const { page, close } = await visit(shop.url, { as: buyer, name: "김민수", context: { hasTouch: true, isMobile: true } });
  await atStep(page, "home", page.locator(".drop-card").getByText("연꽃 항아리 드롭"));
  await page.locator(".drop-card", { hasText: "연꽃 항아리 드롭" }).tap();
  await atStep(page, "before-opening", page.getByRole("timer"));
  const rehearsalId = await startCrowd(id);

  const enter = button(page, "대기 줄 서기");
  await button(page, "참여하기").or(enter).waitFor({ timeout: 120_000 });
  good(await holder.post(`/drops/${id}/entries`, {}), 201);
  await enter.waitFor();
  await atStep(page, "open", enter);
  await enter.tap();
  await headline(page).getByText("다음 차례입니다").waitFor();
  await atStep(page, "in-line", headline(page));
  await assertNothingCovered(page);

  // The phone is put away: another page leads back.
  await page.goto(shop.url);
  const strip = page.getByRole("link", { name: /연꽃 항아리 드롭: 다음 차례/ });
  await atStep(page, "another-page", strip);
  good(await holder.delete(`/drops/${id}/entries/mine`), 204);
  const turn = page.getByRole("link", { name: /연꽃 항아리 드롭: 확보해 두었습니다/ });
  await turn.waitFor();
  await atStep(page, "turn-elsewhere", turn);
  // The strip leads to the payment at once; the drop's page does, too.
  assert.match((await turn.getAttribute("href")) ?? "", /^\/store\/checkout\?/);
  await page.goto(`${shop.url}/store/drops/${id}`);
  const pay = page.getByRole("link", { name: "지금 결제하기" });
  await pay.waitFor();
  await atStep(page, "held", pay);
  await assertAccessible(page);
  await pay.tap();

  const payNow = button(page, "38,000원 결제하기");
  await atStep(page, "checkout", payNow);
  await page.getByRole("radio", { name: "새 배송지 입력" }).check();
  for (const [label, text] of Object.entries(ADDRESS)) await page.getByLabel(label, { exact: true }).fill(text);
  await atStep(page, "address", payNow);
  await assertNothingCovered(page);
  await payNow.dblclick();
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  // Nothing asks for the payment again.
  assert.equal(await page.locator(".strip").count(), 0);
  await atStep(page, "done", page.getByText("주문이 완료되었습니다. 고맙습니다!"));
  await assertAccessible(page);
  assert.equal(await shop.balanceOf(buyer), 62_000);
  assert.equal((good(await buyer.get(`/users/${buyer.id}/orders`), 200).orders as unknown[]).length, 1);
  assert.equal(await shop.stockOf(product), 0);
  await page.getByRole("link", { name: "주문", exact: true }).tap();
  await atStep(page, "orders", page.getByText("결제 완료"));
  await page.goto(`${shop.url}/store/drops/${id}`);
  await headline(page).getByText("구매했습니다").waitFor();
  await atStep(page, "bought", headline(page));
  await close();
  const { audit } = await reportOf(rehearsalId);
  assert.equal(audit.violations, 0);
});
