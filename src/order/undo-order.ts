// Cancelling, expiring and refunding: what an order took is given back, each thing once.

import { invalid, refuse } from "../refusal.ts";
import type { Started } from "../till/started-attempt.ts";
import { type Command, command } from "../till/command.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "./order-cache.ts";
import { changeOrder, itemsOf, type Order, type OrderView, orderView } from "./order.ts";
import { orders } from "./order.sql.ts";
import { livePayment } from "./payment/live-payment.ts";
import { addUp, CANCELLED, refund, remaining } from "./refund/refund.ts";

export type CancelOrder = {
  orderId: string;
  /** Whose it must be; null for an operator. */ callerId: string | null;
  /** When the gateway is asked what became of a refund to a card that nobody brought to its end. */ askAfterMs: number;
  fact?: ImmutableOrder;
};

/**
 * An unpaid order is cancelled, a paid one refunded whole.
 * Errors: ORDER_NOT_FOUND (another's too), ORDER_NOT_CANCELLABLE, PAYMENT_IN_PROGRESS.
 */
export function cancelOrder(facts: OrderCache): Command<CancelOrder, Started<OrderView>> {
  return command<CancelOrder, Started<OrderView>>({
    name: "cancel order",
    prepare: (input) => withImmutableOrder(facts, input),
    needs: ({ orderId, fact }) => orderNeeds(orderId, fact),

    decide(uow, { orderId, callerId, ...terms }) {
      const order = ownOrder(uow, orderId, callerId);
      if (order.status === "COMPLETED") return refund(uow, order, remaining(itemsOf(uow, orderId)), CANCELLED, terms);
      if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE", { orderId, orderStatus: order.status });
      if (livePayment(uow, orderId)) refuse("PAYMENT_IN_PROGRESS", { orderId });
      return {
        kind: "answer",
        answer: orderView(changeOrder(uow, order, "order.cancelled", { status: "CANCELLED" }), itemsOf(uow, orderId), undefined),
      };
    },
  });
}

export type RefundOrder = {
  orderId: string;
  /** What comes back, or null for everything that is left. */
  items: { variantId: string; quantity: number }[] | null;
  reason: string;
  customerReason: string | null;
  askAfterMs: number;
  fact?: ImmutableOrder;
};

/**
 * Gives back some or all of a paid order: the pieces to the shelf, and to the buyer their share of what was paid.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS, INVALID_REQUEST for a variant that was not bought.
 */
export function refundOrder(facts: OrderCache): Command<RefundOrder, Started<OrderView>> {
  return command<RefundOrder, Started<OrderView>>({
    name: "refund order",
    prepare: (input) => withImmutableOrder(facts, input),
    needs: ({ orderId, fact }) => orderNeeds(orderId, fact),

    decide(uow, { orderId, items, reason, customerReason, ...terms }) {
      const order = ownOrder(uow, orderId, null);
      const bought = itemsOf(uow, orderId);
      if (items)
        for (const [i, item] of items.entries())
          if (!bought.some(({ variantId }) => variantId === item.variantId)) invalid(`/items/${i}/variantId`, "was not bought with this order");
      if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")
        refuse("ORDER_NOT_REFUNDABLE", { orderId, orderStatus: order.status });
      return refund(uow, order, items ? addUp(items) : remaining(bought), { reason, customerReason }, terms);
    },
  });
}

/** An unpaid order whose time is up. Answers whether it was this that expired it; anything else about the order is left alone. */
export function expireOrder(facts: OrderCache): Command<{ orderId: string; fact?: ImmutableOrder }, boolean> {
  return command<{ orderId: string; fact?: ImmutableOrder }, boolean>({
    name: "expire order",
    prepare: (input) => withImmutableOrder(facts, input),
    needs: ({ orderId, fact }) => orderNeeds(orderId, fact),

    decide(uow, { orderId }) {
      const order = uow.find(orders, orderId);
      if (!order || order.status !== "PENDING" || order.expiresAt === null || order.expiresAt > uow.now) return false;
      if (livePayment(uow, orderId)) return false; // While a card's outcome is not known the order stays held.
      changeOrder(uow, order, "order.expired", { status: "EXPIRED" });
      return true;
    },
  });
}

/** The order, if it is the caller's. Another's is not there, as far as anybody can tell. Errors: ORDER_NOT_FOUND. */
export function ownOrder(uow: UnitOfWork, orderId: string, callerId: string | null): Order {
  const order = uow.find(orders, orderId);
  if (order === undefined || (callerId !== null && order.userId !== callerId)) refuse("ORDER_NOT_FOUND", { orderId });
  return order;
}
