// The page of a drop on a phone, state by state. The shop must do exactly as the page shows.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";
import type { Page } from "playwright-core";
import { closeSoon } from "../support/close-soon.ts";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { keepNotifications, setVisibility } from "./background.ts";
import { assertAccessible, browserTest, eventually, useBrowser, visit } from "./browser.ts";
import { assertNothingCovered, assertSeen } from "./seen.ts";

useBrowser();
let shop: TestShop;
before(async () => {
  shop = await openTestShop({ env: { DEMO: "on" } });
});
after(() => shop.close());

const HOUR_S = 3600;
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const headline = (page: Page) => page.locator(".drop-headline");

async function openDrop(stock: number, terms: Record<string, unknown> = {}): Promise<{ id: string; product: { id: string } }> {
  const product = await shop.product({ name: "연꽃 잔", price: 9000, stock });
  const body = {
    name: "연꽃 드롭",
    productId: product.id,
    mode: "FIRST_COME",
    opensAt: inSeconds(-1),
    limitPerCustomer: 1,
    holdFor: "PT5M",
    waitlist: true,
  };
  const { id } = good(await shop.operator.post("/admin/drops", { ...body, ...terms }), 201);
  return { id, product };
}

const enter = async (user: Client, { id }: { id: string }) => good(await user.post(`/drops/${id}/entries`, {}), 201);
const addressOf = ({ id }: { id: string }): string => `${shop.url}/#/drops/${id}`;

// Fails if the countdown uses the visitor's clock (shared/clock.ts), or the button waits for a reload (statusNow in drop-data.ts).
browserTest("a drop opens by the shop's clock, holds a unit for the buyer, and is bought in time", async () => {
  const user = await shop.user({ balance: 20_000 });
  const drop = await openDrop(2, { opensAt: inSeconds(15) });
  const { page, close } = await visit(addressOf(drop), { as: user, clockAheadMs: HOUR_S * 1000 });
  await button(page, "오픈 전입니다").and(page.locator("[aria-disabled=true]")).waitFor();
  await assertSeen(page.getByRole("timer"));
  await assertNothingCovered(page);
  await assertAccessible(page);
  await button(page, "참여하기").click();
  await headline(page).getByText("확보해 두었습니다").waitFor();
  await assertSeen(page.getByRole("timer", { name: /^결제 마감까지 0[45]:\d\d$/ }));
  await page.getByText("남은 수량").waitFor();
  assert.equal(await shop.stockOf(drop.product), 1);
  await assertNothingCovered(page);
  await assertAccessible(page);
  await page.getByRole("link", { name: "지금 결제하기" }).click();
  await page.locator(".strip").getByText("연꽃 드롭: 확보해 두었습니다").waitFor();
  await button(page, "9,000원 결제하기").click();
  await page.getByText(/주문이 완료되었습니다/).waitFor();
  await page.goto(addressOf(drop));
  await headline(page).getByText("구매했습니다").waitFor();
  await page.getByRole("link", { name: "주문 보기" }).click();
  await page
    .getByText(/연꽃 잔/)
    .first()
    .waitFor();
  assert.equal(await shop.balanceOf(user), 11_000);
  await close();
});

// Fails if a page asks for an entry without `optional` (drop-data.ts), or if the list tells the units of a drop as those of any product.
browserTest("a buyer without an entry finds a drop, its product and a cart with it, and the browser logs no failed request", async () => {
  const user = await shop.user({ balance: 20_000 });
  const drop = await openDrop(2);
  const direct = await openDrop(3, { mode: "DIRECT", name: "바로 드롭", waitlist: undefined, holdFor: undefined });
  good(await user.post(`/users/${user.id}/cart/items`, { productId: direct.product.id, quantity: 1 }), 201);
  const { page, close } = await visit(shop.url, { as: user });
  const failed: string[] = [];
  page.on("response", (response) => response.status() >= 400 && failed.push(`${response.status()} ${response.url()}`));
  const card = page.locator(`.card[href$="/products/${drop.product.id}"]`);
  await card.getByText("드롭", { exact: true }).waitFor();
  assert.equal(await card.getByText("남음").count(), 0);
  await page.goto(addressOf(drop));
  await button(page, "참여하기").waitFor();
  await page.goto(`${shop.url}/store/cart`);
  await page.getByRole("link", { name: "주문하기" }).click();
  await button(page, "9,000원 결제하기").waitFor();
  await close();
  assert.deepEqual(failed, []);
});

browserTest("the home page shows three drops, and the others at a press", async () => {
  const drops = await Promise.all([1, 2, 3, 4].map(() => openDrop(2)));
  const { page, close } = await visit(shop.url);
  await page.locator(".drop-card").nth(2).waitFor();
  assert.equal(await page.locator(".drop-card").count(), 3);
  await button(page, /^드롭 \d+개 더 보기$/).click();
  for (const { id } of drops) await page.locator(`.drop-card[href$="/drops/${id}"]`).waitFor();
  assert.equal(await button(page, /^드롭 \d+개 더 보기$/).count(), 0);
  await assertAccessible(page);
  // The drop decides when its units are for sale, so the product's page does not count them.
  await page.goto(`${shop.url}/store/products/${drops[0]?.product.id}`);
  await page.getByRole("link", { name: "드롭으로 가기" }).waitFor();
  assert.equal(await page.getByText(/재고 \d|남음/).count(), 0);
  await close();
});

// Fails without the stream (useDrop), `aheadOf`, or the strip that leads back (entry-strip.tsx).
browserTest("a waiting buyer sees the place in line move, finds it again after closing the page, and is told when the unit is held", async () => {
  const drop = await openDrop(1);
  const [holder, second, third] = (await shop.users(3, { balance: 20_000 })) as [Client, Client, Client];
  for (const user of [holder, second]) await enter(user, drop);
  const { page, close } = await visit(addressOf(drop), { as: third });
  await button(page, "대기 줄 서기").click();
  await headline(page).getByText("2번째로 기다리고 있습니다").waitFor();
  await assertSeen(page.getByText("이 화면을 닫아도 순서는 그대로입니다", { exact: false }));
  await assertNothingCovered(page);
  await assertAccessible(page);
  await page.goto(`${shop.url}/#/coupons`);
  await page.getByRole("link", { name: /연꽃 드롭: 2번째 대기 중/ }).click();
  await headline(page).getByText("2번째로 기다리고 있습니다").waitFor();
  good(await second.delete(`/drops/${drop.id}/entries/mine`), 204);
  good(await holder.delete(`/drops/${drop.id}/entries/mine`), 204);
  await headline(page).getByText("확보해 두었습니다").waitFor();
  await button(page, "포기하기").click();
  await page.getByRole("dialog").getByText("되돌릴 수 없습니다", { exact: false }).waitFor();
  await assertAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "포기하기" }).click();
  await headline(page).getByText("참여를 그만두었습니다").waitFor();
  assert.equal(await shop.stockOf(drop.product), 1);
  await close();
});

// Fails without `dropReason` (words.ts) or the link to the drop (checkout-form.tsx).
browserTest("a checkout tells that a drop is paused, not yet open, or holds no unit, and leads to the drop", async () => {
  const [user] = (await shop.users(1, { balance: 50_000 })) as [Client];
  const held = await openDrop(2);
  const direct = await openDrop(2, { mode: "DIRECT", holdFor: undefined, waitlist: undefined });
  const upcoming = await openDrop(2, { mode: "DIRECT", holdFor: undefined, waitlist: undefined, opensAt: inSeconds(HOUR_S) });
  await enter(user, held);
  const { page, close } = await visit(shop.url, { as: user });
  const refusedAt = async ({ id, product }: typeof held, before: () => Promise<unknown>, words: RegExp): Promise<void> => {
    const { variants } = good(await shop.anyone("GET", `/products/${product.id}`), 200);
    await page.goto(`${shop.url}/store/checkout?product=${product.id}&variant=${variants[0].id}&quantity=1`);
    await button(page, "9,000원 결제하기").waitFor();
    await before();
    await button(page, "9,000원 결제하기").click();
    await assertSeen(page.getByRole("alert").getByText(words));
    await assertSeen(page.locator(`.bottom-bar a[href$="/drops/${id}"]`));
    await assertAccessible(page);
  };
  await refusedAt(upcoming, async () => {}, /아직 판매 시작 전입니다\.\s.+에 시작합니다/);
  await refusedAt(direct, () => shop.operator.post(`/admin/drops/${direct.id}/pause`), /잠시 멈췄습니다/);
  await refusedAt(held, () => user.delete(`/drops/${held.id}/entries/mine`), /확보한 수량이 없습니다/);
  assert.equal(await shop.balanceOf(user), 50_000);

  // A hold that ends during the checkout is told at once (entry-strip.tsx).
  await page.goto(addressOf(held));
  await button(page, "참여하기").click();
  await page.getByRole("link", { name: "지금 결제하기" }).click();
  await page.locator(".strip.held").waitFor();
  good(await shop.operator.post(`/admin/drops/${held.id}/close`), 200);
  await assertSeen(page.locator(".toast", { hasText: "결제 시간이 지났습니다" }).getByRole("link", { name: "드롭으로 가기" }));
  await close();
});

// Fails without `hiddenMs` (resource.ts) or `useTurn` (turn.tsx), or if a tab in the background keeps its stream, which the others then lack.
browserTest("a waiting buyer's tab in the background tells the turn by its title and a notification, and holds no connection", async () => {
  const drop = await openDrop(1);
  const [holder, buyer] = (await shop.users(2, { balance: 20_000 })) as [Client, Client];
  await enter(holder, drop);
  const { page, close } = await visit(shop.url, { as: buyer });
  await keepNotifications(page);
  const streams = new Set<unknown>();
  page.on("request", (request) => request.url().endsWith("/live") && streams.add(request));
  page.on("requestfailed", (request) => streams.delete(request));
  page.on("requestfinished", (request) => streams.delete(request));
  const untilStreams = async (count: number): Promise<void> => {
    for (const deadline = Date.now() + 60_000; streams.size !== count && Date.now() < deadline;) await page.waitForTimeout(50);
    assert.equal(streams.size, count);
  };
  await page.goto(`${shop.url}/store/drops/${drop.id}`);
  await button(page, "대기 줄 서기").click();
  await button(page, "차례가 오면 알림 받기").click();
  await button(page, "차례가 오면 알림 받기").waitFor({ state: "detached" });
  await assertAccessible(page);
  await untilStreams(1);
  await setVisibility(page, "hidden");
  await untilStreams(0);
  good(await holder.delete(`/drops/${drop.id}/entries/mine`), 204);
  await eventually(page, "document.title.startsWith('확보됨 · ')");
  assert.deepEqual(await page.evaluate("shownNotifications"), ["연꽃 드롭: 확보해 두었습니다"]);
  await setVisibility(page, "visible");
  await headline(page).getByText("확보해 두었습니다").waitFor();
  await eventually(page, "!document.title.includes('확보됨')");
  await untilStreams(1);
  await close();
});

browserTest("a drop that is sold out says so at once, and a limit that is reached is told in numbers", async () => {
  const [user, other] = (await shop.users(2, { balance: 50_000 })) as [Client, Client];
  const drop = await openDrop(2, { mode: "DIRECT", holdFor: undefined, waitlist: undefined });
  const orderOne = async (buyer: Client) => good(await buyer.post("/orders", { orderItems: [{ productId: drop.product.id, quantity: 1 }] }), 201);
  await orderOne(user);
  const { page, close } = await visit(addressOf(drop), { as: user, language: "en", theme: "dark" });
  await button(page, "Buy now").click();
  await button(page, /^Pay ₩/).click();
  await page.getByText("One person can buy up to 1, and you already have 1.").waitFor();
  await page.goBack();
  await button(page, "Buy now").waitFor();
  await orderOne(other);
  await assertSeen(headline(page).getByText("Sold out"));
  await button(page, "Sold out").and(page.locator("[aria-disabled=true]")).waitFor();
  await assertAccessible(page);
  await close();
});

async function drawOf(drop: { id: string }): Promise<void> {
  good(await shop.operator.post("/admin/jobs/run-draws/run"), 200);
  const { drawnAt } = good(await shop.anyone("GET", `/drops/${drop.id}/draw`), 200);
  assert.notEqual(drawnAt, null);
}

// Fails without `isInDraw` or the comparison with the commitment (draw-check.ts).
browserTest("a draw tells the result, and the visitor's browser checks its proof and notices a wrong seed", async () => {
  const drop = await openDrop(1, { mode: "DRAW", closesAt: inSeconds(HOUR_S), holdFor: "PT24H" });
  const [user, ...others] = (await shop.users(6, { balance: 20_000 })) as [Client, ...Client[]];
  for (const other of others) await enter(other, drop);
  const { page, close } = await visit(addressOf(drop), { as: user });
  await button(page, "응모하기").click();
  await headline(page).getByText("응모했습니다").waitFor();
  await page.getByText("응모 번호 6번").waitFor();
  await assertAccessible(page);
  await closeSoon(shop.operator, drop.id);
  await headline(page).getByText("추첨을 준비하고 있습니다").waitFor();
  await drawOf(drop);
  await headline(page)
    .getByText(/당첨되었습니다|예비 \d번입니다/)
    .waitFor();
  await page.getByText("추첨이 공정했는지 확인하기").click();
  await page.getByText("공개된 비밀값이 처음 공개한 지문과 일치합니다.").waitFor();
  await page.getByText(/내 응모가 추첨 목록에 들어 있었고, 추첨 순위는 \d번입니다/).waitFor();
  await assertNothingCovered(page);
  await assertAccessible(page);
  await page.route("**/draw", async (route) => {
    const response = await route.fetch();
    const draw = (await response.json()) as { seed: string };
    await route.fulfill({ response, json: { ...draw, seed: draw.seed.replace(/^../, (pair) => (pair === "00" ? "01" : "00")) } });
  });
  await page.reload();
  await page.getByText("추첨이 공정했는지 확인하기").click();
  await page.getByText("공개된 비밀값이 처음 공개한 지문과 일치하지 않습니다.").waitFor();
  await close();
});

// Fails if the reminder needs the shop (calendar.ts).
browserTest("a reminder is a calendar file that the page makes offline", async () => {
  const opensAt = inSeconds(HOUR_S);
  const drop = await openDrop(1, { opensAt });
  const { page, close } = await visit(addressOf(drop), {});
  await page.getByRole("link", { name: "로그인하고 기다리기" }).waitFor();
  await page.context().setOffline(true);
  const saved = page.waitForEvent("download");
  await button(page, "캘린더에 알림 추가").click();
  const text = readFileSync(await (await saved).path(), "utf8").replaceAll("\r\n ", "");
  assert.match(text, new RegExp(`^DTSTART:${opensAt.replaceAll(/[-:]|\.\d+/g, "")}\r$`, "m"));
  assert.match(text, /^SUMMARY:연꽃 드롭 · 장날\r$/m);
  assert.match(text, /^TRIGGER:-PT5M\r$/m);
  assert.ok(text.split("\r\n").every((line) => !line.includes("\n")));
  await close();
});
