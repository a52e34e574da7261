// A refund of an order that was paid to a virtual account, by the buyer and by an operator: the deposit goes back to an account that is named.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
import type { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { openGatewayShop } from "../support/gateway-shop.ts";
import { type Client, good, SECRET, type TestShop } from "../support/shop.ts";
import { token } from "../support/tokens.ts";
import { assertAccessible, browserTest, DESKTOP, useBrowser, visit, type VisitOptions, type Visitor } from "./browser.ts";

useBrowser();
let shop: TestShop;
let simulator: Simulator;
let closeShop: () => Promise<void>;
before(async () => ({ shop, simulator, close: closeShop } = await openGatewayShop({ PAYMENT_METHODS: "CARD,EASY_PAY,VIRTUAL_ACCOUNT" })));
after(() => closeShop());

type Paid = { user: Client; orderId: string; variantId: string; paymentKey: string };
type Buyer = Visitor & Paid;

/** An order whose deposit has come. */
async function orderPaidByDeposit(quantity = 1): Promise<Paid> {
  const user = await shop.user();
  const product = await shop.product({ name: "나전 함", price: 12_000, stock: 5 });
  const { orderId, orderItems } = good(
    await user.post("/orders", { orderItems: [{ productId: product.id, quantity }], payment: { method: "DEFERRED" } }),
    201,
  );
  const paymentKey = `account-${randomUUID()}`;
  simulator.ledger.authorize({ paymentKey, orderId, amount: 12_000 * quantity, orderName: "나전 함", way: "VIRTUAL_ACCOUNT" });
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 202);
  simulator.ledger.deposit(paymentKey);
  good(await shop.anyone("POST", "/payments/webhooks/toss", { secret: "x", status: "DONE", orderId }), 200);
  await shop.shop.settlement.worker.idle();
  return { user, orderId, variantId: orderItems[0].variantId, paymentKey };
}

async function orderPaidByCard(): Promise<Pick<Paid, "user" | "orderId">> {
  const user = await shop.user();
  const product = await shop.product({ name: "나전 함", price: 12_000, stock: 5 });
  const { orderId } = good(
    await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }),
    201,
  );
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey: `ok-${randomUUID()}` }), 201);
  return { user, orderId };
}

/** A buyer at the page of such an order. */
async function paidByDeposit(options: VisitOptions = {}): Promise<Buyer> {
  const paid = await orderPaidByDeposit();
  return { ...paid, ...(await visit(`${shop.url}/#/orders/${paid.orderId}`, { as: paid.user, ...options })) };
}

/** Requests whose address ends so, with their bodies. */
function bodiesOf(page: Visitor["page"], end: string): Record<string, unknown>[] {
  const bodies: Record<string, unknown>[] = [];
  page.on("request", (request) => request.method() === "POST" && request.url().endsWith(end) && bodies.push(request.postDataJSON()));
  return bodies;
}

const ACCOUNT = { bank: "88", accountNumber: "110123456789", holderName: "김하늘" };

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

  // The bank knows no such account: the buyer is told, and corrects it.
  await dialog.getByLabel("계좌번호").fill("000-123 456789");
  await confirm.click();
  await dialog.getByText("은행, 계좌번호, 예금주를 확인해 주세요").waitFor();
  await dialog.getByLabel("계좌번호").fill("110-123 456789");
  await confirm.click();
  await page.getByText("주문이 취소되었습니다").first().waitFor();
  assert.deepEqual(
    sent.map((body) => JSON.parse(body)),
    ["000123456789", "110123456789"].map((accountNumber) => ({ refundReceiveAccount: { bank: "88", accountNumber, holderName: "김하늘" } })),
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
  const { user, orderId } = await orderPaidByCard();
  const { page, close } = await visit(`${shop.url}/#/orders/${orderId}`, { as: user });
  await page.getByRole("button", { name: "주문 취소" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "주문 취소" }).waitFor();
  assert.equal(await dialog.getByLabel("계좌번호").count(), 0);
  await dialog.getByRole("button", { name: "주문 취소" }).click();
  await page.getByText("주문이 취소되었습니다").first().waitFor();
  await close();
});

// Fails if the dialog does not send the account, or if it keeps the account for the next refund.
browserTest("an operator refunds a deposit in part and then whole, and the browser checks the account", async () => {
  const { orderId, user, paymentKey } = await orderPaidByDeposit(3);
  const { page, close } = await visit(`${shop.url}/console#/orders/${orderId}`, { operator: shop.operator, size: DESKTOP });
  const sent = bodiesOf(page, "/refunds");
  const dialog = page.getByRole("dialog");
  const refund = dialog.getByRole("button", { name: /원 환불$/ });
  await page.getByLabel("이번 환불: 나전 함").fill("1");
  await page.getByRole("button", { name: "1개 환불" }).click();
  await dialog.getByLabel("은행").selectOption("신한은행");
  await dialog.getByLabel("계좌번호").fill("110-ABC");
  await dialog.getByLabel("예금주").fill("김하늘");
  await assertAccessible(page);
  await refund.click();
  assert.equal(await dialog.getByLabel("계좌번호").evaluate((field) => field.matches(":invalid:focus")), true);
  assert.deepEqual(sent, []);
  await dialog.getByLabel("계좌번호").fill("110-123 456789");
  await refund.click();
  await page.locator(".title .pill", { hasText: "부분 환불" }).waitFor();
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 24_000);

  await page.getByRole("button", { name: "전부 환불" }).click();
  await dialog.getByLabel("은행").selectOption("신한은행");
  assert.equal(await dialog.getByLabel("계좌번호").inputValue(), "", "the account of the first refund is forgotten");
  await dialog.getByLabel("계좌번호").fill("110123456789");
  await dialog.getByLabel("예금주").fill("김하늘");
  await refund.click();
  await page.locator(".title .pill", { hasText: /^환불$/ }).waitFor();
  assert.deepEqual(
    sent.map(({ refundReceiveAccount }) => refundReceiveAccount),
    [ACCOUNT, ACCOUNT],
  );
  assert.equal(good(await user.get(`/orders/${orderId}`), 200).status, "REFUNDED");
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 0);
  await close();
});

// The operator of a warehouse may not read payments. Fails if the shop's error is not shown at its field.
browserTest("a return of an order paid by deposit is received after the shop has asked for the account", async () => {
  const { orderId, variantId, user, paymentKey } = await orderPaidByDeposit();
  const shipment = { carrier: "CJ", trackingNumber: "1" };
  good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, shipment), 201);
  good(await user.post(`/orders/${orderId}/returns`, { items: [{ variantId, quantity: 1 }], reason: "cracked" }), 201);
  const claims = { sub: "warehouse", role: "operator", permissions: ["fulfilment"], exp: Math.floor(Date.now() / 1000) + 3600 };
  const warehouse = { token: token({ alg: "HS256" }, claims, SECRET), id: "warehouse" } as Client;
  const { page, close } = await visit(`${shop.url}/console#/returns`, { operator: warehouse, language: "en", size: DESKTOP });
  const sent = bodiesOf(page, "/receive");
  const dialog = page.getByRole("dialog");
  const receive = dialog.getByRole("button", { name: "Receive and refund" });
  await page.getByRole("button", { name: "Receive" }).click();
  assert.equal(await dialog.getByLabel("Account number").count(), 0);
  await receive.click();
  const bank = dialog.getByLabel("Bank");
  await bank.and(page.locator("[aria-invalid]:focus")).waitFor();
  await dialog.locator(".field-error", { hasText: "is required: a deposit goes back" }).waitFor();
  await assertAccessible(page);
  await bank.selectOption("Shinhan");
  await dialog.getByLabel("Account number").fill("110123456789");
  await dialog.getByLabel("Account holder").fill("김하늘");
  await receive.click();
  await page.getByText("The return was received and refunded.").waitFor();
  assert.deepEqual(sent, [{ restock: true }, { restock: true, refundReceiveAccount: ACCOUNT }]);
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 0);
  await close();
});

// Fails if the buyer's page does not ask for the account, or if an operator is asked for the account that the buyer has named.
browserTest("a buyer names the account with the return, and an operator who receives it is asked only if the bank refuses it", async () => {
  const { orderId, user, paymentKey } = await orderPaidByDeposit(2);
  good(await shop.operator.post(`/admin/orders/${orderId}/shipments`, { carrier: "CJ", trackingNumber: "3" }), 201);
  const buyer = await visit(`${shop.url}/#/orders/${orderId}`, { as: user });
  const asked = bodiesOf(buyer.page, "/returns");
  await buyer.page.getByRole("button", { name: "반품 신청" }).click();
  const sheet = buyer.page.getByRole("dialog");
  const request = sheet.getByRole("button", { name: "반품 신청" });
  await sheet.getByLabel("반품 사유").fill("색이 다릅니다");
  await sheet.getByLabel("계좌번호").waitFor();
  await assertAccessible(buyer.page);
  await request.click();
  assert.equal(await sheet.locator(":invalid:focus").count(), 1);
  await sheet.getByLabel("은행").selectOption("신한은행");
  await sheet.getByLabel("계좌번호").fill("000-123 456789");
  await sheet.getByLabel("예금주").fill("김하늘");
  await request.click();
  await buyer.page.getByText("반품을 신청했습니다").first().waitFor();
  assert.deepEqual(
    asked.map(({ refundReceiveAccount }) => refundReceiveAccount),
    [{ ...ACCOUNT, accountNumber: "000123456789" }],
  );
  await buyer.close();

  const { page, close } = await visit(`${shop.url}/console#/orders/${orderId}`, { operator: shop.operator, size: DESKTOP });
  const sent = bodiesOf(page, "/receive");
  const dialog = page.getByRole("dialog");
  const receive = dialog.getByRole("button", { name: "입고하고 환불" });
  await page.getByRole("button", { name: "입고 처리" }).click();
  await dialog.getByText("구매자가 환불 계좌를 입력했습니다").waitFor();
  assert.equal(await dialog.getByLabel("계좌번호").count(), 0);
  await receive.click();
  await dialog.getByText("은행, 계좌번호, 예금주를 확인해 주세요").waitFor();
  await dialog.getByLabel("은행").selectOption("하나은행");
  await dialog.getByLabel("계좌번호").fill("22233344455");
  await dialog.getByLabel("예금주").fill("김하늘");
  await receive.click();
  await page.getByText("입고하고 환불했습니다").waitFor();
  assert.deepEqual(sent, [
    { restock: true },
    { restock: true, refundReceiveAccount: { bank: "81", accountNumber: "22233344455", holderName: "김하늘" } },
  ]);
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 12_000);
  await close();
});

// Fails if the console asks for an account to which nothing is sent.
browserTest("a refund of 0 of an order paid by deposit asks for no account", async () => {
  const user = await shop.user();
  const [box, gift] = [await shop.product({ name: "나전 함", price: 12_000, stock: 5 }), await shop.product({ name: "사은품", price: 0, stock: 5 })];
  const orderItems = [box, gift].map(({ id }) => ({ productId: id, quantity: 1 }));
  const { orderId } = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
  const paymentKey = simulator.authorize({ orderId, amount: 12_000, way: "VIRTUAL_ACCOUNT" });
  const { paymentId } = good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 202);
  simulator.ledger.deposit(paymentKey);
  good(await shop.anyone("POST", "/payments/webhooks/toss", { secret: "x", status: "DONE", orderId }), 200);
  await shop.shop.settlement.worker.idle();
  const { page, close } = await visit(`${shop.url}/console#/orders/${orderId}`, { operator: shop.operator, size: DESKTOP });
  const dialog = page.getByRole("dialog");
  await page.getByLabel("이번 환불: 사은품").fill("1");
  const lookedUp = page.waitForResponse((response) => response.url().endsWith(`/payments/${paymentId}`));
  await page.getByRole("button", { name: "1개 환불" }).click();
  await (await lookedUp).finished();
  await dialog.getByRole("button", { name: /원 환불$/ }).click();
  await page.locator(".title .pill", { hasText: "부분 환불" }).waitFor();
  assert.equal(simulator.ledger.payments.get(paymentKey)?.left, 12_000);
  await close();
});

// Fails if a dialog does not send the account, or if an order paid by card is asked for one.
browserTest("an operator receives a return and cancels an order at the order's page, paid by deposit and by card", async () => {
  const returned = await orderPaidByDeposit();
  good(await shop.operator.post(`/admin/orders/${returned.orderId}/shipments`, { carrier: "CJ", trackingNumber: "2" }), 201);
  const items = [{ variantId: returned.variantId, quantity: 1 }];
  good(await returned.user.post(`/orders/${returned.orderId}/returns`, { items, reason: "cracked" }), 201);
  const { page, close } = await visit(`${shop.url}/console#/orders/${returned.orderId}`, { operator: shop.operator, language: "en", size: DESKTOP });
  const sent = bodiesOf(page, "/cancel");
  const dialog = page.getByRole("dialog");
  const fill = async (): Promise<void> => {
    await dialog.getByLabel("Bank").selectOption("Shinhan");
    await dialog.getByLabel("Account number").fill("110123456789");
    await dialog.getByLabel("Account holder").fill("김하늘");
  };
  await page.getByRole("button", { name: "Receive" }).click();
  await fill();
  await dialog.getByRole("button", { name: "Receive and refund" }).click();
  await page.getByText("The return was received and refunded.").waitFor();
  assert.equal(simulator.ledger.payments.get(returned.paymentKey)?.left, 0);

  const cancelled = await orderPaidByDeposit();
  await page.goto(`${shop.url}/console#/orders/${cancelled.orderId}`);
  await page.getByRole("button", { name: "Cancel the order" }).click();
  await fill();
  await dialog.getByRole("button", { name: "Cancel the order" }).click();
  await page.getByText("The order was cancelled.").waitFor();
  assert.equal(simulator.ledger.payments.get(cancelled.paymentKey)?.left, 0);

  const byCard = await orderPaidByCard();
  await page.goto(`${shop.url}/console#/orders/${byCard.orderId}`);
  const lookedUp = page.waitForResponse((response) => response.url().includes("/payments/"));
  await page.getByRole("button", { name: "Cancel the order" }).click();
  await (await lookedUp).finished();
  await dialog.getByRole("button", { name: "Cancel the order" }).click();
  await page.getByText("The order was cancelled.").waitFor();
  assert.equal(await page.getByLabel("Account number").count(), 0);
  assert.deepEqual(sent, [{ refundReceiveAccount: ACCOUNT }, {}]);
  await close();
});
