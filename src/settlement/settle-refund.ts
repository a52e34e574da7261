import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type OrderFact, type OrderFacts, wholeOrder, withFact } from "../order/order-cache.ts";
import { orders } from "../order/order.sql.ts";
import { payments, stepped } from "../order/payment/payment.sql.ts";
import { giveBack, shareOf } from "../order/refund/refund.ts";
import { refunds } from "../order/refund/refund.sql.ts";

export type SettleRefund = {
  orderId: string;
  refundId: string;
  /** What the gateway said: the money went back, it never will, or nobody knows. */
  verdict: { kind: "done" } | { kind: "refused"; code: string } | { kind: "unknown"; reason: string };
  /** When the gateway is asked again if it is not known, in ms from now. */
  askAgainMs: number;
  fact?: OrderFact;
};

/** The second round of a refund to a card: gives back stock and coupon once the money is on its way, each once. Answers whether it is over. */
export function settleRefund(facts: OrderFacts): Command<SettleRefund, boolean> {
  return command<SettleRefund, boolean>({
    name: "settle refund",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, refundId, verdict, askAgainMs }) {
      const order = shop.find(orders, orderId) ?? refuse("ORDER_NOT_FOUND", { orderId });
      const refund = shop.find(refunds, orderId);
      if (refund?.id !== refundId || refund.status !== "PENDING") return true; // Somebody else was faster.

      if (verdict.kind === "unknown") {
        shop.put(refunds, orderId, { ...refund, failure: verdict.reason, askAt: shop.now + askAgainMs, asked: refund.asked + 1 });
        return false;
      }
      if (verdict.kind === "refused") {
        shop.put(refunds, orderId, { ...refund, status: "FAILED", failure: verdict.code, settledAt: shop.now, askAt: null });
        const payment = shop.find(payments, orderId);
        if (payment) shop.put(payments, orderId, stepped(payment, payment.status, shop.now, `refund of ${refund.amount} refused: ${verdict.code}`));
        return true;
      }
      const pieces = new Map(refund.pieces);
      const { amount } = shareOf(shop, order, pieces);
      if (amount !== refund.amount) throw new Error(`refund ${refundId} gave back ${refund.amount} and its pieces are worth ${amount}`);
      shop.put(refunds, orderId, { ...refund, status: "COMPLETED", failure: null, settledAt: shop.now, askAt: null });
      giveBack(shop, order, pieces, { reason: refund.reason, customerReason: refund.customerReason });
      return true;
    },
  });
}
