import { changeOrder } from "../order/change-order.ts";
import { getOrder } from "../order/get-order.ts";
import { type OrderView, shipmentView, type Viewer } from "../order/order-view.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { fulfilmentNeeds, viewOrder } from "./fulfilment-order.ts";

/**
 * Notes that a parcel was delivered. A repeat changes nothing.
 * Errors: ORDER_NOT_FOUND, SHIPMENT_NOT_FOUND.
 */
export const deliverShipment = command<{ orderId: string; shipmentId: string; viewer: Viewer }, OrderView>({
  name: "deliver shipment",
  needs: ({ orderId }) => fulfilmentNeeds(orderId),

  decide(uow, { orderId, shipmentId, viewer }) {
    const order = getOrder(uow, orderId, null);
    const { fulfilment } = order;
    const shipment = fulfilment?.shipments.find(({ id }) => id === shipmentId);
    if (!fulfilment || !shipment) refuse("SHIPMENT_NOT_FOUND", { orderId, shipmentId });
    if (shipment.deliveredAt !== null) return viewOrder(uow, order, viewer);
    const delivered = { ...shipment, deliveredAt: uow.now };
    const shipments = fulfilment.shipments.map((one) => (one.id === shipmentId ? delivered : one));
    const changed = changeOrder(uow, order, "order.delivered", { fulfilment: { ...fulfilment, shipments } }, shipmentView(delivered));
    return viewOrder(uow, changed, viewer);
  },
});
