// An amount of money is a number and a currency. A capture in another currency than the shop's
// never counts as a payment.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import type { Gateway, GatewayPayment } from "../../src/gateway/gateway.ts";
import { refundAtGateway } from "../../src/settlement/gateway-refund.ts";
import { compare } from "../../src/settlement/reconcile.ts";
import { amountFromWire, amountToWire } from "../../src/gateway/toss/amounts.ts";
import { readPayment, readTransactions } from "../../src/gateway/toss/messages.ts";
import { heldFor, interpret } from "../../src/settlement/capture.ts";
import { chargeByCard } from "../support/charge.ts";
import { openGatewayShop } from "../support/gateway-shop.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const SECRET = "test_sk_of_the_tests";

const PAID = {
  paymentKey: "k",
  orderId: "order-1",
  status: "DONE",
  currency: "KRW",
  amount: 1999,
  left: 1999,
  cancels: [],
} satisfies GatewayPayment;

test("amounts at the gateway are in major units and amounts in the shop in minor units", () => {
  for (const [currency, minor, wire] of [
    ["KRW", 1999, 1999],
    ["JPY", 1, 1],
    ["USD", 1999, 19.99],
    ["USD", 5, 0.05],
    ["USD", 100, 1],
    ["USD", -1999, -19.99],
    ["BHD", 1, 0.001],
    ["KRW", 1_000_000_000_000, 1_000_000_000_000],
    ["USD", 999_999_999_999_999, 9_999_999_999_999.99],
  ] as const) {
    assert.equal(amountToWire(minor, currency), wire, `${minor} ${currency}`);
    assert.equal(amountFromWire(wire, currency), minor, `${wire} ${currency}`);
    assert.equal(amountFromWire(String(wire), currency), minor, `"${wire}" ${currency}`);
  }
  for (const [currency, wire, minor] of [
    ["USD", "19.9", 1990],
    ["USD", "19.990", 1999],
    ["KRW", "1000.00", 1000],
  ] as const)
    assert.equal(amountFromWire(wire, currency), minor);
  // More decimals than the currency has are invalid.
  for (const [currency, wire] of [
    ["KRW", 19.99],
    ["KRW", "1000.5"],
    ["USD", 19.999],
    ["KRW", ""],
    ["KRW", " 5"],
    ["KRW", "0x10"],
    ["KRW", "1e3"],
    ["KRW", 1e21],
    ["KRW", null],
    ["KRW", true],
    ["won", 5],
    ["USD", "9007199254740992"],
  ] as const)
    assert.equal(amountFromWire(wire, currency), undefined, `${wire} ${currency}`);
});

test("each response is read in its own currency, and a response without one in the gateway's currency", () => {
  const body = { paymentKey: "k", orderId: "order-1", status: "PARTIAL_CANCELED", totalAmount: "19.99", balanceAmount: 10.5 };
  const cancels = [{ cancelAmount: 9.49, cancelReason: "r" }];
  const { currency, amount, left, cancels: back } = readPayment({ ...body, currency: "USD", cancels });
  assert.deepEqual([currency, amount, left, back[0]?.amount], ["USD", 1999, 1050, 949]);
  assert.equal(readPayment({ ...body, totalAmount: 5, balanceAmount: 5 }).currency, "KRW");
  const transactionBody = {
    transactionKey: "t",
    paymentKey: "k",
    orderId: "order-1",
    status: "CANCELED",
    transactionAt: "2026-11-01T00:00:00+09:00",
  };
  const [transaction] = readTransactions([{ ...transactionBody, currency: "USD", amount: 19.99 }]);
  assert.deepEqual([transaction?.currency, transaction?.amount], ["USD", -1999]);
  assert.equal(readPayment({ ...body, currency: "KRW" }).status, "UNRECOGNIZED", "there is no tenth of a won");
  for (const invalid of [
    { ...body, currency: "usd" },
    { ...body, currency: null },
    { ...body, currency: 410 },
  ])
    assert.throws(() => readPayment(invalid), { reason: "ANSWER_NOT_UNDERSTOOD" }, JSON.stringify(invalid));
});

describe("interpreting a payment in another currency", () => {
  const outcomeOf = (payment: GatewayPayment, currency: string) => interpret(payment, { orderId: "order-1", amount: 1999 }, currency);

  test("a capture of the same number in another currency pays nothing and is refunded whole", () => {
    assert.deepEqual(outcomeOf(PAID, "KRW"), { kind: "done" });
    assert.deepEqual(outcomeOf(PAID, "USD"), { kind: "failed", reason: "CURRENCY_MISMATCH", confirmed: true, captured: 1999 });
    assert.deepEqual(outcomeOf({ ...PAID, status: "PARTIAL_CANCELED", left: 999 }, "JPY"), {
      kind: "failed",
      reason: "CURRENCY_MISMATCH",
      confirmed: true,
      captured: 999,
    });
  });

  test("a late capture in another currency is reported as a currency mismatch", () => {
    assert.deepEqual(heldFor(PAID, "order-1", "KRW"), { amount: 1999, reason: "CAPTURED_AFTER_FAILURE" });
    assert.deepEqual(heldFor(PAID, "order-1", "USD"), { amount: 1999, reason: "CURRENCY_MISMATCH" });
    for (const invalid of [undefined, { ...PAID, orderId: "order-2" }, { ...PAID, left: 0 }, { ...PAID, status: "CANCELED" as const }])
      assert.equal(heldFor(invalid, "order-1", "KRW"), undefined);
  });

  test("a partial refund in another currency stays unknown, and a full refund is done", async () => {
    const id = "r-1";
    const payment: GatewayPayment = { ...PAID, currency: "JPY", status: "PARTIAL_CANCELED", cancels: [{ amount: 5, reason: `broken [${id}]` }] };
    const gateway = {
      currency: "KRW",
      find: () => Promise.resolve(payment),
      cancel: () => Promise.resolve({ kind: "payment", payment }),
    } as unknown as Gateway;
    const part = { id, keyNumber: 0, paymentKey: "k", amount: 5, reason: "broken" };
    for (const again of [false, true])
      assert.deepEqual(await refundAtGateway(gateway, part, again), { kind: "unknown", reason: "CURRENCY_MISMATCH" });
    for (const again of [false, true]) assert.deepEqual(await refundAtGateway(gateway, { ...part, amount: null }, again), { kind: "done" });
  });

  test("the same numbers in two currencies are a difference in the reconciliation", () => {
    const claim = { paymentKey: "k", gatewayOrderId: "order-1", id: "p", kind: "payment" as const, captured: 1999, givenBack: 0 };
    const atGateway = { status: "DONE", currency: "KRW", captured: 1999, givenBack: 0 };
    const what = (status: string, givenBack: number, currency: string): string | undefined =>
      compare("k", { ...claim, status, givenBack }, { ...atGateway, givenBack }, currency)?.what;
    assert.equal(what("COMPLETED", 0, "KRW"), undefined);
    assert.equal(what("COMPLETED", 0, "USD"), "currencies differ");
    assert.equal(what("REFUNDED", 1999, "USD"), "currencies differ");
    assert.equal(what("FAILED", 0, "USD"), "currencies differ");
    assert.equal(what("FAILED", 1999, "USD"), undefined, "a failed payment that is refunded is settled");
  });
});

test("a currency that the gateway does not support stops the start, and the simulator supports any", () => {
  const gateway = { PAYMENT_GATEWAY_URL: "https://api.example.com", PAYMENT_GATEWAY_SECRET: SECRET };
  const opened = (env: Record<string, string>): string => readConfig(env).gateway.currency;
  assert.throws(
    () => opened({ ...gateway, SHOP_CURRENCY: "USD" }),
    /^Error: SHOP_CURRENCY is USD, and the gateway of PAYMENT_GATEWAY_URL takes KRW only$/,
  );
  assert.equal(opened(gateway), "KRW");
  assert.equal(opened({ SHOP_CURRENCY: "USD" }), "USD");
  assert.equal(opened({ SHOP_CURRENCY: "USD", DATABASE_URL: "postgresql://127.0.0.1:1/none" }), "USD");
});

/** A shop, in won unless the settings differ, whose gateway captures in `currency`. */
function shopAt(currency: string, env: Record<string, string> = {}): ReturnType<typeof openGatewayShop> {
  return openGatewayShop({ PAYMENT_GATEWAY_TIMEOUT_MS: "1000", ...env }, currency);
}

async function unpaid(shop: TestShop, price = 1999): Promise<{ user: Client; orderId: string; product: { id: string; variants: { id: string }[] } }> {
  const product = await shop.product({ price, stock: 10 });
  const user = await shop.user();
  const body = { orderItems: [{ productId: product.id, quantity: 2 }], payment: { method: "DEFERRED" } };
  return { user, product, orderId: good(await user.post("/orders", body), 201).orderId };
}

const byCard = (user: Client, orderId: string, kind: string): Promise<Answer> =>
  user.post("/payments", { orderId, method: "CARD", paymentKey: `${kind}-${randomUUID()}` });

describe("a gateway that captures in another currency", () => {
  test("a card payment in another currency fails, at once or later, and is refunded whole", async () => {
    const { shop, simulator, close } = await shopAt("JPY");
    try {
      const at = await unpaid(shop);
      const problem = refused(await byCard(at.user, at.orderId, "ok"), 402, "PAYMENT_DECLINED");
      assert.equal(problem["reason"], "CURRENCY_MISMATCH");
      assert.equal(good(await at.user.get(`/orders/${at.orderId}`), 200).status, "PENDING");
      assert.equal(await shop.stockOf(at.product), 10);

      const later = await unpaid(shop);
      const { paymentId } = good(await byCard(later.user, later.orderId, "timeout"), 202);
      good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
      const { status, history } = good(await later.user.get(`/payments/${paymentId}`), 200);
      assert.deepEqual([status, history.at(-1).reason], ["FAILED", "CURRENCY_MISMATCH"]);

      const { differences } = good(await shop.operator.get("/admin/reconciliation"), 200) as { differences: { what: string }[] };
      assert.ok(differences.every(({ what }) => what === "currencies differ"));
      good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
      for (const { status, left } of simulator.ledger.payments.values()) assert.deepEqual([status, left], ["CANCELED", 0]);
      const after = good(await shop.operator.get("/admin/reconciliation"), 200);
      assert.deepEqual([after.compared, after.captured, after.differences], [2, 0, []]);
      assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
    } finally {
      await close();
    }
  });

  test("a card payment in a currency with decimals is refunded to the last decimal", async () => {
    const { shop, simulator, close } = await shopAt("USD");
    try {
      const { user, orderId } = await unpaid(shop);
      refused(await byCard(user, orderId, "ok"), 402, "PAYMENT_DECLINED");
      good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
      assert.deepEqual(
        [...simulator.ledger.payments.values()].map(({ amount, left, status }) => [amount, left, status]),
        [[399_800, 0, "CANCELED"]],
      );
    } finally {
      await close();
    }
  });

  test("a card charge in another currency fails and is refunded", async () => {
    const { shop, simulator, close } = await shopAt("JPY", { BALANCE_FUNDING: "gateway" });
    try {
      const user = await shop.user();
      refused(await chargeByCard(user, { amount: 5000, paymentKey: "ok" }), 402, "PAYMENT_DECLINED");
      assert.equal(await shop.balanceOf(user), 0);
      good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
      assert.deepEqual(
        [...simulator.ledger.payments.values()].map(({ left }) => left),
        [0],
      );
    } finally {
      await close();
    }
  });
});

test("a shop in dollars is paid and refunds to the cent, and the reconciliation finds no difference", async () => {
  const shop = await openTestShop({ env: { SHOP_CURRENCY: "USD" } });
  try {
    const { user, orderId, product } = await unpaid(shop);
    const payment = good(await byCard(user, orderId, "ok"), 201);
    assert.deepEqual([payment.status, payment.amount], ["COMPLETED", 3998]);
    const items = [{ variantId: product.variants[0]?.id, quantity: 1 }];
    assert.equal(good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items, reason: "불량" }), 200).refundedAmount, 1999);
    const { captured, givenBack, differences } = good(await shop.operator.get("/admin/reconciliation"), 200);
    assert.deepEqual([captured, givenBack, differences], [3998, 1999, []]);
  } finally {
    await shop.close();
  }
});
