// Cancelling, expiring and refunding: what an order took is given back, each thing once.

import { invalid, refuse } from "../refusal.ts";
import type { Begun } from "../till/started-attempt.ts";
import { type Command, command } from "../till/command.ts";
import type { WorkingSet } from "../till/unit-of-work.ts";
import { type OrderFact, type OrderFacts, wholeOrder, withFact } from "./order-cache.ts";
import { changeOrder, itemsOf, type Order, type OrderView, orderView } from "./order.ts";
import { orders } from "./order.sql.ts";
import { livePayment } from "./payment/payment.sql.ts";
import { addUp, CANCELLED, refund, remaining } from "./refund/refund.ts";

export type CancelOrder = {
  orderId: string;
  /** Whose it must be; null for an operator. */ callerId: string | null;
  /** When the gateway is asked what became of a refund to a card that nobody brought to its end. */ askAfterMs: number;
  fact?: OrderFact;
};

/**
 * An unpaid order is cancelled, a paid one refunded whole.
 * Errors: ORDER_NOT_FOUND (another's too), ORDER_NOT_CANCELLABLE, PAYMENT_IN_PROGRESS.
 */
export function cancelOrder(facts: OrderFacts): Command<CancelOrder, Begun<OrderView>> {
  return command<CancelOrder, Begun<OrderView>>({
    name: "cancel order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, callerId, ...terms }) {
      const order = ownOrder(shop, orderId, callerId);
      if (order.status === "COMPLETED") return refund(shop, order, remaining(itemsOf(shop, orderId)), CANCELLED, terms);
      if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE", { orderId, orderStatus: order.status });
      if (livePayment(shop, orderId)) refuse("PAYMENT_IN_PROGRESS", { orderId });
      return {
        kind: "answer",
        answer: orderView(changeOrder(shop, order, "order.cancelled", { status: "CANCELLED" }), itemsOf(shop, orderId), undefined),
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
  fact?: OrderFact;
};

/**
 * Gives back some or all of a paid order: the pieces to the shelf, and to the buyer their share of what was paid.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS, INVALID_REQUEST for a variant that was not bought.
 */
export function refundOrder(facts: OrderFacts): Command<RefundOrder, Begun<OrderView>> {
  return command<RefundOrder, Begun<OrderView>>({
    name: "refund order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, items, reason, customerReason, ...terms }) {
      const order = ownOrder(shop, orderId, null);
      const bought = itemsOf(shop, orderId);
      if (items)
        for (const [i, item] of items.entries())
          if (!bought.some(({ variantId }) => variantId === item.variantId)) invalid(`/items/${i}/variantId`, "was not bought with this order");
      if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")
        refuse("ORDER_NOT_REFUNDABLE", { orderId, orderStatus: order.status });
      return refund(shop, order, items ? addUp(items) : remaining(bought), { reason, customerReason }, terms);
    },
  });
}

/** An unpaid order whose time is up. Answers whether it was this that expired it; anything else about the order is left alone. */
export function expireOrder(facts: OrderFacts): Command<{ orderId: string; fact?: OrderFact }, boolean> {
  return command<{ orderId: string; fact?: OrderFact }, boolean>({
    name: "expire order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId }) {
      const order = shop.find(orders, orderId);
      if (!order || order.status !== "PENDING" || order.expiresAt === null || order.expiresAt > shop.now) return false;
      if (livePayment(shop, orderId)) return false; // While a card's outcome is not known the order stays held.
      changeOrder(shop, order, "order.expired", { status: "EXPIRED" });
      return true;
    },
  });
}

/** The order, if it is the caller's. Another's is not there, as far as anybody can tell. Errors: ORDER_NOT_FOUND. */
export function ownOrder(shop: WorkingSet, orderId: string, callerId: string | null): Order {
  const order = shop.find(orders, orderId);
  if (order === undefined || (callerId !== null && order.userId !== callerId)) refuse("ORDER_NOT_FOUND", { orderId });
  return order;
}
