// The two reasons of a change to a shopper's money: `reason` is for operators, `customerReason` is
// for the shopper.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: "test_sk_of_the_tests" });
  shop = await openTestShop({ env: { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: "test_sk_of_the_tests" } });
});
after(async () => {
  await shop.close();
  await simulator.close();
});

const OPERATOR_REASON = "악성 고객 의심";
const CUSTOMER_REASON = "상품 하자로 환불해드립니다";

async function paid(method: "BALANCE" | "CARD"): Promise<{ user: Client; orderId: string; paymentId: string; variantId: string }> {
  const product = await shop.product({ price: 1000 });
  const user = await shop.user({ balance: 10_000 });
  const order = { orderItems: [{ productId: product.id, quantity: 3 }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", order), 201);
  const card = method === "CARD" ? { paymentKey: `ok-${randomUUID()}` } : {};
  const { paymentId } = good(await user.post("/payments", { orderId, method, ...card }), 201);
  return { user, orderId, paymentId, variantId: product.variants[0]?.id as string };
}

/** All responses that show a paid order to this reader. */
async function responsesFor(reader: Client, user: Client, orderId: string, paymentId: string): Promise<Answer[]> {
  const paths = [`/orders/${orderId}`, `/orders/${orderId}/history`, `/payments/${paymentId}`, `/users/${user.id}/orders`];
  return Promise.all([...paths, `/users/${user.id}/balance/transactions`].map((path) => reader.get(path)));
}

for (const method of ["BALANCE", "CARD"] as const)
  test(`an operator's reason for a refund to ${method} is visible to operators only, and the shopper reads customerReason`, async () => {
    const { user, orderId, paymentId, variantId } = await paid(method);
    const refund = { items: [{ variantId, quantity: 1 }], reason: OPERATOR_REASON };
    good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { ...refund, customerReason: CUSTOMER_REASON }), 200);
    good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, refund), 200);

    const own = await responsesFor(user, user, orderId, paymentId);
    for (const answer of own) assert.ok(!answer.text.includes(OPERATOR_REASON), answer.text);
    const [, history, payment, , ledger] = own.map((answer) => good(answer, 200));
    const refunds = history.events.slice(2).map(({ data }: { data: object }) => data);
    assert.deepEqual(
      refunds.map(({ customerReason }: { customerReason: string }) => customerReason),
      [CUSTOMER_REASON, null],
    );
    assert.deepEqual(
      payment.history.slice(-2).map(({ reason, customerReason }: Record<string, string | null>) => [reason, customerReason]),
      [
        [null, CUSTOMER_REASON],
        [null, undefined],
      ],
    );
    if (method === "BALANCE") assert.deepEqual([ledger.transactions[1].customerReason, "reason" in ledger.transactions[1]], [CUSTOMER_REASON, false]);

    const [, theirs, seen, , entries] = (await responsesFor(shop.operator, user, orderId, paymentId)).map((answer) => good(answer, 200));
    assert.deepEqual([theirs.events[2].data.reason, theirs.events[2].data.customerReason], [OPERATOR_REASON, CUSTOMER_REASON]);
    assert.deepEqual([seen.history.at(-2).reason, seen.history.at(-2).customerReason], [OPERATOR_REASON, CUSTOMER_REASON]);
    if (method === "BALANCE")
      assert.deepEqual([entries.transactions[1].reason, entries.transactions[1].customerReason], [OPERATOR_REASON, CUSTOMER_REASON]);
  });

test("a shopper reads that the own order was cancelled and why a card was declined", async () => {
  const { user, orderId } = await paid("BALANCE");
  good(await user.post(`/orders/${orderId}/cancel`), 200);
  assert.equal(good(await user.get(`/orders/${orderId}/history`), 200).events.at(-1).data.reason, "cancelled");

  const product = await shop.product();
  const order = { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } };
  const unpaid = good(await user.post("/orders", order), 201).orderId;
  const card = { orderId: unpaid, method: "CARD", paymentKey: `decline-${randomUUID()}` };
  const { paymentId } = refused(await user.post("/payments", card), 402, "PAYMENT_DECLINED");
  assert.equal(good(await user.get(`/payments/${paymentId}`), 200).history.at(-1).reason, "REJECT_CARD_PAYMENT");
});

test("a grant's reason is visible to operators only, and its customerReason to the shopper too", async () => {
  const user = await shop.user();
  const grants = [
    { userId: user.id, amount: 5, reason: OPERATOR_REASON, customerReason: CUSTOMER_REASON },
    { userId: user.id, amount: 7, reason: OPERATOR_REASON },
  ];
  good(await shop.operator.post("/admin/balances/grant", { grants }), 200);
  const ledgerOf = async (reader: Client): Promise<unknown[]> =>
    good(await reader.get(`/users/${user.id}/balance/transactions`), 200).transactions.map(
      ({ amount, reason, customerReason }: Record<string, unknown>) => [amount, reason, customerReason],
    );
  assert.deepEqual(await ledgerOf(shop.operator), [
    [7, OPERATOR_REASON, undefined],
    [5, OPERATOR_REASON, CUSTOMER_REASON],
  ]);
  assert.deepEqual(await ledgerOf(user), [
    [7, undefined, undefined],
    [5, undefined, CUSTOMER_REASON],
  ]);
});

test("a reason of 500 characters is stored whole, even of two code units each, and 501 are refused", async () => {
  const { user, orderId, variantId } = await paid("BALANCE");
  const [longest, customerReason] = ["🙂".repeat(500), "𠮷".repeat(500)];
  const items = [{ variantId, quantity: 1 }];
  for (const [member, fields] of [
    ["reason", { reason: `${longest}a` }],
    ["customerReason", { reason: "a", customerReason: `${customerReason}a` }],
  ] as const) {
    const { errors } = refused(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items, ...fields }), 400, "INVALID_REQUEST");
    assert.equal((errors as { path: string }[])[0]?.path, `/${member}`);
    const grants = [{ userId: user.id, amount: 1, ...fields }];
    const grant = refused(await shop.operator.post("/admin/balances/grant", { grants }), 400, "INVALID_REQUEST");
    assert.equal((grant["errors"] as { path: string }[])[0]?.path, `/grants/0/${member}`);
  }
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items, reason: longest, customerReason: customerReason }), 200);
  const { data } = good(await shop.operator.get(`/orders/${orderId}/history`), 200).events.at(-1);
  assert.deepEqual([data.reason, data.customerReason], [longest, customerReason]);
});

// A cut in the middle of a character would send the gateway half a character.
test("a long reason is cut between two characters before it reaches the gateway", async () => {
  for (const reason of [`${"a".repeat(149)}🙂 and more`, `${"a".repeat(145)}👨‍👩‍👧‍👦`]) {
    const { orderId, variantId } = await paid("CARD");
    good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason }), 200);
    const cancels = [...simulator.ledger.payments.values()].find((payment) => payment.orderId === orderId)?.cancels ?? [];
    assert.match(cancels[0]?.reason ?? "", /^a+ \[[0-9a-f-]{36}\]$/);
  }
});
