import { completeReturn } from "../fulfilment/complete-return.ts";
import { returns } from "../fulfilment/return.sql.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order/order-cache.ts";
import { orders } from "../order/order.sql.ts";
import { withStep } from "../order/payment/payment.ts";
import { payments } from "../order/payment/payment.sql.ts";
import { remaining, restoreUnits, shareOf } from "../order/refund/refund.ts";
import { refunds } from "../order/refund/refund.sql.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { askedAgain, type GatewayOutcome } from "./outcome.ts";

export type SettleRefund = {
  orderId: string;
  refundId: string;
  outcome: GatewayOutcome;
  /** Pause in ms before the gateway is asked again; null: never. */
  askAgainMs: number | null;
  immutable?: ImmutableOrder;
};

/** Second phase of a refund to a card: restores stock and coupon, each once, after the gateway has sent the money back. */
export function settleRefund(orderCache: OrderCache): Command<SettleRefund, null> {
  return command<SettleRefund, null>({
    name: "settle refund",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => [...orderNeeds(orderId, immutable), need(returns, orderId)],

    decide(uow, { orderId, refundId, outcome, askAgainMs }) {
      const order = uow.find(orders, orderId) ?? refuse("ORDER_NOT_FOUND", { orderId });
      const refund = uow.find(refunds, orderId);
      if (refund?.id !== refundId || refund.status !== "PENDING") return null;

      const askAt = askAgainMs === null ? null : uow.now + askAgainMs;
      if (outcome.kind === "unknown") {
        uow.put(refunds, orderId, { ...refund, failure: outcome.reason, ...askedAgain(refund, outcome, askAt) });
      } else if (outcome.kind === "failed") {
        uow.put(refunds, orderId, { ...refund, status: "FAILED", failure: outcome.reason, settledAt: uow.now, askAt });
        const payment = uow.find(payments, orderId);
        const step = `refund of ${refund.amount} refused: ${outcome.reason}`;
        if (payment) uow.put(payments, orderId, withStep(payment, payment.status, uow.now, step));
      } else {
        // All of the payment was cancelled at the gateway, so all remaining units are refunded, not only those of this refund.
        const { whole = false } = outcome;
        const { reason, customerReason } = refund;
        const [returnId, restock] = whole ? [null, "unshipped" as const] : [refund.returnId, refund.restock];
        const terms = { units: whole ? remaining(order.items) : new Map(refund.units), returnId, restock, reasons: { reason, customerReason } };
        const { amount } = shareOf(order, terms.units);
        if (amount !== refund.amount && !whole) throw new Error(`refund ${refundId} sent back ${refund.amount} and its units are worth ${amount}`);
        uow.put(refunds, orderId, { ...refund, amount, units: [...terms.units], status: "COMPLETED", failure: null, settledAt: uow.now, askAt });
        restoreUnits(uow, order, terms);
        if (refund.returnId !== null) completeReturn(uow, orderId, { returnId: refund.returnId, restock: refund.restock });
      }
      return null;
    },
  });
}
