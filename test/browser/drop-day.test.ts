// A new operator signs in, makes a product, prepares and rehearses a drop, follows it live, and reads its report.
// DROP_PICTURES is a folder for a picture of each step.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, type InPage, PHONE, useBrowser, visit } from "./browser.ts";
import { stepsInto } from "./steps.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

const atStep = stepsInto(process.env["DROP_PICTURES"]);
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const link = (page: Page, name: string) => page.getByRole("link", { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

async function makeProduct(page: Page): Promise<void> {
  await page.goto(`${shop.url}/console#/catalog`);
  await atStep(page, "catalog", link(page, "새 상품"));
  await link(page, "새 상품").click();
  await page.getByLabel("이름", { exact: true }).fill("연꽃 항아리");
  await page.getByLabel("가격", { exact: true }).fill("38000");
  await page.getByLabel("재고", { exact: true }).fill("3");
  await atStep(page, "product-form", page.getByLabel("재고", { exact: true }));
  await button(page, "만들기").click();
  await heading(page, "연꽃 항아리").waitFor();
  await atStep(page, "product-made", link(page, "드롭 준비"));
}

async function makeDrop(page: Page): Promise<string> {
  await link(page, "드롭 준비").click();
  await link(page, "드롭 만들기").or(heading(page, "새 드롭")).first().waitFor();
  await page.getByRole("radio", { name: /^선착순/ }).check();
  await atStep(page, "drop-mode", page.getByRole("radio", { name: /^선착순/ }));
  await page.getByLabel(/^1인당 한도/).fill("1");
  await button(page, "드롭 만들기").scrollIntoViewIfNeeded();
  await atStep(page, "drop-terms", button(page, "드롭 만들기"));
  await button(page, "드롭 만들기").click();
  await page.getByText("드롭을 만들었습니다.").waitFor();
  await atStep(page, "drop-made", page.getByText("드롭을 만들었습니다."));
  return /drops\/([0-9a-f-]+)/.exec(page.url())?.[1] ?? "";
}

async function rehearse(page: Page): Promise<void> {
  await link(page, "예행연습").last().click();
  await page.getByLabel("구매자 수", { exact: true }).fill("20");
  await page.getByLabel(/^도착 시간/).fill("0.5");
  await atStep(page, "rehearsal-form", page.getByLabel("구매자 수", { exact: true }));
  await button(page, "예행연습 시작").click();
  await page.getByText("재고 이내 판매").waitFor({ timeout: 120_000 });
  await atStep(page, "rehearsal-report", page.getByText("재고 이내 판매"));
  await page.getByRole("link", { name: /^드롭으로/ }).click();
}

// Fails if a step does not lead to the next one.
browserTest("a new operator prepares, rehearses, runs and reports a drop, on a phone", async () => {
  const { page, close } = await visit(`${shop.url}/console`, { size: PHONE });
  await page.getByLabel("운영자 토큰").fill(shop.operator.token);
  await atStep(page, "sign-in", button(page, "로그인"));
  await button(page, "로그인").click();
  await heading(page, "실시간").waitFor();
  await atStep(page, "live-empty", heading(page, "실시간"));
  await makeProduct(page);
  const id = await makeDrop(page);
  await rehearse(page);
  await heading(page, "연꽃 항아리").waitFor();

  await button(page, "수정").click();
  const soon = new Date(Date.now() + 60_000);
  const wall = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Seoul", dateStyle: "short", timeStyle: "short" }).format(soon);
  await page.getByRole("dialog").getByLabel(/^시작/).fill(wall.replace(" ", "T"));
  await atStep(page, "edit", page.getByRole("dialog").getByRole("button", { name: "저장" }));
  await page.getByRole("dialog").getByRole("button", { name: "저장" }).click();
  await page.locator(".title .pill", { hasText: "진행 중" }).waitFor({ timeout: 120_000 });
  await atStep(page, "open", page.locator(".title .pill", { hasText: "진행 중" }));
  const product = good(await shop.anyone("GET", `/drops/${id}`), 200).productId;
  for (const buyer of await shop.users(3, { balance: 100_000 })) {
    good(await buyer.post(`/drops/${id}/entries`, {}), 201);
    good(await buyer.post("/orders", { orderItems: [{ productId: product, quantity: 1 }] }), 201);
  }
  await page.locator(".title .pill", { hasText: "품절" }).waitFor();
  await atStep(page, "sold-out", page.locator(".title .pill", { hasText: "품절" }));
  await page.goto(`${shop.url}/console#/live`);
  await page.getByText("114,000원").first().waitFor();
  await atStep(page, "live", page.getByRole("heading", { name: "최근 드롭" }));
  await assertAccessible(page);
  await page.getByRole("link", { name: "연꽃 항아리" }).first().click();
  await button(page, "드롭 종료").click();
  await atStep(page, "close", page.getByRole("dialog").getByRole("button", { name: "드롭 종료" }));
  await page.getByRole("dialog").getByRole("button", { name: "드롭 종료" }).click();
  await page.getByText("드롭을 종료했습니다.").waitFor();
  await page.locator(".title .pill", { hasText: "마감" }).waitFor();
  // Nothing is left, so no button offers to sell the rest.
  await button(page, "일반 판매로 전환").waitFor();
  const revenueTile = page.locator(".tile", { hasText: "114,000원" });
  await revenueTile.evaluate((element: InPage) => element.scrollIntoView({ block: "center" }));
  await atStep(page, "report", revenueTile);
  const { sold, revenue } = good(await shop.operator.get(`/admin/drops/${id}/report`), 200);
  assert.deepEqual([sold, revenue], [3, 114_000]);
  await assertAccessible(page);
  await close();
});
