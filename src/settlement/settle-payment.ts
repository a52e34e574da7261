import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order/order-cache.ts";
import { changeOrder } from "../order/change-order.ts";
import { holdHasEnded, markBought } from "../drop/sell-in-drop.ts";
import { endUnpaid } from "../order/end-unpaid.ts";
import { hasExpired, type Order } from "../order/order.ts";
import { orders } from "../order/order.sql.ts";
import { isOpen, withStep } from "../order/payment/payment.ts";
import { payments } from "../order/payment/payment.sql.ts";
import { restoreStock } from "../order/reserve-stock.ts";
import { type Command, command } from "../till/command.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { askedAgain, type GatewayOutcome } from "./outcome.ts";
import { tellUnpaid } from "./tell-unpaid.ts";
import { unmatchedCaptures } from "./unmatched-capture.sql.ts";

/**
 * An order that holds its stock keeps it for another payment until it expires; declined after that, it is declined for good.
 * @param isCancelled the order was waiting for a deposit when it was cancelled
 */
function afterDecline(uow: UnitOfWork, order: Order, isCancelled: boolean): void {
  if (!order.holdsStock) restoreStock(uow, order);
  if (isCancelled) endUnpaid(uow, order, "CANCELLED", "LEFT");
  else if (order.holdsStock && hasExpired(order, holdHasEnded(uow, order.id), uow.now)) endUnpaid(uow, order, "EXPIRED", "LEFT");
}

export type SettlePayment = {
  orderId: string;
  paymentId: string;
  outcome: GatewayOutcome;
  /** Pause in ms before the gateway is asked again; null: never. */
  askAgainMs: number | null;
  immutable?: ImmutableOrder;
};

/**
 * Second phase of paying by card. `done` completes the order, `failed` restores stock and coupon, `unknown` changes only when the
 * gateway is asked again. Changes nothing if the payment is settled already.
 */
export function settlePayment(orderCache: OrderCache): Command<SettlePayment, null> {
  return command<SettlePayment, null>({
    name: "settle payment",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, paymentId, outcome, askAgainMs }) {
      const order = uow.find(orders, orderId);
      const payment = uow.find(payments, orderId);
      if (!order || payment?.id !== paymentId || !payment.card || !isOpen(payment)) return null;
      // An order with an open payment can be neither cancelled nor expired.
      if (order.status !== "PENDING") throw new Error(`order ${orderId} is ${order.status} with an open payment`);
      const askAt = askAgainMs === null ? null : uow.now + askAgainMs;
      const { card } = payment;
      const unpaid = { paymentId, orderId, userId: order.userId, amount: payment.amount };

      if (outcome.kind === "unknown" && outcome.deposit) {
        const waiting = payment.status === "WAITING_FOR_DEPOSIT" ? payment : withStep(payment, "WAITING_FOR_DEPOSIT", uow.now, null);
        uow.put(payments, orderId, { ...waiting, card: { ...card, askAt, details: outcome.deposit.details } });
      } else if (outcome.kind === "unknown") {
        // A look-up that fails leaves the deposit waiting.
        const isRepeated =
          payment.status === "WAITING_FOR_DEPOSIT" || (payment.status === "UNKNOWN" && payment.steps?.at(-1)?.reason === outcome.reason);
        const closing = outcome.closingRefused ? { closing: false } : {};
        const unknown = isRepeated ? payment : withStep(payment, "UNKNOWN", uow.now, outcome.reason);
        if (payment.status === "PENDING") tellUnpaid(uow, "payment.unknown", { ...unpaid, status: "UNKNOWN", reason: outcome.reason });
        uow.put(payments, orderId, { ...unknown, card: { ...card, ...askedAgain(card, outcome, askAt), ...closing } });
      } else if (outcome.kind === "done") {
        const paid = { ...card, askAt, details: outcome.details ?? card.details };
        uow.put(payments, orderId, { ...withStep(payment, "COMPLETED", uow.now, null), paidAt: uow.now, card: paid });
        changeOrder(uow, order, "order.completed", { status: "COMPLETED", completedAt: uow.now, holdsStock: false });
        markBought(uow, orderId);
      } else {
        const { reason, captured } = outcome;
        const watched = { ...card, askAt, asked: 0, closing: false };
        uow.put(payments, orderId, { ...withStep(payment, "FAILED", uow.now, reason), card: watched });
        tellUnpaid(uow, "payment.declined", { ...unpaid, status: "FAILED", reason });
        afterDecline(uow, order, card.closing === true);
        if (captured > 0)
          uow.append(unmatchedCaptures, { id: payment.id, paymentKey: card.paymentKey, amount: captured, reason, createdAt: uow.now });
      }
      return null;
    },
  });
}
