// Refunds to the balance and to cards.

import { users } from "../../balance/balance.sql.ts";
import { moveMoney } from "../../balance/move-money.ts";
import { returnStock } from "../../catalog/stock.ts";
import { returnCoupon } from "../../coupon/use-coupon.ts";
import type { ReceiveAccount } from "../../gateway/gateway.ts";
import { invalid, refuse } from "../../refusal.ts";
import type { Started } from "../../idempotency/two-phase.ts";
import { NeedsChanged, type UnitOfWork } from "../../till/unit-of-work.ts";
import { changeOrder } from "../change-order.ts";
import type { Order, OrderItem } from "../order.ts";
import { orderView, type OrderView } from "../order-view.ts";
import { livePayment } from "../payment/live-payment.ts";
import { type PaymentRow, withStep } from "../payment/payment.ts";
import { payments } from "../payment/payment.sql.ts";
import { refundShares } from "./refund-shares.ts";
import { type RefundRow, refunds } from "./refund.sql.ts";

/** `reason` is an operator's and shown to operators only; the shopper reads `customerReason`. */
export type RefundReasons = { reason: string; customerReason: string | null };

/**
 * The reasons of a cancelled order. The shop sets this `reason` itself, so shoppers may read it.
 */
export const CANCELLED: RefundReasons = { reason: "cancelled", customerReason: null };

/** The reasons that this reader may see; JSON omits `undefined`. */
export function reasonsFor(readerIsOperator: boolean, { reason, customerReason = null }: { reason: string; customerReason?: string | null }) {
  return { reason: readerIsOperator || reason === CANCELLED.reason ? reason : undefined, customerReason };
}

/** Quantities by variant id. */
export type Units = Map<string, number>;

/** The units that were not refunded yet. */
export function remaining(items: OrderItem[]): Units {
  return new Map(
    items.filter((item) => item.quantity > item.refundedQuantity).map((item) => [item.variantId, item.quantity - item.refundedQuantity]),
  );
}

/** Adds up the quantities of each variant. */
export function unitsOf(items: { variantId: string; quantity: number }[]): Units {
  const units: Units = new Map();
  for (const { variantId, quantity } of items) units.set(variantId, (units.get(variantId) ?? 0) + quantity);
  return units;
}

/**
 * Refunds units of a paid order. A refund to the balance completes in this round. A refund to a
 * card only starts: it reserves the units, so that they cannot be refunded twice, and settlement
 * completes it.
 * Errors: ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS while another refund is in progress.
 */
export function refund(
  uow: UnitOfWork,
  order: Order,
  units: Units,
  reasons: RefundReasons,
  { askAfterMs, receiveAccount }: RefundTerms,
): Started<OrderView> {
  if (uow.find(refunds, order.id)?.status === "PENDING") refuse("PAYMENT_IN_PROGRESS", { orderId: order.id });
  // A refund that has ended in this round keeps its row until the round is written, so this command
  // waits for the next round.
  if (uow.find(refunds, order.id)) throw new NeedsChanged();
  const payment = livePayment(uow, order.id);
  const { amount } = shareOf(order, units);
  if (order.paidAt === null && payment === undefined) throw new Error(`order ${order.id} is paid, but has no payment`);
  if (payment && payment.card !== null && amount > 0) {
    const isDeposit = payment.card.details?.method === "VIRTUAL_ACCOUNT";
    if (isDeposit && !receiveAccount) invalid("/refundReceiveAccount", "is required: a deposit goes back to an account of the buyer");
    const row = newRefund(uow, payment, payment.card.paymentKey, {
      amount,
      units,
      reasons,
      askAfterMs,
      receiveAccount: isDeposit ? receiveAccount : null,
    });
    uow.put(refunds, order.id, row);
    return { kind: "attempt", id: row.id };
  }
  const wallet = uow.find(users, order.userId);
  if (wallet === undefined) throw new Error(`user ${order.userId} of order ${order.id} does not exist`);
  if (amount > 0) moveMoney(uow, wallet, { type: "REFUND", amount, orderId: order.id, ...reasons });
  return { kind: "answer", answer: restoreUnits(uow, order, units, reasons) };
}

/** `askAfterMs`: when settlement asks the gateway, in ms. `receiveAccount`: the buyer's account, which only the refund of a deposit uses. */
export type RefundTerms = { askAfterMs: number; receiveAccount?: ReceiveAccount | null | undefined };
type NewRefund = RefundTerms & { amount: number; units: Units; reasons: RefundReasons };

function newRefund(uow: UnitOfWork, { id: paymentId, orderId }: PaymentRow, paymentKey: string, refundFields: NewRefund): RefundRow {
  const { amount, units, reasons, askAfterMs, receiveAccount } = refundFields;
  return {
    id: uow.newId(),
    orderId,
    paymentId,
    paymentKey,
    status: "PENDING",
    amount,
    units: [...units],
    ...reasons,
    failure: null,
    createdAt: uow.now,
    settledAt: null,
    askAt: uow.now + askAfterMs,
    asked: 0,
    keyNumber: 0,
    receiveAccount,
  };
}

/**
 * Completes a refund: returns units and coupon, and updates payment and order. The money has been
 * refunded before, or is refunded in the same round. No other code returns units of a paid order.
 */
export function restoreUnits(uow: UnitOfWork, order: Order, units: Units, reasons: RefundReasons): OrderView {
  const { after, amount, refunded, full } = shareOf(order, units);
  for (const item of refunded) returnStock(uow, item);
  if (full && order.userCouponId !== null) returnCoupon(uow, order.userCouponId, order.id);

  const status = full ? "REFUNDED" : "PARTIALLY_REFUNDED";
  const before = livePayment(uow, order.id);
  const payment = before && withStep(before, status, uow.now, reasons.reason, reasons.customerReason);
  if (payment) uow.put(payments, order.id, payment);
  const event = full ? "order.refunded" : "order.partially-refunded";
  const changed = changeOrder(
    uow,
    order,
    event,
    { status, items: after, refundedAmount: order.refundedAmount + amount },
    { items: refunded, amount, ...reasons },
  );
  return orderView(changed, payment);
}

/** `after`: all line items after the refund. `amount` in minor units. `full`: no units remain. */
type Share = {
  after: OrderItem[];
  amount: number;
  refunded: { variantId: string; productId: string; quantity: number; unitPrice: number; amount: number }[];
  full: boolean;
};

/**
 * The amount of these units, and the line items after their refund. Errors: ORDER_NOT_REFUNDABLE
 * for more units than remain, or for none.
 */
export function shareOf(order: Order, units: Units): Share {
  const before = order.items;
  const after = before.map((item) => ({ ...item, refundedQuantity: item.refundedQuantity + (units.get(item.variantId) ?? 0) }));
  const excessive = after.find((item) => item.refundedQuantity > item.quantity);
  if (excessive || units.size === 0) refuse("ORDER_NOT_REFUNDABLE", { orderId: order.id, ...(excessive ? { variantId: excessive.variantId } : {}) });
  const shares = refundShares(order, before, after);
  const refunded = after.flatMap(({ variantId, productId, unitPrice }, i) => {
    const quantity = units.get(variantId);
    return quantity === undefined ? [] : [{ variantId, productId, quantity, unitPrice, amount: shares[i] as number }];
  });
  return {
    after,
    amount: shares.reduce((sum, share) => sum + share, 0),
    refunded,
    full: after.every((item) => item.refundedQuantity === item.quantity),
  };
}
