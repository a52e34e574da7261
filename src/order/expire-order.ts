import { type Command, command } from "../till/command.ts";
import { holdHasEnded } from "../drop/sell-in-drop.ts";
import { endUnpaid } from "./end-unpaid.ts";
import { hasExpired } from "./order.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "./order-cache.ts";
import { orders } from "./order.sql.ts";
import { livePayment } from "./payment/live-payment.ts";

export type ExpireOrder = { orderId: string; immutable?: ImmutableOrder };

/**
 * Expires an unpaid order past its expiry. Returns false, and changes nothing, for any other order.
 */
export function expireOrder(orderCache: OrderCache): Command<ExpireOrder, boolean> {
  return command<ExpireOrder, boolean>({
    name: "expire order",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, { orderId }) {
      const order = uow.find(orders, orderId);
      if (!order || order.status !== "PENDING" || !hasExpired(order, holdHasEnded(uow, orderId), uow.now)) return false;
      // While the outcome of a card payment is unknown, the order keeps its stock.
      if (livePayment(uow, orderId)) return false;
      endUnpaid(uow, order, "EXPIRED", "LAPSED");
      return true;
    },
  });
}
