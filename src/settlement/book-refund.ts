import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order/order-cache.ts";
import { orders } from "../order/order.sql.ts";
import type { Order } from "../order/order.ts";
import { livePayment } from "../order/payment/live-payment.ts";
import { newRefund, type RefundTerms, remaining, restoreUnits, shareOf } from "../order/refund/refund.ts";
import { taxFreeShare } from "../order/refund/refund-shares.ts";
import { refunds } from "../order/refund/refund.sql.ts";
import { type Command, command } from "../till/command.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";

/** The reason of a refund that the gateway's dashboard has made. */
const CANCELED_AT_GATEWAY = { reason: "cancelled at the payment gateway", customerReason: null };

export type BookGatewayCancel = { orderId: string; paymentId: string; immutable?: ImmutableOrder };

/**
 * Books a payment that was cancelled as a whole at the gateway, without the shop: refunds all remaining units. Changes nothing if the
 * order is refunded already, or while a refund is in progress, which then takes all remaining units itself.
 */
export function bookGatewayCancel(orderCache: OrderCache): Command<BookGatewayCancel, null> {
  return command<BookGatewayCancel, null>({
    name: "book gateway cancel",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, paymentId }) {
      const order = uow.find(orders, orderId);
      if (!order || (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")) return null;
      if (livePayment(uow, orderId)?.id !== paymentId || uow.find(refunds, orderId)?.status === "PENDING") return null;
      // Goods that have left are not sold again: they are still with the buyer.
      bookRefund(uow, order, { units: remaining(order.items), restock: "unshipped", returnId: null, reasons: CANCELED_AT_GATEWAY });
      return null;
    },
  });
}

/** Books a refund whose money has gone back already: units, coupon, order and payment. */
export function bookRefund(uow: UnitOfWork, order: Order, terms: RefundTerms): void {
  // A refund that has ended in this round keeps its row until the round is written.
  if (uow.find(refunds, order.id)) throw new NeedsChanged();
  const payment = livePayment(uow, order.id);
  if (!payment?.card) throw new Error(`order ${order.id} has no payment at the gateway`);
  const { amount, after } = shareOf(order, terms.units);
  if (amount > 0) {
    const taxFreeAmount = taxFreeShare(order, order.items, after, payment.card.details?.taxFreeAmount ?? 0);
    const pending = newRefund(uow, payment, payment.card.paymentKey, { ...terms, amount, taxFreeAmount, askAfterMs: 0 });
    uow.put(refunds, order.id, { ...pending, status: "COMPLETED", settledAt: uow.now, askAt: null });
  }
  restoreUnits(uow, order, terms);
}
