// What a refund gives back, whichever way the money goes.

import { users } from "../../balance/balance.sql.ts";
import { moveMoney } from "../../balance/move-money.ts";
import { returnStock } from "../../catalog/catalog.ts";
import { returnCoupon } from "../../coupon/coupon.ts";
import { refuse } from "../../refusal.ts";
import type { Started } from "../../till/started-attempt.ts";
import { NeedsChanged, type UnitOfWork } from "../../till/unit-of-work.ts";
import { changeOrder, itemsOf, type Order, type OrderItem, type OrderView, orderView } from "../order.ts";
import { orderItems } from "../order.sql.ts";
import { livePayment } from "../payment/live-payment.ts";
import { type PaymentRow, withStep } from "../payment/payment.ts";
import { payments } from "../payment/payment.sql.ts";
import { refundShares } from "./refund-shares.ts";
import { type RefundRow, refunds } from "./refund.sql.ts";

/** Why money is given back. `reason` is an operator's and shown to operators only; `customerReason` is what the shopper reads. */
export type RefundReasons = { reason: string; customerReason: string | null };

/** The reason of a cancelled order, which the shop writes itself: the one reason that a shopper may read. */
export const CANCELLED: RefundReasons = { reason: "cancelled", customerReason: null };

/** A refund's reasons as this reader may see them; `undefined` stays out of JSON. */
export function reasonsFor(readerIsOperator: boolean, { reason, customerReason = null }: { reason: string; customerReason?: string | null }) {
  return { reason: readerIsOperator || reason === CANCELLED.reason ? reason : undefined, customerReason };
}

/** How many pieces of which variant. */
export type Units = Map<string, number>;

export function remaining(items: OrderItem[]): Units {
  return new Map(
    items.filter((item) => item.quantity > item.refundedQuantity).map((item) => [item.variantId, item.quantity - item.refundedQuantity]),
  );
}

export function addUp(items: { variantId: string; quantity: number }[]): Units {
  const pieces: Units = new Map();
  for (const { variantId, quantity } of items) pieces.set(variantId, (pieces.get(variantId) ?? 0) + quantity);
  return pieces;
}

/**
 * Refunds pieces of a paid order: at once where it was paid from the balance; where it was paid by card it only reserves them,
 * so that nobody can give back the same again while the gateway is asked.
 * Errors: ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS while another refund is under way.
 */
export function refund(
  uow: UnitOfWork,
  order: Order,
  pieces: Units,
  reasons: RefundReasons,
  { askAfterMs }: { askAfterMs: number },
): Started<OrderView> {
  if (uow.find(refunds, order.id)?.status === "PENDING") refuse("PAYMENT_IN_PROGRESS", { orderId: order.id });
  // One that has ended in this very round is still in its place until that is written: this one is served in the next.
  if (uow.find(refunds, order.id)) throw new NeedsChanged();
  const payment = paymentOf(uow, order.id);
  const { amount } = shareOf(uow, order, pieces);
  if (payment.card !== null && amount > 0) {
    const id = uow.newId();
    const { paymentKey } = payment.card;
    const row: RefundRow = {
      id,
      orderId: order.id,
      paymentId: payment.id,
      paymentKey,
      status: "PENDING",
      amount,
      pieces: [...pieces],
      ...reasons,
      failure: null,
      createdAt: uow.now,
      settledAt: null,
      askAt: uow.now + askAfterMs,
      asked: 0,
    };
    uow.put(refunds, order.id, row);
    return { kind: "attempt", id };
  }
  const wallet = uow.find(users, order.userId);
  if (wallet === undefined) throw new Error(`user ${order.userId} of order ${order.id} is gone`);
  if (amount > 0) moveMoney(uow, wallet, { type: "REFUND", amount, orderId: order.id, ...reasons });
  return { kind: "answer", answer: restoreUnits(uow, order, pieces, reasons) };
}

/** The one place in which a paid order gives anything back but money: that has gone its way, or goes in this same round. */
export function restoreUnits(uow: UnitOfWork, order: Order, pieces: Units, reasons: RefundReasons): OrderView {
  const { after, amount, given, whole } = shareOf(uow, order, pieces);
  for (const item of given) returnStock(uow, item);
  if (whole && order.userCouponId !== null) returnCoupon(uow, order.userCouponId, order.id);

  const status = whole ? "REFUNDED" : "PARTIALLY_REFUNDED";
  const payment = withStep(paymentOf(uow, order.id), status, uow.now, reasons.reason, reasons.customerReason);
  uow.put(payments, order.id, payment);
  uow.put(orderItems, order.id, after);
  const event = whole ? "order.refunded" : "order.partially-refunded";
  const changed = changeOrder(uow, order, event, { status, refundedAmount: order.refundedAmount + amount }, { items: given, amount, ...reasons });
  return orderView(changed, after, payment);
}

type Share = {
  after: OrderItem[];
  amount: number;
  given: { variantId: string; productId: string; quantity: number; unitPrice: number; amount: number }[];
  whole: boolean;
};

/** What these pieces are worth, and what the order is without them. Errors: ORDER_NOT_REFUNDABLE for more than there is. */
export function shareOf(uow: UnitOfWork, order: Order, pieces: Units): Share {
  const bought = itemsOf(uow, order.id);
  const after = bought.map((item) => ({ ...item, refundedQuantity: item.refundedQuantity + (pieces.get(item.variantId) ?? 0) }));
  const tooMany = after.find((item) => item.refundedQuantity > item.quantity);
  if (tooMany || pieces.size === 0) refuse("ORDER_NOT_REFUNDABLE", { orderId: order.id, ...(tooMany ? { variantId: tooMany.variantId } : {}) });
  const shares = refundShares(order, bought, after);
  const given = after.flatMap(({ variantId, productId, unitPrice }, i) => {
    const quantity = pieces.get(variantId);
    return quantity === undefined ? [] : [{ variantId, productId, quantity, unitPrice, amount: shares[i] as number }];
  });
  return {
    after,
    amount: shares.reduce((sum, share) => sum + share, 0),
    given,
    whole: after.every((item) => item.refundedQuantity === item.quantity),
  };
}

function paymentOf(uow: UnitOfWork, orderId: string): PaymentRow {
  const payment = livePayment(uow, orderId);
  if (payment === undefined) throw new Error(`order ${orderId} is paid without a payment`);
  return payment;
}
