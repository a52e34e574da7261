import { refuse } from "../refusal.ts";
import type { ReceiveAccount } from "../gateway/gateway.ts";
import { type Command, command } from "../till/command.ts";
import type { Started } from "../idempotency/two-phase.ts";
import { changeOrder } from "./change-order.ts";
import { getOrder } from "./get-order.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "./order-cache.ts";
import { orderView, type OrderView } from "./order-view.ts";
import { livePayment } from "./payment/live-payment.ts";
import { CANCELLED, refund, remaining } from "./refund/refund.ts";

export type CancelOrder = {
  orderId: string;
  /** The user that must own the order; null for an operator. */
  callerId: string | null;
  /** The delay before settlement asks the gateway about an unfinished refund to a card, in ms. */
  askAfterMs: number;
  /** The buyer's account, which only the refund of a deposit needs. */
  receiveAccount?: ReceiveAccount | null | undefined;
  immutable?: ImmutableOrder;
};

/**
 * Cancels an unpaid order, or refunds a paid order in full.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_CANCELLABLE, PAYMENT_IN_PROGRESS.
 */
export function cancelOrder(orderCache: OrderCache): Command<CancelOrder, Started<OrderView>> {
  return command<CancelOrder, Started<OrderView>>({
    name: "cancel order",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, callerId, askAfterMs, receiveAccount }) {
      const order = getOrder(uow, orderId, callerId);
      if (order.status === "COMPLETED") return refund(uow, order, remaining(order.items), CANCELLED, { askAfterMs, receiveAccount });
      if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE", { orderId, orderStatus: order.status });
      if (livePayment(uow, orderId)) refuse("PAYMENT_IN_PROGRESS", { orderId });
      const cancelled = changeOrder(uow, order, "order.cancelled", { status: "CANCELLED" });
      return { kind: "answer", answer: orderView(cancelled, undefined) };
    },
  });
}
