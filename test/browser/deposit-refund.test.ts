// A buyer who paid to a virtual account cancels the order: the deposit goes back to an account that the buyer names.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
import type { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { openGatewayShop } from "../support/gateway-shop.ts";
import { type Client, good, type TestShop } from "../support/shop.ts";
import { assertAccessible, browserTest, useBrowser, visit, type VisitOptions, type Visitor } from "./browser.ts";

useBrowser();
let shop: TestShop;
let simulator: Simulator;
let closeShop: () => Promise<void>;
before(async () => ({ shop, simulator, close: closeShop } = await openGatewayShop({ PAYMENT_METHODS: "CARD,EASY_PAY,VIRTUAL_ACCOUNT" })));
after(() => closeShop());

type Buyer = Visitor & { user: Client; orderId: string; paymentKey: string };

/** A buyer at the page of an order whose deposit has come. */
async function paidByDeposit(options: VisitOptions = {}): Promise<Buyer> {
  const user = await shop.user();
  const product = await shop.product({ name: "나전 함", price: 12_000, stock: 5 });
  const { orderId } = good(
    await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }),
    201,
  );
  const paymentKey = `account-${randomUUID()}`;
  simulator.ledger.authorize({ paymentKey, orderId, amount: 12_000, orderName: "나전 함", way: "VIRTUAL_ACCOUNT" });
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 202);
  simulator.ledger.deposit(paymentKey);
  good(await shop.anyone("POST", "/payments/webhooks/toss", { secret: "x", status: "DONE", orderId }), 200);
  await shop.shop.settlement.worker.idle();
  return { user, orderId, paymentKey, ...(await visit(`${shop.url}/#/orders/${orderId}`, { as: user, ...options })) };
}

browserTest("a buyer cancels an order that was paid by a deposit, which goes back to the buyer's account", async () => {
  const { page, user, orderId, paymentKey, close } = await paidByDeposit();
  const sent: string[] = [];
  page.on("request", (request) => request.url().endsWith("/cancel") && sent.push(request.postData() ?? ""));
  await page.getByRole("button", { name: "주문 취소" }).click();
  const dialog = page.getByRole("dialog");
  const confirm = dialog.getByRole("button", { name: "주문 취소" });
  await dialog.getByLabel("계좌번호").waitFor();
  await assertAccessible(page);

  // Without an account the browser names the first field that is missing, and nothing is sent.
  await confirm.click();
  assert.equal(await dialog.locator(":invalid:focus").count(), 1);
  await dialog.getByLabel("은행").selectOption("신한은행");
  await dialog.getByLabel("계좌번호").fill("110-ABC");
  await dialog.getByLabel("예금주").fill("김하늘");
  await confirm.click();
  assert.deepEqual(sent, []);

  await dialog.getByLabel("계좌번호").fill("110-123 456789");
  await confirm.click();
  await page.getByText("주문이 취소되었습니다").first().waitFor();
  assert.deepEqual(
    sent.map((body) => JSON.parse(body)),
    [{ refundReceiveAccount: { bank: "88", accountNumber: "110123456789", holderName: "김하늘" } }],
  );
  assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "REFUNDED");
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 0);
  const stored: string = await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])");
  assert.doesNotMatch(stored, /110123456789|110-123|김하늘/);
  await close();
});

browserTest("the form for the refund of a deposit is in English, too", async () => {
  const { page, user, orderId, close } = await paidByDeposit({ language: "en" });
  await page.getByRole("button", { name: "Cancel order" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Bank").selectOption("Shinhan");
  await dialog.getByLabel("Account number").fill("110123456789");
  await dialog.getByLabel("Account holder").fill("Kim Haneul");
  await assertAccessible(page);
  await dialog.getByRole("button", { name: "Cancel order" }).click();
  await page.getByText("The order is cancelled").first().waitFor();
  assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "REFUNDED");
  await close();
});

browserTest("an order that was paid by card is cancelled without an account", async () => {
  const user = await shop.user();
  const product = await shop.product({ name: "나전 함", price: 12_000, stock: 5 });
  const { orderId } = good(
    await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }),
    201,
  );
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey: `ok-${randomUUID()}` }), 201);
  const { page, close } = await visit(`${shop.url}/#/orders/${orderId}`, { as: user });
  await page.getByRole("button", { name: "주문 취소" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "주문 취소" }).waitFor();
  assert.equal(await dialog.getByLabel("계좌번호").count(), 0);
  await dialog.getByRole("button", { name: "주문 취소" }).click();
  await page.getByText("주문이 취소되었습니다").first().waitFor();
  await close();
});
