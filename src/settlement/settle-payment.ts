import type { CaptureOutcome } from "./capture-outcome.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order/order-cache.ts";
import { changeOrder } from "../order/change-order.ts";
import { getOrderItems } from "../order/get-order.ts";
import { orders } from "../order/order.sql.ts";
import { type PaymentRow, payments, stepped } from "../order/payment/payment.sql.ts";
import { restoreStock } from "../order/reserve-stock.ts";
import { type Command, command } from "../till/command.ts";
import { unmatchedCaptures } from "./unmatched-capture.sql.ts";

export type SettlePayment = {
  orderId: string;
  paymentId: string;
  outcome: CaptureOutcome;
  /** When the gateway is asked again where it is not known or not certain, in ms from now. */
  askAgainMs: number;
  immutable?: ImmutableOrder;
};

/**
 * The second round of paying by card, from what the gateway has said: the order is completed, or everything that was taken for it is given
 * back, once; or nobody knows, and all stays as it is. Whoever comes second changes nothing.
 */
export function settlePayment(orderCache: OrderCache): Command<SettlePayment, null> {
  return command<SettlePayment, null>({
    name: "settle payment",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, paymentId, outcome: verdict, askAgainMs }) {
      const order = uow.find(orders, orderId);
      const payment = uow.find(payments, orderId);
      if (!order || payment?.id !== paymentId || !payment.card || !isOpen(payment)) return null;
      // It can be neither cancelled nor expired while this payment is open, so there is nobody to be surprised.
      if (order.status !== "PENDING") throw new Error(`order ${orderId} is ${order.status} with an open payment`);

      if (verdict.kind === "unknown") {
        const said = payment.status === "UNKNOWN" && payment.steps?.at(-1)?.reason === verdict.reason;
        const unknown = said ? payment : stepped(payment, "UNKNOWN", uow.now, verdict.reason);
        uow.put(payments, orderId, { ...unknown, card: { ...payment.card, askAt: uow.now + askAgainMs, asked: payment.card.asked + 1 } });
      } else if (verdict.kind === "done") {
        uow.put(payments, orderId, { ...stepped(payment, "COMPLETED", uow.now, null), paidAt: uow.now, card: { ...payment.card, askAt: null } });
        changeOrder(uow, order, "order.completed", { status: "COMPLETED", completedAt: uow.now });
      } else {
        const { reason, confirmed: heard, captured } = verdict;
        uow.put(payments, orderId, {
          ...stepped(payment, "FAILED", uow.now, reason),
          card: { ...payment.card, askAt: heard ? null : uow.now + askAgainMs, asked: 0 },
        });
        restoreStock(uow, order, getOrderItems(uow, orderId));
        if (captured > 0)
          uow.append(unmatchedCaptures, { id: payment.id, paymentKey: payment.card.paymentKey, amount: captured, reason, createdAt: uow.now });
      }
      return null;
    },
  });
}

export function isOpen({ status }: Pick<PaymentRow, "status">): boolean {
  return status === "PENDING" || status === "UNKNOWN";
}
