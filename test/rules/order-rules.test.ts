// The rules of orders, payments and refunds, each tested through the pure decision that enforces
// it, without a database.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import type { Variant } from "../../src/catalog/catalog.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { userCoupons } from "../../src/coupon/coupon.sql.ts";
import type { OrderCache } from "../../src/order/order-cache.ts";
import { NO_DETAILS, type Order, type OrderItem } from "../../src/order/order.ts";
import { type OrderFilter, selectOrderPage } from "../../src/order/order-search.sql.ts";
import { orderEvents, orders } from "../../src/order/order.sql.ts";
import { payments } from "../../src/order/payment/payment.sql.ts";
import type { PaymentRow } from "../../src/order/payment/payment.ts";
import { refundShares } from "../../src/order/refund/refund-shares.ts";
import { type RefundRow, refunds } from "../../src/order/refund/refund.sql.ts";
import { settleRefund } from "../../src/settlement/settle-refund.ts";
import { NO_VIEWER } from "../../src/order/order-view.ts";
import { cancelOrder } from "../../src/order/cancel-order.ts";
import { expireOrder } from "../../src/order/expire-order.ts";
import { refundOrder } from "../../src/order/refund/refund-order.ts";
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
  existing,
  type ExistingRow,
  unread,
  USER,
  variant,
  VARIANT,
  wallet,
} from "../support/decided.ts";

describe("an order's rules", () => {
  const orderCache = { find: unread } as unknown as OrderCache;
  const immutable = { id: ORDER, userId: USER, userCouponId: COUPON, lineItems: [{ variantId: VARIANT, productId: PRODUCT }] };
  const items = (refundedQuantity = 0): OrderItem[] => [
    { variantId: VARIANT, productId: PRODUCT, sku: null, name: "n", options: {}, unitPrice: 10, quantity: 3, refundedQuantity },
  ];
  /** Paid from the balance. */
  const order = (fields: Partial<Order> = {}): ExistingRow =>
    existing(orders, ORDER, {
      id: ORDER,
      userId: USER,
      status: "COMPLETED",
      items: items(),
      changes: 1,
      userCouponId: null,
      totalAmount: 30,
      discountAmount: 0,
      refundedAmount: 0,
      createdAt: NOW - 1000,
      expiresAt: null,
      completedAt: NOW - 1000,
      paidAt: NOW - 1000,
      paymentId: null,
      ...NO_DETAILS,
      ...fields,
    });
  const paidByCard = (): ExistingRow => order({ paidAt: null });
  const waiting = (fields: Partial<Order> = {}): ExistingRow =>
    order({ status: "PENDING", expiresAt: NOW + 1, completedAt: null, paidAt: null, ...fields });
  const payment = (fields: Partial<PaymentRow> = {}): ExistingRow =>
    existing(payments, ORDER, {
      id: OTHER,
      orderId: ORDER,
      method: "CARD",
      status: "COMPLETED",
      amount: 30,
      steps: null,
      createdAt: NOW - 1000,
      paidAt: NOW - 1000,
      card: { paymentKey: "k", gatewayOrderId: "o", askAt: null, asked: 0, keyNumber: 0 },
      ...fields,
    });
  const shop = (...rows: ExistingRow[]): ExistingRow[] => [wallet(), product(), variant(), ...rows];
  const terms = { askAfterMs: 1000, cancelWithinMs: 604_800_000, viewer: NO_VIEWER, immutable };
  const cancel = { orderId: ORDER, callerId: USER, ...terms };
  const refundOf = (quantity: number) => ({
    orderId: ORDER,
    items: [{ variantId: VARIANT, quantity }],
    reason: "r",
    customerReason: null,
    restock: true,
    ...terms,
  });

  test("an order of another user is not found", () => {
    refuses(shop(order()), cancelOrder(orderCache), { ...cancel, callerId: OTHER }, "ORDER_NOT_FOUND");
    refuses(shop(waiting()), payOrder(orderCache), { orderId: ORDER, callerId: OTHER, expectedAmount: null, immutable }, "ORDER_NOT_FOUND");
  });
  for (const status of ["REFUNDED", "PARTIALLY_REFUNDED", "CANCELLED", "EXPIRED"] as const)
    test(`an order that is ${status} cannot be cancelled`, () =>
      refuses(shop(order({ status })), cancelOrder(orderCache), cancel, "ORDER_NOT_CANCELLABLE"));
  for (const status of ["REFUNDED", "CANCELLED", "EXPIRED", "PENDING"] as const)
    test(`an order that is ${status} cannot be refunded`, () =>
      refuses(shop(order({ status })), refundOrder(orderCache), refundOf(1), "ORDER_NOT_REFUNDABLE"));
  test("an order cannot be cancelled while its card payment's outcome is unknown", () =>
    refuses(shop(waiting(), payment({ status: "UNKNOWN" })), cancelOrder(orderCache), cancel, "PAYMENT_IN_PROGRESS"));
  test("a refund never exceeds the units bought, within one request or over several", () => {
    refuses(shop(order()), refundOrder(orderCache), refundOf(4), "ORDER_NOT_REFUNDABLE");
    const twice = { ...refundOf(1), items: [1, 3].map((quantity) => ({ variantId: VARIANT, quantity })) };
    refuses(shop(order()), refundOrder(orderCache), twice, "ORDER_NOT_REFUNDABLE");
    const rest = shop(order({ status: "PARTIALLY_REFUNDED", refundedAmount: 20, items: items(2) }));
    refuses(rest, refundOrder(orderCache), refundOf(2), "ORDER_NOT_REFUNDABLE");
  });
  test("an order with nothing left to refund cannot be cancelled", () =>
    refuses(shop(order({ items: items(3) })), cancelOrder(orderCache), cancel, "ORDER_NOT_REFUNDABLE"));
  test("a refund of a variant that was not bought is refused", () =>
    refuses(shop(order()), refundOrder(orderCache), { ...refundOf(1), items: [{ variantId: OTHER, quantity: 1 }] }, "INVALID_REQUEST"));
  test("a refund always fits into the balance, even above the limit for charges and grants", () => {
    const full = [...shop(order()).slice(1), wallet(BALANCE_MAX)];
    assert.equal(leaves(full, refundOrder(orderCache), refundOf(1), users, USER).balance, BALANCE_MAX + 10);
    assert.equal(leaves(full, cancelOrder(orderCache), cancel, users, USER).balance, BALANCE_MAX + 30);
  });
  test("a refund changes money, stock and order together", () => {
    const { changes } = decided(shop(order()), refundOrder(orderCache), refundOf(2));
    assert.deepEqual(
      changes?.journals.get(ledger)?.map((row) => (row as { amount: number }).amount),
      [20],
    );
    const after = (table: Table<never>): unknown => changes?.tables.get(table)?.[0]?.after;
    assert.equal((after(variants as unknown as Table<never>) as Variant).stock, 7);
    assert.deepEqual(
      [(after(orders as unknown as Table<never>) as Order).changes, (after(orders as unknown as Table<never>) as Order).refundedAmount],
      [2, 20],
    );
  });
  test("an order has at most one refund to its card in progress", () => {
    const refund = { id: OTHER, orderId: ORDER, status: "PENDING", amount: 10 } as RefundRow;
    refuses(shop(paidByCard(), payment(), existing(refunds, ORDER, refund)), refundOrder(orderCache), refundOf(1), "PAYMENT_IN_PROGRESS");
  });
  test("a card order takes back money and stock only once the gateway has confirmed the refund", () => {
    const terms = { units: [[VARIANT, 1]], restock: true, returnId: null, reason: "r" };
    const refund = { id: OTHER, orderId: ORDER, status: "PENDING", amount: 10, ...terms } as unknown as RefundRow;
    const settle = { orderId: ORDER, refundId: OTHER, outcome: { kind: "done" as const }, askAgainMs: 1000, immutable };
    const rows = shop(paidByCard(), payment());
    assert.equal(leaves([...rows, existing(refunds, ORDER, refund)], settleRefund(orderCache), settle, variants, VARIANT).stock, 6);
    // Either another refund is in progress, or this one is already completed.
    for (const other of [
      { ...refund, id: CAMPAIGN },
      { ...refund, status: "COMPLETED" as const },
    ])
      assert.equal(decided([...rows, existing(refunds, ORDER, other)], settleRefund(orderCache), settle).changes, undefined);
    // The units are worth a different amount than was sent back. The state is inconsistent, so
    // nothing is written.
    refuses(
      [...rows, existing(refunds, ORDER, { ...refund, amount: 11 })],
      settleRefund(orderCache),
      settle,
      `Error: refund ${OTHER} sent back 11 and its units are worth 10`,
    );
  });
  test("an order cannot be paid once it is past its expiry, even before the expiry job has run", () =>
    refuses(
      shop(waiting({ expiresAt: NOW })),
      payOrder(orderCache),
      { orderId: ORDER, callerId: USER, expectedAmount: null, immutable },
      "ORDER_NOT_PAYABLE",
    ));
  test("an order cannot be paid while its card payment's outcome is unknown", () =>
    refuses(
      shop(waiting(), payment({ status: "UNKNOWN" })),
      payOrder(orderCache),
      { orderId: ORDER, callerId: USER, expectedAmount: null, immutable },
      "PAYMENT_IN_PROGRESS",
    ));
  test("an order cannot be paid if a product of it is no longer for sale", () =>
    refuses(
      [wallet(), product("NOT_FOR_SALE"), variant(), waiting()],
      payOrder(orderCache),
      { orderId: ORDER, callerId: USER, expectedAmount: null, immutable },
      "PRODUCT_NOT_FOR_SALE",
    ));
  test("an order expires at its expiry, unless it is paid, cancelled or has a card payment in progress", () => {
    const expire = (...rows: ExistingRow[]): unknown => {
      const { outcome } = decided(shop(...rows), expireOrder(orderCache), { orderId: ORDER, immutable });
      return outcome.kind === "answer" && outcome.answer;
    };
    assert.deepEqual(
      [
        expire(waiting({ expiresAt: NOW })),
        expire(waiting()),
        expire(order({ expiresAt: NOW })),
        expire(waiting({ expiresAt: NOW }), payment({ status: "UNKNOWN" })),
        expire(waiting({ expiresAt: NOW, status: "CANCELLED" })),
      ],
      [true, false, false, false, false],
    );
  });
  test("each change of an order writes its event", () => {
    const { changes } = decided(shop(waiting()), cancelOrder(orderCache), cancel);
    assert.deepEqual(
      changes?.journals.get(orderEvents)?.map((event) => (event as { seq: number }).seq),
      [2],
    );
  });
  test("an order has at most 65,535 changes", () =>
    refuses(shop(order({ changes: 65_535 })), refundOrder(orderCache), refundOf(1), "ORDER_NOT_REFUNDABLE"));
  test("an order is settled once, and only by the payment in progress", () => {
    const settle = { orderId: ORDER, paymentId: OTHER, outcome: { kind: "done" as const }, askAgainMs: 1000, immutable };
    const inProgress = payment({ status: "UNKNOWN", paidAt: null });
    assert.equal(leaves(shop(waiting(), inProgress), settlePayment(orderCache), settle, orders, ORDER).status, "COMPLETED");
    assert.equal(decided(shop(waiting(), inProgress), settlePayment(orderCache), { ...settle, paymentId: COUPON }).changes, undefined);
    const { changes, outcome } = decided(shop(paidByCard(), payment()), settlePayment(orderCache), settle);
    assert.deepEqual([changes, outcome], [undefined, { kind: "answer", answer: null }]);
  });
  describe("with a coupon", () => {
    const used = { userCouponId: COUPON, discountAmount: 5 };
    const orderWithCoupon = (...rows: ExistingRow[]): ExistingRow[] => shop(order(used), ...rows);
    test("a coupon that another order uses is not restored", () => {
      const { outcome, changes } = decided(orderWithCoupon(coupon({ status: "USED", usedAt: NOW, orderId: OTHER })), cancelOrder(orderCache), cancel);
      assert.equal(outcome.kind, "error");
      assert.equal(changes, undefined);
    });
    test("a coupon is restored with the last unit, and not before", () => {
      const held = coupon({ status: "USED", usedAt: NOW, orderId: ORDER });
      assert.equal(leaves(orderWithCoupon(held), cancelOrder(orderCache), cancel, userCoupons, COUPON).status, "AVAILABLE");
      assert.equal(leaves(orderWithCoupon(held), refundOrder(orderCache), refundOf(1), userCoupons, COUPON), undefined);
    });
    test("a coupon that is restored after its expiry becomes expired", () => {
      const held = coupon({ status: "USED", usedAt: NOW - 10, orderId: ORDER, expiresAt: NOW });
      assert.equal(leaves(orderWithCoupon(held), cancelOrder(orderCache), cancel, userCoupons, COUPON).status, "EXPIRED");
    });
  });
});

test("partial refunds add up to the amount paid, in any order and size", () => {
  const order = { totalAmount: 1000, discountAmount: 1 };
  const lineItem = (unitPrice: number, quantity: number): OrderItem => ({
    variantId: VARIANT,
    productId: PRODUCT,
    sku: null,
    name: "n",
    options: {},
    unitPrice,
    quantity,
    refundedQuantity: 0,
  });
  let items = [lineItem(100, 1), lineItem(100, 3), lineItem(60, 10)];
  let refunded = 0;
  for (const i of [2, 1, 2, 0, 1, 2, 2, 2, 1, 2, 2, 2, 2, 2]) {
    const after = items.map((item, j) => (i === j ? { ...item, refundedQuantity: item.refundedQuantity + 1 } : item));
    refunded += refundShares(order, items, after).reduce((sum, share) => sum + share, 0);
    items = after;
  }
  assert.equal(refunded, 999);
  const three = [lineItem(1, 1), lineItem(1, 1), lineItem(1, 1)];
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

// PostgreSQL truncates a prepared statement's name after 63 bytes, so two long names with one
// beginning would collide. The test fails if the name contains the conditions themselves.
test("each combination of order filters has a distinct statement name of at most 63 bytes", () => {
  const numbers = { fromId: "a", toId: "b", fromBits: "0", toBits: "1" };
  const choices = [
    { userId: [null, "u"], status: [null, "PENDING"], productId: [null, "p"], from: [null, 1], to: [null, 1] },
    { completedFrom: [null, 1], completedTo: [null, 1], rehearsals: [false, true] },
    { fulfilmentStatus: [null, "NONE", "SHIPPED"], orderNumber: [null, undefined, numbers] },
    { search: [null, { text: "t", numbers: undefined }, { text: "t", numbers }] },
  ].flatMap((group) => Object.entries(group as Record<string, unknown[]>));
  let filters: Record<string, unknown>[] = [{}];
  for (const [name, values] of choices) filters = filters.flatMap((filter) => values.map((value) => ({ ...filter, [name]: value })));
  const names = filters.map((filter) => selectOrderPage(filter as OrderFilter, null, 1).name);
  assert.equal(new Set(names).size, filters.length);
  assert.deepEqual(
    names.filter((name) => name.length > 63),
    [],
  );
});
