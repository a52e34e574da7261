import { changeOrder } from "../order/change-order.ts";
import { getOrder } from "../order/get-order.ts";
import type { OrderView, Viewer } from "../order/order-view.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { fulfilmentNeeds, shippableUnits, viewOrder } from "./fulfilment-order.ts";

/**
 * Notes that an order's goods are being prepared: from here on its buyer can neither cancel nor
 * change it. A repeat changes nothing.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_SHIPPABLE.
 */
export const prepareOrder = command<{ orderId: string; viewer: Viewer }, OrderView>({
  name: "prepare order",
  needs: ({ orderId }) => fulfilmentNeeds(orderId),

  decide(uow, { orderId, viewer }) {
    const order = getOrder(uow, orderId, null);
    if (order.preparingAt !== null || order.fulfilmentStatus !== null) return viewOrder(uow, order, viewer);
    if (shippableUnits(uow, order).size === 0) refuse("ORDER_NOT_SHIPPABLE", { orderId, orderStatus: order.status });
    return viewOrder(uow, changeOrder(uow, order, "order.preparing", { preparingAt: uow.now }), viewer);
  },
});
