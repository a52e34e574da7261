// Refunds to the balance and to cards.

import { users } from "../../balance/balance.sql.ts";
import { moveMoney } from "../../balance/move-money.ts";
import { freeUnits } from "../../drop/succession.ts";
import { refundSales } from "../../drop/sell-in-drop.ts";
import { returnCoupon } from "../../coupon/use-coupon.ts";
import type { ReceiveAccount } from "../../gateway/gateway.ts";
import { invalid, refuse } from "../../refusal.ts";
import type { Started } from "../../idempotency/two-phase.ts";
import { NeedsChanged, type UnitOfWork } from "../../till/unit-of-work.ts";
import { changeOrder } from "../change-order.ts";
import { fulfilmentAfterRefund, type Restock, restockedUnits } from "../fulfilment.ts";
import type { Order, OrderItem } from "../order.ts";
import { orderView, type OrderView, type Viewer } from "../order-view.ts";
import { livePayment } from "../payment/live-payment.ts";
import { isDeposit, type PaymentRow, withStep } from "../payment/payment.ts";
import { payments } from "../payment/payment.sql.ts";
import { refundShares, taxFreeShare } from "./refund-shares.ts";
import { type RefundRow, refunds } from "./refund.sql.ts";

/** `reason` is an operator's and shown to operators only; the shopper reads `customerReason`. */
export type RefundReasons = { reason: string; customerReason: string | null };

/** The reasons of cancelled orders and of returns. The shop sets them itself, so shoppers may read them. */
export const CANCELLED: RefundReasons = { reason: "cancelled", customerReason: null };
export const RETURNED: RefundReasons = { reason: "returned", customerReason: null };
const OWN_REASONS: ReadonlySet<string> = new Set([CANCELLED.reason, RETURNED.reason]);

/** The reasons that this reader may see; JSON omits `undefined`. */
export function reasonsFor(readerIsOperator: boolean, { reason, customerReason = null }: { reason: string; customerReason?: string | null }) {
  return { reason: readerIsOperator || OWN_REASONS.has(reason) ? reason : undefined, customerReason };
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

/** The units of a refund and what becomes of them. */
export type RefundTerms = {
  units: Units;
  reasons: RefundReasons;
  /** The units that are not sold again are written off. */
  restock: Restock;
  /** The return that brought the units back; null for a refund without one, of unshipped units first. */
  returnId: string | null;
};

/** An order after a refund, with its payment at the gateway. */
export type Refunded = { order: Order; payment: PaymentRow | undefined };

/**
 * Refunds units of a paid order. A refund to the balance completes in this round. A refund to a
 * card only starts: it reserves the units, so that they cannot be refunded twice, and settlement
 * completes it.
 * Errors: ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS while another refund is in progress.
 */
export function refund(uow: UnitOfWork, order: Order, terms: RefundTerms, { askAfterMs, receiveAccount }: RefundCall): Started<Refunded> {
  if (uow.find(refunds, order.id)?.status === "PENDING") refuse("PAYMENT_IN_PROGRESS", { orderId: order.id });
  // A refund that has ended in this round keeps its row until the round is written, so this command
  // waits for the next round.
  if (uow.find(refunds, order.id)) throw new NeedsChanged();
  const payment = livePayment(uow, order.id);
  const { amount, after } = shareOf(order, terms.units);
  if (order.paidAt === null && payment === undefined) throw new Error(`order ${order.id} is paid, but has no payment`);
  if (payment && payment.card !== null && amount > 0) {
    if (isDeposit(payment) && !receiveAccount) invalid("/refundReceiveAccount", "is required: a deposit goes back to an account of the buyer");
    const account = isDeposit(payment) ? receiveAccount : null;
    const taxFreeAmount = taxFreeShare(order, order.items, after, payment.card.details?.taxFreeAmount ?? 0);
    const row = newRefund(uow, payment, payment.card.paymentKey, { amount, taxFreeAmount, askAfterMs, receiveAccount: account, ...terms });
    uow.put(refunds, order.id, row);
    return { kind: "attempt", id: row.id };
  }
  const wallet = uow.find(users, order.userId);
  if (wallet === undefined) throw new Error(`user ${order.userId} of order ${order.id} does not exist`);
  if (amount > 0) moveMoney(uow, wallet, { type: "REFUND", amount, orderId: order.id, ...terms.reasons });
  return { kind: "answer", answer: restoreUnits(uow, order, terms) };
}

/** `askAfterMs`: when settlement asks the gateway, in ms. `receiveAccount`: the buyer's account, which only the refund of a deposit uses. */
export type RefundCall = { askAfterMs: number; receiveAccount?: ReceiveAccount | null | undefined };

/** Shows the order if the refund is complete. */
export function viewOfRefund(started: Started<Refunded>, viewer: Viewer): Started<OrderView> {
  return started.kind === "attempt" ? started : { kind: "answer", answer: orderView(started.answer.order, started.answer.payment, viewer) };
}

type NewRefund = RefundTerms & RefundCall & { amount: number; taxFreeAmount: number };

/** A refund to a card that the gateway has not answered yet. */
export function newRefund(uow: UnitOfWork, { id: paymentId, orderId }: PaymentRow, paymentKey: string, refundFields: NewRefund): RefundRow {
  const { amount, taxFreeAmount, units, reasons, restock, returnId, askAfterMs, receiveAccount } = refundFields;
  return {
    id: uow.newId(),
    orderId,
    paymentId,
    paymentKey,
    status: "PENDING",
    amount,
    taxFreeAmount,
    units: [...units],
    restock: restock !== false,
    returnId,
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
export function restoreUnits(uow: UnitOfWork, order: Order, terms: RefundTerms): Refunded {
  const { units, reasons, restock, returnId } = terms;
  const { after, amount, refunded, full } = shareOf(order, terms.units);
  const restocked = restockedUnits(order, units, restock);
  for (const { productId, variantId } of refunded) {
    const quantity = restocked.get(variantId) ?? 0;
    if (quantity > 0) freeUnits(uow, { productId, variantId, quantity });
  }
  if (full && order.userCouponId !== null) returnCoupon(uow, order.userCouponId, order.id);

  refundSales(uow, order.id, refunded, full && order.items.every(({ shippedQuantity = 0 }) => shippedQuantity === 0));
  const status = full ? "REFUNDED" : "PARTIALLY_REFUNDED";
  const before = livePayment(uow, order.id);
  const payment = before && withStep(before, status, uow.now, reasons.reason, reasons.customerReason);
  if (payment) uow.put(payments, order.id, payment);
  const event = full ? "order.refunded" : "order.partially-refunded";
  const fulfilment = fulfilmentAfterRefund(order, units, { returned: returnId !== null, restock });
  const fields = { status, items: after, fulfilment, refundedAmount: order.refundedAmount + amount } as const;
  const changed = changeOrder(uow, order, event, fields, { items: refunded, amount, ...reasons, ...(restock === false ? { restock } : {}) });
  return { order: changed, payment };
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
 * for more units than remain, or for none. Unshipped units are refunded first, so the units of a
 * return remain until it is received.
 */
export function shareOf(order: Order, units: RefundTerms["units"]): Share {
  const before = order.items;
  const after = before.map((item) => ({ ...item, refundedQuantity: item.refundedQuantity + (units.get(item.variantId) ?? 0) }));
  const excessive = after.find(({ refundedQuantity, quantity }) => refundedQuantity > quantity);
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
