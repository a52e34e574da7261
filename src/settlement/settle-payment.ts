import type { Verdict } from "./capture-outcome.ts";
import { type OrderFact, type OrderFacts, wholeOrder, withFact } from "../order/order-cache.ts";
import { changeOrder, itemsOf } from "../order/order.ts";
import { orders } from "../order/order.sql.ts";
import { type PaymentRow, payments, stepped } from "../order/payment/payment.sql.ts";
import { returnGoods } from "../order/reserve-stock.ts";
import { type Command, command } from "../till/command.ts";
import { strays } from "./unmatched-capture.sql.ts";

export type SettlePayment = {
  orderId: string;
  paymentId: string;
  verdict: Verdict;
  /** When the gateway is asked again where it is not known or not certain, in ms from now. */
  askAgainMs: number;
  fact?: OrderFact;
};

/**
 * The second round of paying by card, from what the gateway has said: the order is completed, or everything that was taken for it is given
 * back, once; or nobody knows, and all stays as it is. Whoever comes second changes nothing.
 */
export function settlePayment(facts: OrderFacts): Command<SettlePayment, null> {
  return command<SettlePayment, null>({
    name: "settle payment",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, paymentId, verdict, askAgainMs }) {
      const order = shop.find(orders, orderId);
      const payment = shop.find(payments, orderId);
      if (!order || payment?.id !== paymentId || !payment.card || !isOpen(payment)) return null;
      // It can be neither cancelled nor expired while this payment is open, so there is nobody to be surprised.
      if (order.status !== "PENDING") throw new Error(`order ${orderId} is ${order.status} with an open payment`);

      if (verdict.kind === "unknown") {
        const said = payment.status === "UNKNOWN" && payment.steps?.at(-1)?.reason === verdict.reason;
        const unknown = said ? payment : stepped(payment, "UNKNOWN", shop.now, verdict.reason);
        shop.put(payments, orderId, { ...unknown, card: { ...payment.card, askAt: shop.now + askAgainMs, asked: payment.card.asked + 1 } });
      } else if (verdict.kind === "done") {
        shop.put(payments, orderId, { ...stepped(payment, "COMPLETED", shop.now, null), paidAt: shop.now, card: { ...payment.card, askAt: null } });
        changeOrder(shop, order, "order.completed", { status: "COMPLETED", completedAt: shop.now });
      } else {
        const { reason, heard, captured } = verdict;
        shop.put(payments, orderId, {
          ...stepped(payment, "FAILED", shop.now, reason),
          card: { ...payment.card, askAt: heard ? null : shop.now + askAgainMs, asked: 0 },
        });
        returnGoods(shop, order, itemsOf(shop, orderId));
        if (captured > 0) shop.append(strays, { id: payment.id, paymentKey: payment.card.paymentKey, amount: captured, reason, createdAt: shop.now });
      }
      return null;
    },
  });
}

export function isOpen({ status }: Pick<PaymentRow, "status">): boolean {
  return status === "PENDING" || status === "UNKNOWN";
}
