// Invariants 1 to 6 of the contract, on rows in memory. Invariant 7 is about aggregates, which the till does not write.

import assert from "node:assert/strict";
import { ledger, users } from "../../../src/balance/balance.sql.ts";
import { stockAdjustments } from "../../../src/catalog/stock.sql.ts";
import { variants } from "../../../src/catalog/catalog.sql.ts";
import { campaigns } from "../../../src/coupon/campaign.sql.ts";
import { userCoupons } from "../../../src/coupon/coupon.sql.ts";
import { carts } from "../../../src/cart/cart.sql.ts";
import type { ReturnRow } from "../../../src/fulfilment/return.ts";
import { returns } from "../../../src/fulfilment/return.sql.ts";
import type { Order } from "../../../src/order/order.ts";
import { orderEvents, orders } from "../../../src/order/order.sql.ts";
import { balancePayment } from "../../../src/order/payment/payment.ts";
import { payments } from "../../../src/order/payment/payment.sql.ts";
import type { MemoryStore } from "../../support/memory-store.ts";

const SOLD: ReadonlySet<string> = new Set(["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"]);

export function checkInvariants(store: MemoryStore): void {
  const sum = (to: Map<string, number>, key: string, amount: number): void => void to.set(key, (to.get(key) ?? 0) + amount);

  // 1. A balance is the sum of its transactions, equals the last balance_after, and is not negative.
  const balances = new Map<string, { balance: number; version: number }>();
  const refundedTo = new Map<string, number>();
  const paidFor = new Map<string, number>();
  for (const { userId, amount, balanceAfter, version, type, orderId } of store.entries(ledger)) {
    const before = balances.get(userId) ?? { balance: 0, version: 0 };
    assert.deepEqual(
      { balanceAfter, version },
      { balanceAfter: before.balance + amount, version: before.version + 1 },
      `1: the ledger of ${userId} has a gap`,
    );
    balances.set(userId, { balance: balanceAfter, version });
    if (type === "REFUND") sum(refundedTo, orderId as string, amount);
    if (type === "PAYMENT") sum(paidFor, orderId as string, -amount);
  }
  for (const { id, balance, version } of store.rows(users)) {
    assert.ok(balance >= 0, `1: ${id} owes ${-balance}`);
    assert.deepEqual({ balance, version }, balances.get(id) ?? { balance: 0, version: 0 }, `1: the balance of ${id} differs from its ledger`);
  }

  // 4 to 6, for each order, and its reserved stock and coupons.
  const held = new Map<string, number>();
  const couponOf = new Map<string, string>();
  const seen = new Map<string, number>();
  for (const { orderId, seq } of store.entries(orderEvents)) {
    assert.equal(seq, (seen.get(orderId) ?? 1) + 1, `6: the events of ${orderId} are out of order`);
    seen.set(orderId, seq);
  }
  for (const order of store.rows(orders)) {
    const { id, status, items, totalAmount, discountAmount, refundedAmount, userCouponId, changes } = order;
    const payment = balancePayment(order) ?? store.row(payments, id);
    const paid = totalAmount - discountAmount;
    assert.equal(changes, seen.get(id) ?? 1, `6: ${id} has another number of changes than events`);
    assert.equal(
      totalAmount,
      items.reduce((total, item) => total + item.unitPrice * item.quantity, 0),
      `4: ${id} does not add up`,
    );
    assert.ok(discountAmount >= 0 && discountAmount <= totalAmount, `4: the discount of ${id}`);
    if (SOLD.has(status)) {
      assert.deepEqual({ status: payment?.status, amount: payment?.amount }, { status, amount: paid }, `4: ${id} and its payment differ`);
      for (const { variantId, quantity, refundedQuantity } of items)
        sum(held, variantId, quantity - refundedQuantity + (order.fulfilment?.writtenOff?.[variantId] ?? 0));
      if (userCouponId !== null && status !== "REFUNDED") {
        assert.ok(!couponOf.has(userCouponId), `3: coupon ${userCouponId} is used twice`);
        couponOf.set(userCouponId, id);
      }
    } else {
      assert.equal(payment, undefined, `4: ${id} is ${status} and has a payment`);
    }
    assert.equal(paidFor.get(id) ?? 0, SOLD.has(status) ? paid : 0, `4: what was paid for ${id}`);
    assert.equal(refundedTo.get(id) ?? 0, refundedAmount, `5: what was refunded of ${id}`);
    assert.ok(
      refundedAmount <= paid && items.every((item) => item.refundedQuantity >= 0 && item.refundedQuantity <= item.quantity),
      `5: more of ${id} was refunded than paid`,
    );
    checkFates(order, store.row(returns, id) ?? []);
    const isRefunded = items.every((item) => item.refundedQuantity === item.quantity);
    assert.equal(status === "REFUNDED", isRefunded, `5: ${id} is ${status}`);
    if (isRefunded) assert.equal(refundedAmount, paid, `5: ${id} is refunded completely, but not all of the money`);
  }

  // Of an erased user nothing personal is left.
  for (const { id } of store.rows(users).filter(({ erased }) => erased)) {
    assert.deepEqual(store.row(carts, id) ?? [], [], `the cart of the erased user ${id}`);
    for (const { id: orderId, userId, note } of store.rows(orders))
      if (userId === id) assert.equal(note, null, `the note of order ${orderId}, whose user is erased`);
  }

  // 2. Stock is the sum of adjustments minus the units that were sold and neither refunded nor written off, and is not negative.
  const adjusted = new Map<string, number>();
  for (const { variantId, delta } of store.entries(stockAdjustments)) sum(adjusted, variantId, delta);
  for (const { id, stock } of store.rows(variants)) {
    assert.ok(stock >= 0, `2: the stock of ${id} is ${stock}`);
    assert.equal(stock, (adjusted.get(id) ?? 0) - (held.get(id) ?? 0), `2: the stock of ${id}`);
  }

  // 3. A campaign counts its issued coupons, at most one per user and at most its total. A used coupon belongs to a paid order.
  const holders = new Map<string, Set<string>>();
  for (const { id, couponId, userId, status, orderId } of store.rows(userCoupons)) {
    let of = holders.get(couponId);
    if (!of) holders.set(couponId, (of = new Set()));
    assert.ok(!of.has(userId), `3: ${userId} has two coupons of ${couponId}`);
    of.add(userId);
    assert.equal(status === "USED" ? orderId : undefined, couponOf.get(id), `3: coupon ${id} is ${status}`);
    if (status !== "USED") assert.equal(orderId, null, `3: coupon ${id} is ${status} and has an order`);
  }
  for (const { id, issuedQuantity, totalQuantity } of store.rows(campaigns)) {
    assert.equal(issuedQuantity, holders.get(id)?.size ?? 0, `3: what campaign ${id} has issued`);
    assert.ok(issuedQuantity <= totalQuantity, `3: campaign ${id} has issued too many`);
  }
}

/** 5. Shipped units and those refunded before shipment are not more than were bought; no unit is in two returns, or written off twice. */
function checkFates({ id, status, items, fulfilment }: Order, own: readonly ReturnRow[]): void {
  const { shipments = [], returned = {}, writtenOff = {} } = fulfilment ?? {};
  if (!SOLD.has(status)) assert.deepEqual([fulfilment, own], [null, []], `5: ${id} is ${status}, and has parcels or returns`);
  const shippedOf = (variantId: string): number => unitsIn(shipments, (shipment) => shipment.items, variantId);
  for (const { variantId, quantity, refundedQuantity } of items) {
    const [shipped, back, lost] = [shippedOf(variantId), returned[variantId] ?? 0, writtenOff[variantId] ?? 0];
    assert.ok(shipped + refundedQuantity - back <= quantity, `5: of ${id}, ${shipped} units were shipped and ${refundedQuantity} refunded`);
    assert.ok(back <= shipped && back <= refundedQuantity, `5: of ${id}, ${back} units came back`);
    assert.ok(lost <= refundedQuantity, `5: of ${id}, ${lost} units were written off`);
    const received = unitsIn(
      own.filter((row) => row.status === "RECEIVED"),
      (row) => row.pieces,
      variantId,
    );
    assert.ok(received <= back, `5: of ${id}, ${received} units were received and ${back} came back`);
  }
  for (const shipment of shipments)
    for (const { variantId, quantity } of shipment.items) {
      const open = own.filter((row) => row.status === "REQUESTED" || row.status === "RECEIVED");
      const inReturns = unitsIn(open, (row) => row.pieces.filter(({ shipmentId }) => shipmentId === shipment.id), variantId);
      assert.ok(inReturns <= quantity, `5: of parcel ${shipment.id} with ${quantity} units, ${inReturns} are in returns`);
    }
}

function unitsIn<T>(all: readonly T[], unitsOf: (one: T) => readonly { variantId: string; quantity: number }[], variantId: string): number {
  return all.reduce((sum, one) => sum + unitsOf(one).reduce((units, item) => units + (item.variantId === variantId ? item.quantity : 0), 0), 0);
}
