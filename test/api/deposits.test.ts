// Payments that are complete when a buyer has paid to a virtual account: the stock is held until the due date, a deposit completes the order once,
// and it goes back to an account of the buyer. The details that the payment view keeps.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { readPayment } from "../../src/gateway/toss/messages.ts";
import type { GatewayMethod } from "../../src/payment-settings.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const ACCOUNT = { bank: "88", accountNumber: "110123456789", holderName: "김민수" };
let shop: TestShop;
let cardsOnly: TestShop;
let simulator: Simulator;
let gatewayUrl: string;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests" });
  gatewayUrl = await simulator.listen();
  const env = {
    PAYMENT_GATEWAY_URL: gatewayUrl,
    PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests",
    PAYMENT_GATEWAY_TIMEOUT_MS: "1000",
    PAYMENT_SETTLE_AFTER_MS: "600000",
  };
  shop = await openTestShop({ env: { ...env, PAYMENT_METHODS: "CARD,EASY_PAY,VIRTUAL_ACCOUNT" } });
  cardsOnly = await openTestShop({ env, beside: shop });
});
after(async () => {
  await cardsOnly.close();
  await shop.close();
  await simulator.close();
});

type Paid = { user: Client; orderId: string; product: { id: string; variants: { id: string }[] }; paymentKey: string; answer: Answer };

/** Orders two units, and pays with this method in a window. */
async function pay(way: GatewayMethod, at: TestShop = shop, script: Parameters<typeof keyFor>[0] = {}): Promise<Paid> {
  const user = (await shop.user()).at(at);
  const product = await shop.product({ price: 1000, stock: 10 });
  const order = { orderItems: [{ productId: product.id, quantity: 2 }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", order), 201);
  const paymentKey = keyFor(script, randomUUID());
  simulator.ledger.authorize({ paymentKey, orderId, amount: 2000, orderName: "사과", way });
  return { user, orderId, product, paymentKey, answer: await user.post("/payments", { orderId, method: "CARD", paymentKey }) };
}
const orderOf = async ({ user, orderId }: Paid) => good(await user.get(`/orders/${orderId}`), 200);
const settle = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
const makeDue = (paymentId: string): Promise<unknown> =>
  shop.shop.database.rows({ name: "make due", text: "UPDATE payments SET ask_at = created_at WHERE id = $1", values: [paymentId] });
const assertAuditIsClean = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);

test("a payment that waits for a deposit names the account and holds the stock", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT");
  const { status, deposit, details, paymentId } = good(paid.answer, 202);
  assert.equal(status, "WAITING_FOR_DEPOSIT");
  // The account is shown while the shop waits; its bank stays.
  assert.deepEqual([deposit.bank, deposit.bankCode, details.method, details.company], ["우리은행", "20", "VIRTUAL_ACCOUNT", "우리은행"]);
  assert.equal(deposit.accountNumber, simulator.ledger.payments.get(paid.paymentKey)?.account?.number);
  assert.ok(Date.parse(deposit.dueAt) > Date.now());
  assert.equal(await shop.stockOf(paid.product), 8);
  assert.equal((await orderOf(paid)).status, "PENDING");
  refused(await paid.user.post("/payments", { orderId: paid.orderId, method: "CARD", paymentKey: "another" }), 409, "PAYMENT_IN_PROGRESS");
  // The order's own time to pay is over, and the shop asks again: it goes on waiting.
  await shop.shop.database.rows({ name: "x", text: "UPDATE orders SET expires_at = created_at WHERE id = $1", values: [paid.orderId] });
  await makeDue(paymentId);
  await settle();
  good(await shop.operator.post("/admin/jobs/expire-orders/run"), 200);
  assert.deepEqual([(await orderOf(paid)).status, await shop.stockOf(paid.product)], ["PENDING", 8]);
  await assertAuditIsClean();
});

test("a deposit completes the order once, by its notification", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT");
  const { paymentId } = good(paid.answer, 202);
  simulator.ledger.deposit(paid.paymentKey);
  const { orderId } = paid;
  for (let times = 0; times < 3; times++)
    good(await shop.anyone("POST", "/payments/webhooks/toss", { createdAt: "2026-11-29T12:00:00.000", secret: "x", status: "DONE", orderId }), 200);
  await shop.shop.settlement.worker.idle();
  await shop.shop.settlement.worker.idle();
  const { status, deposit, history } = good(await paid.user.get(`/payments/${paymentId}`), 200);
  assert.deepEqual([status, deposit], ["COMPLETED", undefined]);
  assert.deepEqual(
    history.map((step: { status: string }) => step.status),
    ["PENDING", "WAITING_FOR_DEPOSIT", "COMPLETED"],
  );
  assert.equal((await orderOf(paid)).status, "COMPLETED");
  await assertAuditIsClean();
});

test("a deposit whose notification is lost is found by the job", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT");
  simulator.ledger.deposit(paid.paymentKey);
  await makeDue(good(paid.answer, 202).paymentId);
  await settle();
  assert.equal((await orderOf(paid)).status, "COMPLETED");
});

// Each of its failing look-ups was told as `payment.unknown`.
test("look-ups that fail while a deposit is awaited are no events", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT", shop, { find: ["error*"] });
  await makeDue(good(paid.answer, 202).paymentId);
  await settle();
  assert.ok(simulator.calls("find") > 0);
  const told = await shop.shop.database.rows({
    name: "told",
    text: "SELECT type FROM shop_events WHERE data ->> 'orderId' = $1",
    values: [paid.orderId],
  });
  assert.deepEqual(told, []);
});

test("an account to which nothing was paid in time gives the stock back", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT");
  const payment = simulator.ledger.payments.get(paid.paymentKey);
  if (payment?.account) payment.account.dueAt = Date.now() - 1;
  assert.throws(() => simulator.deposit(paid.paymentKey));
  await makeDue(good(paid.answer, 202).paymentId);
  await settle();
  assert.equal(await shop.stockOf(paid.product), 10);
  assert.equal((await orderOf(paid)).payment.status, "FAILED");
  await assertAuditIsClean();
});

test("a deposit goes back to an account of the buyer, in part and whole, and the account is forgotten", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT");
  simulator.ledger.deposit(paid.paymentKey);
  await makeDue(good(paid.answer, 202).paymentId);
  await settle();
  const [variant] = paid.product.variants as [{ id: string }];
  const refund = (more: Record<string, unknown>): Promise<Answer> =>
    shop.operator.post(`/admin/orders/${paid.orderId}/refunds`, { items: [{ variantId: variant.id, quantity: 1 }], reason: "bruised", ...more });
  const { errors } = refused(await refund({}), 400, "INVALID_REQUEST") as { errors: { path: string }[] };
  assert.equal(errors[0]?.path, "/refundReceiveAccount");
  good(await refund({ refundReceiveAccount: ACCOUNT }), 200);
  refused(await refund({ refundReceiveAccount: { ...ACCOUNT, accountNumber: "110-12" } }), 400, "INVALID_REQUEST");
  good(await refund({ refundReceiveAccount: ACCOUNT }), 200);
  assert.equal((await orderOf(paid)).status, "REFUNDED");
  assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.left, 0);
  const [kept] = await shop.shop.database.rows<{ count: number }>({
    name: "kept accounts",
    text: "SELECT count(*)::int AS count FROM refunds WHERE receive_account IS NOT NULL",
    values: [],
  });
  assert.equal(kept?.count, 0);
  await assertAuditIsClean();
});

describe("a deposit that the bank takes back", () => {
  const inDoubt = async (id: string): Promise<{ kind: string; amount: number; outcomes: string[] } | undefined> =>
    good(await shop.operator.get("/admin/payments/attention?limit=100"), 200).payments.find((one: { id: string }) => one.id === id);
  const tell = async ({ orderId }: Paid, status: string): Promise<void> => {
    good(await shop.anyone("POST", "/payments/webhooks/toss", { secret: "x", status, orderId }), 200);
    await shop.shop.settlement.worker.idle();
  };
  async function reversed(): Promise<{ paid: Paid; paymentId: string }> {
    const paid = await pay("VIRTUAL_ACCOUNT");
    simulator.ledger.deposit(paid.paymentKey);
    await tell(paid, "DONE");
    assert.equal((await orderOf(paid)).status, "COMPLETED");
    assert.ok("payment" in simulator.reverseDeposit(paid.paymentKey));
    return { paid, paymentId: good(paid.answer, 202).paymentId };
  }
  const difference = async ({ paymentKey }: Paid): Promise<string | undefined> =>
    good(await shop.operator.get("/admin/reconciliation"), 200).differences.find((one: { paymentKey: string }) => one.paymentKey === paymentKey)
      ?.what;

  test("waits for a person, until the buyer has paid again", async () => {
    const { paid, paymentId } = await reversed();
    assert.equal(await inDoubt(paymentId), undefined);
    for (let times = 0; times < 2; times++) await tell(paid, "WAITING_FOR_DEPOSIT");
    const found = await inDoubt(paymentId);
    assert.deepEqual([found?.kind, found?.amount, found?.outcomes], ["DEPOSIT_REVERSED", 2000, ["PAID", "RETURNED"]]);
    assert.equal((await orderOf(paid)).status, "COMPLETED");
    simulator.ledger.deposit(paid.paymentKey);
    await tell(paid, "DONE");
    assert.equal(await inDoubt(paymentId), undefined);
    assert.equal(await difference(paid), undefined);
  });

  test("is found by the reconciliation if the notification is lost, and RETURNED refunds the order", async () => {
    const { paid, paymentId } = await reversed();
    assert.equal(await difference(paid), "only in the shop");
    assert.equal((await inDoubt(paymentId))?.kind, "DEPOSIT_REVERSED");
    good(await shop.operator.post(`/admin/payments/${paymentId}/resolve`, { outcome: "RETURNED", reason: "no second deposit" }), 200);
    assert.deepEqual([(await orderOf(paid)).status, await shop.stockOf(paid.product)], ["REFUNDED", 10]);
    assert.deepEqual([await inDoubt(paymentId), await difference(paid)], [undefined, undefined]);
    await assertAuditIsClean();
  });

  test("leaves the order as it is if an operator says that the money came in another way", async () => {
    const { paid, paymentId } = await reversed();
    await tell(paid, "WAITING_FOR_DEPOSIT");
    good(await shop.operator.post(`/admin/payments/${paymentId}/resolve`, { outcome: "PAID", reason: "paid in the store" }), 200);
    await tell(paid, "WAITING_FOR_DEPOSIT");
    assert.deepEqual([(await orderOf(paid)).status, await inDoubt(paymentId)], ["COMPLETED", undefined]);
    await assertAuditIsClean();
  });
});

test("a deposit can be paid and taken back by hand at the simulated gateway", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT");
  const byHand = async (act: string, secret = "test_sk_of_the_tests"): Promise<unknown[]> => {
    const headers = { authorization: `Basic ${btoa(`${secret}:`)}` };
    const answer = await fetch(`${gatewayUrl}/simulator/payments/${paid.paymentKey}/${act}`, { method: "POST", headers });
    const { status, code } = (await answer.json()) as { status?: string; code?: string };
    return [answer.status, status ?? code];
  };
  assert.deepEqual(await byHand("deposit", "another"), [401, "UNAUTHORIZED_KEY"]);
  assert.deepEqual(await byHand("reverse"), [400, "INVALID_REQUEST"]);
  assert.deepEqual(await byHand("deposit"), [200, "DONE"]);
  assert.deepEqual(await byHand("deposit"), [400, "NOT_WAITING_FOR_DEPOSIT"]);
  assert.deepEqual(await byHand("reverse"), [200, "WAITING_FOR_DEPOSIT"]);
});

describe("a return of an order that was paid by a deposit", () => {
  /** A return of one of two shipped units, with the account that its buyer has named. */
  async function requested(paid: Paid, account: unknown = ACCOUNT): Promise<{ returnId: string; view: Record<string, unknown> }> {
    good(await shop.operator.post(`/admin/orders/${paid.orderId}/shipments`, { carrier: "CJ", trackingNumber: "1" }), 201);
    const items = [{ variantId: paid.product.variants[0]?.id, quantity: 1 }];
    const body = { items, reason: "색이 다릅니다", ...(account ? { refundReceiveAccount: account } : {}) };
    const view = good(await paid.user.post(`/orders/${paid.orderId}/returns`, body), 201);
    return { returnId: view.returnId, view };
  }
  async function deposited(): Promise<Paid> {
    const paid = await pay("VIRTUAL_ACCOUNT");
    simulator.ledger.deposit(paid.paymentKey);
    await makeDue(good(paid.answer, 202).paymentId);
    await settle();
    return paid;
  }
  const keptOf = async (returnId: string): Promise<unknown> =>
    (
      await shop.shop.database.rows<{ kept: unknown }>({
        name: "kept",
        text: "SELECT receive_account AS kept FROM returns WHERE id = $1",
        values: [returnId],
      })
    )[0]?.kept;

  test("is refunded to the account that its buyer has named, which is shown to nobody and then forgotten", async () => {
    const paid = await deposited();
    const { returnId, view } = await requested(paid);
    assert.equal(view["hasRefundReceiveAccount"], true);
    assert.deepEqual(await keptOf(returnId), ACCOUNT);
    const shown = [view, (await paid.user.get(`/orders/${paid.orderId}/returns`)).body, (await shop.operator.get("/admin/returns")).body];
    assert.ok(!JSON.stringify(shown).includes(ACCOUNT.accountNumber));
    const received = good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }), 200);
    assert.deepEqual([received.status, received.hasRefundReceiveAccount], ["RECEIVED", false]);
    assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.left, 1000);
    assert.equal(await keptOf(returnId), null);
    await assertAuditIsClean();
  });

  test("goes to another account if the bank refuses the one that its buyer has named", async () => {
    const paid = await deposited();
    const { returnId } = await requested(paid, { ...ACCOUNT, accountNumber: "000123" });
    const receive = (more = {}): Promise<Answer> => shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: false, ...more });
    assert.equal(refused(await receive(), 409, "ORDER_NOT_REFUNDABLE")["reason"], "INVALID_REFUND_ACCOUNT_INFO");
    const refusedRefunds = async (): Promise<number> =>
      good(await shop.operator.get("/admin/payments/attention?limit=100"), 200).payments.filter(
        ({ kind, orderId }: { kind: string; orderId: string }) => kind === "REFUND" && orderId === paid.orderId,
      ).length;
    assert.equal(await refusedRefunds(), 1);
    good(await receive({ refundReceiveAccount: ACCOUNT }), 200);
    assert.equal(await refusedRefunds(), 0, "the same units are refunded, so nothing is in doubt");
    assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.left, 1000);
    assert.equal(await keptOf(returnId), null);
  });

  test("needs an account when it is received, if its buyer has named none", async () => {
    const paid = await deposited();
    const { returnId, view } = await requested(paid, null);
    assert.equal(view["hasRefundReceiveAccount"], false);
    const { errors } = refused(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }), 400, "INVALID_REQUEST") as {
      errors: { path: string }[];
    };
    assert.equal(errors[0]?.path, "/refundReceiveAccount");
  });

  test("forgets the account when it is withdrawn or rejected, and an order paid by card keeps none", async () => {
    const [withdrawn, rejected] = [await deposited(), await deposited()];
    const [one, other] = [await requested(withdrawn), await requested(rejected)];
    assert.equal((await withdrawn.user.delete(`/orders/${withdrawn.orderId}/returns/${one.returnId}`)).status, 204);
    const answer = good(await shop.operator.post(`/admin/returns/${other.returnId}/reject`, { reason: "worn" }), 200);
    assert.equal(answer.hasRefundReceiveAccount, false);
    assert.deepEqual([await keptOf(one.returnId), await keptOf(other.returnId)], [null, null]);
    const byCard = await pay("CARD");
    const { returnId, view } = await requested(byCard);
    assert.deepEqual([view["hasRefundReceiveAccount"], await keptOf(returnId)], [false, null]);
    good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }), 200);
  });
});

describe("an order that waits for a deposit", () => {
  const cancel = ({ user, orderId }: Paid, more: Record<string, unknown> = {}): Promise<Answer> => user.post(`/orders/${orderId}/cancel`, more);
  const paymentOf = async ({ answer }: Paid) => good(await shop.operator.get(`/payments/${good(answer, 202).paymentId}`), 200);

  test("is cancelled by its buyer: the account is closed, and stock and coupon return", async () => {
    const paid = await pay("VIRTUAL_ACCOUNT");
    const { status, payment } = good(await cancel(paid), 200);
    assert.deepEqual([status, payment.status], ["CANCELLED", "FAILED"]);
    assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.status, "CANCELED");
    assert.throws(() => simulator.deposit(paid.paymentKey), "the account takes no deposit any more");
    assert.equal(await shop.stockOf(paid.product), 10);
    const types = good(await paid.user.get(`/orders/${paid.orderId}/history`), 200).events.map(({ type }: { type: string }) => type);
    assert.deepEqual(types, ["order.placed", "order.cancelled"]);
    refused(await cancel(paid), 409, "ORDER_NOT_CANCELLABLE");
    await assertAuditIsClean();
  });

  test("is cancelled by an operator, after its own time to pay, too", async () => {
    const paid = await pay("VIRTUAL_ACCOUNT");
    await shop.shop.database.rows({ name: "x", text: "UPDATE orders SET expires_at = created_at WHERE id = $1", values: [paid.orderId] });
    assert.equal(good(await shop.operator.post(`/orders/${paid.orderId}/cancel`), 200).status, "CANCELLED");
    refused(await cancel({ ...paid, user: await shop.user() }), 404, "ORDER_NOT_FOUND");
  });

  test("whose deposit has come first is paid, and the next cancel refunds it", async () => {
    const paid = await pay("VIRTUAL_ACCOUNT");
    simulator.ledger.deposit(paid.paymentKey);
    assert.equal(refused(await cancel(paid), 409, "ORDER_NOT_CANCELLABLE")["orderStatus"], "COMPLETED");
    assert.equal((await paymentOf(paid)).status, "COMPLETED");
    refused(await cancel(paid), 400, "INVALID_REQUEST");
    assert.equal(good(await cancel(paid, { refundReceiveAccount: ACCOUNT }), 200).status, "REFUNDED");
    await assertAuditIsClean();
  });

  // The close is on its way when the deposit arrives: the gateway refuses it, and keeps the money.
  test("whose deposit overtakes the cancel keeps the deposit", async (t) => {
    const paid = await pay("VIRTUAL_ACCOUNT");
    const { gateway } = shop.shop;
    const find = gateway.find.bind(gateway);
    let looked = 0;
    t.mock.method(gateway, "find", async (key: string) => {
      const found = await find(key);
      if (looked++ === 0) simulator.ledger.deposit(paid.paymentKey);
      return found;
    });
    refused(await cancel(paid), 409, "ORDER_NOT_CANCELLABLE");
    assert.deepEqual([(await paymentOf(paid)).status, await shop.stockOf(paid.product)], ["COMPLETED", 8]);
    assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.left, 2000);
  });

  test("is cancelled later by the job if the gateway does not answer, and a repeat of the request gets the outcome", async () => {
    const paid = await pay("VIRTUAL_ACCOUNT", shop, { cancel: ["silent", "silent"] });
    const idempotencyKey = randomUUID();
    const keyed = (): Promise<Answer> => paid.user.post(`/orders/${paid.orderId}/cancel`, {}, { "idempotency-key": idempotencyKey });
    assert.equal(good(await keyed(), 202).status, "PENDING");
    refused(await paid.user.post("/payments", { orderId: paid.orderId, method: "BALANCE" }), 409, "PAYMENT_IN_PROGRESS");
    assert.equal(good(await cancel(paid), 202).status, "PENDING");
    await settle();
    assert.equal((await orderOf(paid)).status, "CANCELLED");
    assert.equal(good(await keyed(), 200).status, "CANCELLED");
    assert.equal(await shop.stockOf(paid.product), 10);
    await assertAuditIsClean();
  });

  test("goes on waiting if the gateway refuses to close the account", async () => {
    const paid = await pay("VIRTUAL_ACCOUNT", shop, { cancel: ["decline"] });
    refused(await cancel(paid), 409, "PAYMENT_IN_PROGRESS");
    assert.equal((await paymentOf(paid)).status, "WAITING_FOR_DEPOSIT");
    simulator.deposit(paid.paymentKey);
    await makeDue((await paymentOf(paid)).paymentId);
    await settle();
    assert.equal((await orderOf(paid)).status, "COMPLETED");
  });

  test("needs a person if the gateway still waits long after the due date", async () => {
    const paid = await pay("VIRTUAL_ACCOUNT");
    const { paymentId } = good(paid.answer, 202);
    const inDoubt = async (): Promise<string[]> =>
      good(await shop.operator.get("/admin/payments/attention"), 200).payments.map(({ id }: { id: string }) => id);
    // A day's wait is no doubt before the due date.
    const aged = "UPDATE payments SET created_at = created_at - interval '1 day' WHERE id = $1";
    await shop.shop.database.rows({ name: "aged", text: aged, values: [paymentId] });
    assert.ok(!(await inDoubt()).includes(paymentId));
    refused(
      await shop.operator.post(`/admin/payments/${paymentId}/resolve`, { outcome: "NOT_PAID", reason: "no deposit" }),
      404,
      "PAYMENT_NOT_FOUND",
    );
    const overdue = "UPDATE payments SET details = jsonb_set(details, '{deposit,dueAt}', to_jsonb((now() - interval '1 hour')::text)) WHERE id = $1";
    await shop.shop.database.rows({ name: "overdue", text: overdue, values: [paymentId] });
    assert.ok((await inDoubt()).includes(paymentId));
    good(await shop.operator.post(`/admin/payments/${paymentId}/resolve`, { outcome: "NOT_PAID", reason: "no deposit" }), 200);
    assert.ok(!(await inDoubt()).includes(paymentId));
    assert.equal(await shop.stockOf(paid.product), 10);
  });
});

for (const isTold of [true, false])
  test(`a deposit that comes although its order has ended waits for a person, ${isTold ? "with" : "without"} its notification`, async () => {
    const paid = await pay("VIRTUAL_ACCOUNT");
    const { paymentId } = good(paid.answer, 202);
    good(await paid.user.post(`/orders/${paid.orderId}/cancel`), 200);
    const payment = simulator.ledger.payments.get(paid.paymentKey);
    if (payment)
      simulator.ledger.payments.set(paid.paymentKey, {
        ...payment,
        status: "DONE",
        left: 2000,
        approvedAt: Date.now(),
        transactionKey: randomUUID(),
      });
    if (isTold) good(await shop.anyone("POST", "/payments/webhooks/toss", { secret: "x", status: "DONE", orderId: paid.orderId }), 200);
    await shop.shop.settlement.worker.idle();
    await shop.shop.settlement.worker.idle();
    // The first run finds the money, and the second one tries to send it back: only the buyer knows where to.
    await settle();
    await settle();
    const { payments } = good(await shop.operator.get("/admin/payments/attention"), 200);
    const found = payments.find(({ id }: { id: string }) => id === paymentId);
    assert.deepEqual([found.kind, found.status, found.amount], ["UNMATCHED_CAPTURE", "REFUSED", 2000]);
    good(await shop.operator.post(`/admin/payments/${paymentId}/resolve`, { outcome: "RETURNED", reason: "by transfer" }), 200);
    await assertAuditIsClean();
  });

test("a shop that takes no deposits closes the account at once, and the order can be paid by card", async () => {
  const paid = await pay("VIRTUAL_ACCOUNT", cardsOnly);
  assert.equal(refused(paid.answer, 402, "PAYMENT_DECLINED")["reason"], "PAYMENT_METHOD_NOT_TAKEN");
  assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.status, "CANCELED");
  assert.throws(() => simulator.deposit(paid.paymentKey));
  const paymentKey = simulator.authorize({ orderId: paid.orderId, amount: 2000 });
  good(await paid.user.post("/payments", { orderId: paid.orderId, method: "CARD", paymentKey }), 201);
});

test("money that came by a method that the shop does not take goes back", async () => {
  const paid = await pay("TRANSFER", cardsOnly);
  assert.equal(refused(paid.answer, 402, "PAYMENT_DECLINED")["reason"], "PAYMENT_METHOD_NOT_TAKEN");
  await settle();
  assert.equal(simulator.ledger.payments.get(paid.paymentKey)?.left, 0);
  await assertAuditIsClean();
});

test("a payment keeps its method, company, last digits, approval and receipt, and no more of the card", async () => {
  const paid = await pay("CARD");
  const { details, paymentId } = good(paid.answer, 201);
  assert.deepEqual(
    { ...details, approvedAt: typeof details.approvedAt },
    {
      method: "CARD",
      company: "현대카드",
      lastDigits: "123*",
      approvalNumber: "00000000",
      approvedAt: "string",
      receiptUrl: "https://example.com/receipt",
    },
  );
  const stored = await shop.shop.database.rows({
    name: "stored",
    text: "SELECT p.*::text AS row FROM payments p WHERE id = $1",
    values: [paymentId],
  });
  assert.doesNotMatch(JSON.stringify(stored), /43301234/);
  assert.equal(good((await pay("EASY_PAY")).answer, 201).details.company, "토스페이");
});

test("details that cannot be read change no outcome", () => {
  const payment = { paymentKey: randomUUID(), orderId: "order-1", status: "DONE", totalAmount: 1, balanceAmount: 1, method: "카드" };
  const details = (more: Record<string, unknown>) => readPayment({ ...payment, ...more }).details;
  assert.deepEqual(details({ card: { number: 7, approveNo: "<b>", issuerCode: {} }, receipt: { url: "javascript:alert(1)" }, approvedAt: "soon" }), {
    method: "CARD",
    company: null,
    lastDigits: null,
    approvalNumber: null,
    approvedAt: null,
    receiptUrl: null,
  });
  assert.equal(details({ method: "휴대폰" })?.method, "OTHER");
  assert.equal(details({ method: null }), null);
  assert.equal(details({ card: { number: "4330123412341234" } })?.lastDigits, "1234");
});
