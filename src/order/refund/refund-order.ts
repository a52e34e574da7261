import { invalid, refuse } from "../../refusal.ts";
import type { ReceiveAccount } from "../../gateway/gateway.ts";
import { type Command, command } from "../../till/command.ts";
import type { Started } from "../../idempotency/two-phase.ts";
import { getOrder } from "../get-order.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order-cache.ts";
import type { OrderView, Viewer } from "../order-view.ts";
import { refund, remaining, unitsOf, viewOfRefund } from "./refund.ts";

export type RefundOrder = {
  orderId: string;
  /** The returned units; null for all remaining units. */
  items: { variantId: string; quantity: number }[] | null;
  reason: string;
  customerReason: string | null;
  /** False: the units are written off. */
  restock: boolean;
  viewer: Viewer;
  /** The delay before settlement asks the gateway about an unfinished refund to a card, in ms. */
  askAfterMs: number;
  /** The buyer's account, which only the refund of a deposit needs. */
  receiveAccount?: ReceiveAccount | null | undefined;
  immutable?: ImmutableOrder;
};

/**
 * Refunds some or all units of a paid order: returns the units to stock and their share of the
 * payment to the buyer.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS, INVALID_REQUEST for a variant
 * that was not bought.
 */
export function refundOrder(orderCache: OrderCache): Command<RefundOrder, Started<OrderView>> {
  return command<RefundOrder, Started<OrderView>>({
    name: "refund order",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, items, reason, customerReason, restock, viewer, askAfterMs, receiveAccount }) {
      const order = getOrder(uow, orderId, null);
      if (items)
        for (const [i, item] of items.entries())
          if (!order.items.some(({ variantId }) => variantId === item.variantId)) invalid(`/items/${i}/variantId`, "was not bought with this order");
      if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")
        refuse("ORDER_NOT_REFUNDABLE", { orderId, orderStatus: order.status });
      const units = items ? unitsOf(items) : remaining(order.items);
      const terms = { units, reasons: { reason, customerReason }, restock, returnId: null };
      return viewOfRefund(refund(uow, order, terms, { askAfterMs, receiveAccount }), viewer);
    },
  });
}
