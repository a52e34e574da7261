// What an order, its payments and its refunds may become, each by the decision that the rule forbids, without a database.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import type { Variant } from "../../src/catalog/catalog.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { userCoupons } from "../../src/coupon/coupon.sql.ts";
import type { OrderCache } from "../../src/order/order-cache.ts";
import type { Order, OrderItem } from "../../src/order/order.ts";
import { orderEvents, orderItems, orders, selectOrderPage } from "../../src/order/order.sql.ts";
import type { PaymentRow } from "../../src/order/payment/payment.ts";
import { payments } from "../../src/order/payment/payment.sql.ts";
import { refundShares } from "../../src/order/refund/refund-shares.ts";
import { type RefundRow, refunds } from "../../src/order/refund/refund.sql.ts";
import { settleRefund } from "../../src/settlement/settle-refund.ts";
import { cancelOrder, expireOrder, refundOrder } from "../../src/order/undo-order.ts";
import { payOrder } from "../../src/order/payment/pay-order.ts";
import { settlePayment } from "../../src/settlement/settle-payment.ts";
import type { Table } from "../../src/till/table.ts";
import {
  BALANCE_MAX,
  CAMPAIGN,
  coupon,
  COUPON,
  decided,
  leaves,
  NOW,
  ORDER,
  OTHER,
  PRODUCT,
  product,
  refuses,
  there,
  type There,
  unread,
  USER,
  variant,
  VARIANT,
  wallet,
} from "../support/decided.ts";

describe("an order that stands", () => {
  const facts = { of: unread } as unknown as OrderCache;
  const fact = { id: ORDER, userId: USER, userCouponId: COUPON, articles: [{ variantId: VARIANT, productId: PRODUCT }] };
  const order = (fields: Partial<Order> = {}): There =>
    there(orders, ORDER, {
      id: ORDER,
      userId: USER,
      status: "COMPLETED",
      changes: 1,
      userCouponId: null,
      totalAmount: 30,
      discountAmount: 0,
      refundedAmount: 0,
      createdAt: NOW - 1000,
      expiresAt: null,
      completedAt: NOW - 1000,
      ...fields,
    });
  const waiting = (fields: Partial<Order> = {}): There => order({ status: "PENDING", expiresAt: NOW + 1, completedAt: null, ...fields });
  const items = (refundedQuantity = 0): There =>
    there<OrderItem[]>(orderItems, ORDER, [
      { variantId: VARIANT, productId: PRODUCT, line: 0, name: "n", unitPrice: 10, quantity: 3, refundedQuantity },
    ]);
  const payment = (fields: Partial<PaymentRow> = {}): There =>
    there(payments, ORDER, {
      id: OTHER,
      orderId: ORDER,
      method: "BALANCE",
      status: "COMPLETED",
      amount: 30,
      steps: null,
      createdAt: NOW - 1000,
      paidAt: NOW - 1000,
      card: null,
      ...fields,
    });
  const shop = (...rows: There[]): There[] => [wallet(), product(), variant(), items(), ...rows];
  const terms = { askAfterMs: 1000, fact };
  const cancel = { orderId: ORDER, callerId: USER, ...terms };
  const give = (quantity: number) => ({ orderId: ORDER, items: [{ variantId: VARIANT, quantity }], reason: "r", customerReason: null, ...terms });
  const card = { method: "CARD" as const, card: { paymentKey: "k", askAt: null, asked: 0 } };

  test("is its owner's: to anybody else it is not there", () => {
    refuses(shop(order(), payment()), cancelOrder(facts), { ...cancel, callerId: OTHER }, "ORDER_NOT_FOUND");
    refuses(shop(waiting()), payOrder(facts), { orderId: ORDER, callerId: OTHER, expectedAmount: null, fact }, "ORDER_NOT_FOUND");
  });
  for (const status of ["REFUNDED", "PARTIALLY_REFUNDED", "CANCELLED", "EXPIRED"] as const)
    test(`can't be cancelled once it is ${status}`, () =>
      refuses(shop(order({ status }), payment()), cancelOrder(facts), cancel, "ORDER_NOT_CANCELLABLE"));
  for (const status of ["REFUNDED", "CANCELLED", "EXPIRED", "PENDING"] as const)
    test(`can't be refunded while it is ${status}`, () =>
      refuses(shop(order({ status }), payment()), refundOrder(facts), give(1), "ORDER_NOT_REFUNDABLE"));
  test("can't be cancelled while a card's outcome is not known", () =>
    refuses(shop(waiting(), payment({ ...card, status: "UNKNOWN" })), cancelOrder(facts), cancel, "PAYMENT_IN_PROGRESS"));
  test("gives back no more than was bought, however it comes together", () => {
    refuses(shop(order(), payment()), refundOrder(facts), give(4), "ORDER_NOT_REFUNDABLE");
    const twice = { ...give(1), items: [1, 3].map((quantity) => ({ variantId: VARIANT, quantity })) };
    refuses(shop(order(), payment()), refundOrder(facts), twice, "ORDER_NOT_REFUNDABLE");
    const rest = shop(order({ status: "PARTIALLY_REFUNDED", refundedAmount: 20 }), payment({ status: "PARTIALLY_REFUNDED" }));
    refuses([...rest.filter(({ shelf }) => shelf !== orderItems), items(2)], refundOrder(facts), give(2), "ORDER_NOT_REFUNDABLE");
  });
  test("gives back nothing where there is nothing left", () =>
    refuses([...shop(order(), payment()).filter(({ shelf }) => shelf !== orderItems), items(3)], cancelOrder(facts), cancel, "ORDER_NOT_REFUNDABLE"));
  test("gives back nothing that was not bought", () =>
    refuses(shop(order(), payment()), refundOrder(facts), { ...give(1), items: [{ variantId: OTHER, quantity: 1 }] }, "INVALID_REQUEST"));
  test("a refund always fits into the balance, whatever its limit for charges and grants", () => {
    const full = [...shop(order(), payment()).slice(1), wallet(BALANCE_MAX)];
    assert.equal(leaves(full, refundOrder(facts), give(1), users, USER).balance, BALANCE_MAX + 10);
    assert.equal(leaves(full, cancelOrder(facts), cancel, users, USER).balance, BALANCE_MAX + 30);
  });
  test("gives back money, pieces and event in one", () => {
    const { changes } = decided(shop(order(), payment()), refundOrder(facts), give(2));
    assert.deepEqual(
      changes?.journals.get(ledger)?.map((row) => (row as { amount: number }).amount),
      [20],
    );
    const after = (shelf: Table<never>): unknown => changes?.tables.get(shelf)?.[0]?.after;
    assert.equal((after(variants as unknown as Table<never>) as Variant).stock, 7);
    assert.deepEqual(
      [(after(orders as unknown as Table<never>) as Order).changes, (after(orders as unknown as Table<never>) as Order).refundedAmount],
      [2, 20],
    );
  });
  test("has one refund to its card at a time", () => {
    const refund = { id: OTHER, orderId: ORDER, status: "PENDING", amount: 10 } as RefundRow;
    refuses(shop(order(), payment(card), there(refunds, ORDER, refund)), refundOrder(facts), give(1), "PAYMENT_IN_PROGRESS");
  });
  test("gives back to a card only once what was given back at the gateway", () => {
    const refund = { id: OTHER, orderId: ORDER, status: "PENDING", amount: 10, pieces: [[VARIANT, 1]], reason: "r" } as unknown as RefundRow;
    const settle = { orderId: ORDER, refundId: OTHER, outcome: { kind: "done" as const }, askAgainMs: 1000, fact };
    const rows = shop(order(), payment(card));
    assert.equal(leaves([...rows, there(refunds, ORDER, refund)], settleRefund(facts), settle, variants, VARIANT).stock, 6);
    // Another refund is under way by now, or none; or it is over.
    for (const other of [
      { ...refund, id: CAMPAIGN },
      { ...refund, status: "COMPLETED" as const },
    ])
      assert.equal(decided([...rows, there(refunds, ORDER, other)], settleRefund(facts), settle).changes, undefined);
    // The pieces are worth something else than was sent back: nobody can say what happened, and nothing is written.
    refuses(
      [...rows, there(refunds, ORDER, { ...refund, amount: 11 })],
      settleRefund(facts),
      settle,
      `Error: refund ${OTHER} sent back 11 and its units are worth 10`,
    );
  });
  test("can't be paid once its time is up, before the job has come by", () =>
    refuses(shop(waiting({ expiresAt: NOW })), payOrder(facts), { orderId: ORDER, callerId: USER, expectedAmount: null, fact }, "ORDER_NOT_PAYABLE"));
  test("can't be paid while a card's outcome is not known", () =>
    refuses(
      shop(waiting(), payment({ ...card, status: "UNKNOWN" })),
      payOrder(facts),
      { orderId: ORDER, callerId: USER, expectedAmount: null, fact },
      "PAYMENT_IN_PROGRESS",
    ));
  test("can't be paid with what is no longer for sale", () =>
    refuses(
      [wallet(), product("NOT_FOR_SALE"), variant(), items(), waiting()],
      payOrder(facts),
      { orderId: ORDER, callerId: USER, expectedAmount: null, fact },
      "PRODUCT_NOT_FOR_SALE",
    ));
  test("expires when its time is up: not before, not paid, and not with a card under way", () => {
    const expire = (...rows: There[]): unknown => {
      const { outcome } = decided(shop(...rows), expireOrder(facts), { orderId: ORDER, fact });
      return outcome.kind === "answer" && outcome.answer;
    };
    assert.deepEqual(
      [
        expire(waiting({ expiresAt: NOW })),
        expire(waiting()),
        expire(order({ expiresAt: NOW }), payment()),
        expire(waiting({ expiresAt: NOW }), payment({ ...card, status: "UNKNOWN" })),
        expire(waiting({ expiresAt: NOW, status: "CANCELLED" })),
      ],
      [true, false, false, false, false],
    );
  });
  test("an order's change has its event", () => {
    const { changes } = decided(shop(waiting()), cancelOrder(facts), cancel);
    assert.deepEqual(
      changes?.journals.get(orderEvents)?.map((event) => (event as { seq: number }).seq),
      [2],
    );
  });
  test("has at most 65,535 changes", () => refuses(shop(order({ changes: 65_535 }), payment()), refundOrder(facts), give(1), "ORDER_NOT_REFUNDABLE"));
  test("is settled once, by the payment that is under way", () => {
    const settle = { orderId: ORDER, paymentId: OTHER, outcome: { kind: "done" as const }, askAgainMs: 1000, fact };
    const under = payment({ ...card, status: "UNKNOWN", paidAt: null });
    assert.equal(leaves(shop(waiting(), under), settlePayment(facts), settle, orders, ORDER).status, "COMPLETED");
    assert.equal(decided(shop(waiting(), under), settlePayment(facts), { ...settle, paymentId: COUPON }).changes, undefined);
    const { changes, outcome } = decided(shop(order(), payment(card)), settlePayment(facts), settle);
    assert.deepEqual([changes, outcome], [undefined, { kind: "answer", answer: null }]);
  });
  describe("with a coupon", () => {
    const used = { userCouponId: COUPON, discountAmount: 5 };
    const whole = (...rows: There[]): There[] => shop(order(used), payment({ amount: 25 }), ...rows);
    test("a coupon that another order has stays there", () => {
      const { outcome, changes } = decided(whole(coupon({ status: "USED", usedAt: NOW, orderId: OTHER })), cancelOrder(facts), cancel);
      assert.equal(outcome.kind, "error");
      assert.equal(changes, undefined);
    });
    test("a coupon comes back with the last piece, and not before", () => {
      const held = coupon({ status: "USED", usedAt: NOW, orderId: ORDER });
      assert.equal(leaves(whole(held), cancelOrder(facts), cancel, userCoupons, COUPON).status, "AVAILABLE");
      assert.equal(leaves(whole(held), refundOrder(facts), give(1), userCoupons, COUPON), undefined);
    });
    test("a coupon that comes back too late is expired", () => {
      const held = coupon({ status: "USED", usedAt: NOW - 10, orderId: ORDER, expiresAt: NOW });
      assert.equal(leaves(whole(held), cancelOrder(facts), cancel, userCoupons, COUPON).status, "EXPIRED");
    });
  });
});

test("the parts of a refund add up to what was paid, whatever the order and size of the parts", () => {
  const order = { totalAmount: 1000, discountAmount: 1 };
  const line = (unitPrice: number, quantity: number): OrderItem => ({
    variantId: VARIANT,
    productId: PRODUCT,
    line: 0,
    name: "n",
    unitPrice,
    quantity,
    refundedQuantity: 0,
  });
  let items = [line(100, 1), line(100, 3), line(60, 10)];
  let given = 0;
  for (const i of [2, 1, 2, 0, 1, 2, 2, 2, 1, 2, 2, 2, 2, 2]) {
    const after = items.map((item, j) => (i === j ? { ...item, refundedQuantity: item.refundedQuantity + 1 } : item));
    given += refundShares(order, items, after).reduce((sum, share) => sum + share, 0);
    items = after;
  }
  assert.equal(given, 999);
  const three = [line(1, 1), line(1, 1), line(1, 1)];
  const shares = refundShares(
    { totalAmount: 3, discountAmount: 1 },
    three,
    three.map((item) => ({ ...item, refundedQuantity: 1 })),
  );
  assert.equal(
    shares.reduce((sum, share) => sum + share, 0),
    2,
  );
});

// PostgreSQL cuts a prepared statement's name off behind 63 bytes: two that begin alike would become one. Goes red with the conditions in the name.
test("however orders are looked for, the statement has a name of its own, and a short one", () => {
  const names = Array.from({ length: 32 }, (_, i) => {
    const given = (bit: number): number | null => (i & bit ? 1 : null);
    const filter = {
      userId: given(1)?.toString() ?? null,
      status: given(2)?.toString() ?? null,
      from: given(4),
      to: given(8),
      rehearsals: given(16) !== null,
    };
    return selectOrderPage(filter, null, 1).name;
  });
  assert.equal(new Set(names).size, 32);
  assert.deepEqual(
    names.filter((name) => name.length > 63),
    [],
  );
});
