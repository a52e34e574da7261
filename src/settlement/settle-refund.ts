import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order/order-cache.ts";
import { orders } from "../order/order.sql.ts";
import { payments, stepped } from "../order/payment/payment.sql.ts";
import { restoreUnits, shareOf } from "../order/refund/refund.ts";
import { refunds } from "../order/refund/refund.sql.ts";

export type SettleRefund = {
  orderId: string;
  refundId: string;
  /** What the gateway said: the money went back, it never will, or nobody knows. */
  outcome: { kind: "done" } | { kind: "refused"; code: string } | { kind: "unknown"; reason: string };
  /** When the gateway is asked again if it is not known, in ms from now. */
  askAgainMs: number;
  immutable?: ImmutableOrder;
};

/** The second round of a refund to a card: gives back stock and coupon once the money is on its way, each once. Answers whether it is over. */
export function settleRefund(orderCache: OrderCache): Command<SettleRefund, boolean> {
  return command<SettleRefund, boolean>({
    name: "settle refund",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, refundId, outcome: verdict, askAgainMs }) {
      const order = uow.find(orders, orderId) ?? refuse("ORDER_NOT_FOUND", { orderId });
      const refund = uow.find(refunds, orderId);
      if (refund?.id !== refundId || refund.status !== "PENDING") return true; // Somebody else was faster.

      if (verdict.kind === "unknown") {
        uow.put(refunds, orderId, { ...refund, failure: verdict.reason, askAt: uow.now + askAgainMs, asked: refund.asked + 1 });
        return false;
      }
      if (verdict.kind === "refused") {
        uow.put(refunds, orderId, { ...refund, status: "FAILED", failure: verdict.code, settledAt: uow.now, askAt: null });
        const payment = uow.find(payments, orderId);
        if (payment) uow.put(payments, orderId, stepped(payment, payment.status, uow.now, `refund of ${refund.amount} refused: ${verdict.code}`));
        return true;
      }
      const pieces = new Map(refund.units);
      const { amount } = shareOf(uow, order, pieces);
      if (amount !== refund.amount) throw new Error(`refund ${refundId} gave back ${refund.amount} and its pieces are worth ${amount}`);
      uow.put(refunds, orderId, { ...refund, status: "COMPLETED", failure: null, settledAt: uow.now, askAt: null });
      restoreUnits(uow, order, pieces, { reason: refund.reason, customerReason: refund.customerReason });
      return true;
    },
  });
}
