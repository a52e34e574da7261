// The whole way through the payment window of a real gateway's SDK: the storefront, the window (the simulator's stand-in for both), the pages to
// which it leads back, and the shop's confirmation.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page, Route } from "playwright-core";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Client, good, openTestShop, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit, type Visitor } from "./browser.ts";

const PRICE = 12_000;

useBrowser();
let shop: TestShop;
let simulator: Simulator;
let gatewayUrl: string;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests" });
  gatewayUrl = await simulator.listen();
  shop = await openTestShop({
    env: {
      PAYMENT_GATEWAY_URL: gatewayUrl,
      PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests",
      PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_of_the_tests",
      PAYMENT_GATEWAY_TIMEOUT_MS: "400",
      PAYMENT_SETTLE_AFTER_MS: "600000",
      BALANCE_FUNDING: "gateway",
      PAYMENT_METHODS: "CARD,EASY_PAY,TRANSFER,VIRTUAL_ACCOUNT",
      PAYMENT_DEPOSIT_WITHIN: "PT2H",
    },
  });
});
after(async () => {
  await shop.close();
  await simulator.close();
});

type Buyer = Visitor & { user: Client; product: { id: string } };

/** A buyer whose errors are those of the shop's pages: the window is another host. */
async function buyerAt(path: (product: { id: string; variants: { id: string }[] }) => string): Promise<Buyer> {
  const user = await shop.user();
  const product = await shop.product({ name: "나전 함", price: PRICE, stock: 5 });
  const visitor = await visit(`${shop.url}/${path(product)}`, { as: user, others: [gatewayUrl] });
  return { user, product, ...visitor };
}

/** Chooses the card at the checkout and goes to the window. */
async function atWindow(): Promise<Buyer> {
  const buyer = await buyerAt(({ id, variants }) => `#/checkout?product=${id}&variant=${variants[0]?.id}&quantity=1`);
  await buyer.page.getByRole("radio", { name: /^카드·간편결제/ }).check();
  await buyer.page.getByRole("button", { name: "12,000원 결제하기" }).click();
  await buyer.page.getByRole("heading", { name: "모의 결제창" }).waitFor();
  return buyer;
}

const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
/** Changes the address to which the window leads back, once. */
async function onWayBack(page: Page, change: (address: string) => string): Promise<void> {
  const act = async (route: Route): Promise<void> => {
    if (route.request().method() !== "POST") return route.continue();
    const answer = await route.fetch({ maxRedirects: 0 });
    await route.fulfill({ status: 303, headers: { location: change(answer.headers()["location"] ?? "") } });
  };
  await page.route(`${gatewayUrl}/simulator/windows/*`, act, { times: 1 });
}
const ordersOf = async (user: Client) => good(await user.get(`/users/${user.id}/orders`), 200).orders;
const statusOf = async (user: Client): Promise<string[]> =>
  (await ordersOf(user)).map(({ status, payment }: { status: string; payment: { status: string } | null }) => `${status} ${payment?.status ?? "-"}`);
const capturedFor = (orderId: string): number =>
  [...simulator.ledger.payments.values()].filter((payment) => payment.orderId === orderId).reduce((sum, { left }) => sum + left, 0);

browserTest("a buyer pays by card in the gateway's window, and the order is complete", async () => {
  const { page, user, close } = await atWindow();
  await page.getByText("나전 함").waitFor();
  await page.getByText("₩12,000").waitFor();
  await press(page, "결제하기");
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  await assertAccessible(page);
  assert.doesNotMatch(page.url(), /paymentKey/);
  assert.deepEqual(await statusOf(user), ["COMPLETED COMPLETED"]);
  const [order] = await ordersOf(user);
  assert.equal(capturedFor(order.orderId), PRICE);
  await close();
});

browserTest("an order whose card the bank refuses stays unpaid, and a second window pays it", async () => {
  const { page, user, close } = await atWindow();
  await press(page, "카드사에서 거절");
  await page.getByText("카드 결제가 거절되었습니다.").waitFor();
  assert.deepEqual(await statusOf(user), ["PENDING FAILED"]);
  await page.getByRole("radio", { name: /^카드·간편결제/ }).check();
  await page.getByRole("button", { name: "12,000원 결제하기" }).click();
  await press(page, "결제하기");
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  assert.deepEqual(await statusOf(user), ["COMPLETED COMPLETED"]);
  await close();
});

browserTest("a buyer who closes the window finds the order unpaid and can pay it", async () => {
  const { page, user, product, close } = await atWindow();
  await press(page, "닫기");
  await page.getByText("결제창을 닫아 결제하지 않았습니다.").waitFor();
  await assertAccessible(page);
  assert.deepEqual(await statusOf(user), ["PENDING -"]);
  assert.equal(await shop.stockOf(product), 5);
  // From the order's own page, too: the action has ended, so the buyer can choose another method.
  await page.getByRole("radio", { name: /^카드·간편결제/ }).check();
  await page.getByRole("button", { name: "12,000원 결제하기" }).click();
  await press(page, "닫기");
  await page.getByText("결제창을 닫아 결제하지 않았습니다.").waitFor();
  await page.getByRole("radio", { name: /^계좌이체/ }).check();
  await page.getByRole("button", { name: "12,000원 결제하기" }).waitFor();
  await close();
});

browserTest("a buyer who comes back twice pays once", async () => {
  const { page, user, close } = await atWindow();
  const [success] = await Promise.all([page.waitForRequest(/\/pay\/success/), press(page, "결제하기")]);
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  const confirmed = simulator.calls("confirm");
  await page.goto(success.url());
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  assert.equal(simulator.calls("confirm"), confirmed);
  const [order] = await ordersOf(user);
  assert.equal(capturedFor(order.orderId), PRICE);
  await close();
});

browserTest("a success page with another amount captures nothing", async () => {
  const { page, user, close } = await atWindow();
  await onWayBack(page, (address) => {
    const url = new URL(address);
    url.searchParams.set("amount", "10");
    return url.href;
  });
  await press(page, "결제하기");
  await page.getByText("주문은 들어갔지만 결제되지 않았습니다.").waitFor();
  await page.getByText("결제 금액이 변경되었습니다.").waitFor();
  assert.deepEqual(await statusOf(user), ["PENDING -"]);
  const [order] = await ordersOf(user);
  assert.equal(capturedFor(order.orderId), 0);
  await close();
});

browserTest("an order whose success page was lost is not paid, and a second window pays it once", async () => {
  const { page, user, close } = await atWindow();
  await onWayBack(page, () => `${gatewayUrl}/?lost`);
  await press(page, "결제하기");
  await page.waitForURL(/lost/);
  const [order] = await ordersOf(user);
  assert.deepEqual(await statusOf(user), ["PENDING -"]);
  await page.goto(`${shop.url}/#/orders/${order.orderId}`);
  await page.getByRole("radio", { name: /^카드·간편결제/ }).check();
  await page.getByRole("button", { name: "12,000원 결제하기" }).click();
  await press(page, "결제하기");
  await page.getByText("주문이 완료되었습니다. 고맙습니다!").waitFor();
  assert.equal(capturedFor(order.orderId), PRICE);
  await close();
});

browserTest("the order's page waits for a bank that answers late", async () => {
  const { page, user, close } = await atWindow();
  await press(page, "카드사 응답 지연");
  await page.getByText("카드사의 응답을 기다리고 있습니다").waitFor();
  assert.deepEqual(await statusOf(user), ["PENDING UNKNOWN"]);
  good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
  await page.getByText("카드 결제가 확인되었습니다. 고맙습니다!").waitFor();
  await close();
});

browserTest("a window that a buyer reloads or returns to by Back does not open again", async () => {
  const { page, user, close } = await atWindow();
  await page.goBack();
  await page.waitForURL(`${shop.url}/`);
  assert.equal((await ordersOf(user)).length, 1);
  await page.goto(`${shop.url}/pay`);
  await page.waitForURL(`${shop.url}/`);
  await close();
});

browserTest("a buyer charges the balance in the gateway's window", async () => {
  const { page, user, close } = await buyerAt(() => "#/balance");
  await page.getByLabel("충전할 금액").fill("30000");
  await page.getByRole("button", { name: "30,000원 충전하기" }).click();
  await page.getByText("잔액 충전").waitFor();
  await press(page, "결제하기");
  await page.getByText("충전했습니다.").waitFor();
  await assertAccessible(page);
  assert.equal(await shop.balanceOf(user), 30_000);
  await page.reload();
  await page.locator(".balance", { hasText: "30,000원" }).waitFor();
  assert.equal(await shop.balanceOf(user), 30_000);
  await close();
});

browserTest("a charge that the bank refuses, or whose window is closed, leaves the balance as it is", async () => {
  const { page, user, close } = await buyerAt(() => "#/balance");
  const charge = page.getByRole("button", { name: "50,000원 충전하기" });
  await charge.click();
  await press(page, "카드사에서 거절");
  await page.getByText("카드사가 결제를 거절해 충전하지 못했습니다.").waitFor();
  await charge.click();
  await press(page, "닫기");
  await page.getByText("충전하지 않았습니다. 결제된 금액은 없습니다.").waitFor();
  assert.equal(await shop.balanceOf(user), 0);
  await close();
});

browserTest("a buyer who chooses a virtual account sees where to pay, and the deposit completes the order", async () => {
  const { page, user, close } = await buyerAt(({ id, variants }) => `#/checkout?product=${id}&variant=${variants[0]?.id}&quantity=1`);
  await page.getByRole("radio", { name: /^계좌이체/ }).waitFor();
  await page.getByRole("radio", { name: /^가상계좌/ }).check();
  await assertAccessible(page);
  await page.getByRole("button", { name: "12,000원 결제하기" }).click();
  await press(page, "결제하기");
  await page.getByText("아래 계좌로 입금해 주세요.").waitFor();
  const [payment] = [...simulator.ledger.payments.values()].slice(-1);
  await page.getByText(payment?.account?.number ?? "none").waitFor();
  // A window that names no time waits a week, and the stock with it.
  const waitsMs = (payment?.account?.dueAt ?? 0) - (payment?.requestedAt ?? 0);
  assert.ok(waitsMs > 1.9 * 3_600_000 && waitsMs < 2.1 * 3_600_000, `the account waits for ${waitsMs} ms`);
  await page.getByText("우리은행").waitFor();
  await assertAccessible(page);
  assert.deepEqual(await statusOf(user), ["PENDING WAITING_FOR_DEPOSIT"]);
  simulator.ledger.deposit(payment?.paymentKey ?? "");
  await shop.anyone("POST", "/payments/webhooks/toss", { secret: "x", status: "DONE", orderId: payment?.orderId });
  await page.getByText("결제했습니다").waitFor();
  assert.deepEqual(await statusOf(user), ["COMPLETED COMPLETED"]);
  await close();
});
