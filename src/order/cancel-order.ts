import { refuse } from "../refusal.ts";
import type { ReceiveAccount } from "../gateway/gateway.ts";
import { type Command, command } from "../till/command.ts";
import type { Started } from "../idempotency/two-phase.ts";
import { endUnpaid } from "./end-unpaid.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { getOrder } from "./get-order.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "./order-cache.ts";
import { orderView, type OrderView, type Viewer } from "./order-view.ts";
import type { Order } from "./order.ts";
import { livePayment } from "./payment/live-payment.ts";
import { payments } from "./payment/payment.sql.ts";
import { CANCELLED, refund, remaining, viewOfRefund } from "./refund/refund.ts";

export type CancelOrder = {
  orderId: string;
  /** The user that must own the order; null for an operator. */
  callerId: string | null;
  /** The delay before settlement asks the gateway about an unfinished refund to a card, in ms. */
  askAfterMs: number;
  /** The buyer's account, which only the refund of a deposit needs. */
  receiveAccount?: ReceiveAccount | null | undefined;
  /** How long after its completion a buyer can cancel an order, in ms. */
  cancelWithinMs: number;
  viewer: Viewer;
  immutable?: ImmutableOrder;
};

/**
 * Cancels an unpaid order, or refunds a paid order in full. An order that waits for a deposit is
 * cancelled when the gateway has closed the account: the attempt is its payment.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_CANCELLABLE, PAYMENT_IN_PROGRESS.
 */
export function cancelOrder(orderCache: OrderCache): Command<CancelOrder, Started<OrderView>> {
  return command<CancelOrder, Started<OrderView>>({
    name: "cancel order",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId, callerId, askAfterMs, cancelWithinMs, viewer, receiveAccount }) {
      const order = getOrder(uow, orderId, callerId);
      checkCancellable(uow, order, { byBuyer: callerId !== null, cancelWithinMs });
      if (order.status === "COMPLETED") {
        const terms = { units: remaining(order.items), reasons: CANCELLED, restock: true, returnId: null };
        return viewOfRefund(refund(uow, order, terms, { askAfterMs, receiveAccount }), viewer);
      }
      const open = livePayment(uow, orderId);
      if (open?.status === "WAITING_FOR_DEPOSIT" && open.card) {
        const resumed = open.card.closing ? { resumed: true as const } : {};
        if (!open.card.closing) uow.put(payments, orderId, { ...open, card: { ...open.card, closing: true, askAt: uow.now + askAfterMs } });
        return { kind: "attempt", id: open.id, ...resumed };
      }
      if (open) refuse("PAYMENT_IN_PROGRESS", { orderId });
      const cancelled = endUnpaid(uow, order, "CANCELLED", "LEFT");
      return { kind: "answer", answer: orderView(cancelled, undefined, viewer) };
    },
  });
}

/**
 * A buyer cannot cancel an order whose goods are being prepared, that was completed too long ago,
 * or that was brought in from the past; an operator can until the first parcel is shipped.
 * Errors: ORDER_NOT_CANCELLABLE.
 */
function checkCancellable(uow: UnitOfWork, order: Order, { byBuyer, cancelWithinMs }: { byBuyer: boolean; cancelWithinMs: number }): void {
  const { id: orderId, status, completedAt, preparingAt, fulfilment, imported } = order;
  const refuseFor = (reason: "STATUS" | "FULFILMENT" | "TOO_LATE"): never =>
    refuse("ORDER_NOT_CANCELLABLE", { orderId, orderStatus: status, reason });
  if (status !== "PENDING" && status !== "COMPLETED") refuseFor("STATUS");
  if (byBuyer && imported) refuseFor("STATUS");
  if (fulfilment !== null && fulfilment.shipments.length > 0) refuseFor("FULFILMENT");
  if (byBuyer && preparingAt !== null) refuseFor("FULFILMENT");
  if (byBuyer && completedAt !== null && uow.now >= completedAt + cancelWithinMs) refuseFor("TOO_LATE");
}
