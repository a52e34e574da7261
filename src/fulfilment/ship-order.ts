import { changeOrder } from "../order/change-order.ts";
import type { Shipment } from "../order/fulfilment.ts";
import { getOrder } from "../order/get-order.ts";
import type { Order } from "../order/order.ts";
import { type OrderView, shipmentView, type Viewer } from "../order/order-view.ts";
import { unitsOf } from "../order/refund/refund.ts";
import { invalid, refuse, type RefusalDetails } from "../refusal.ts";
import { command } from "../till/command.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { fulfilmentNeeds, shippableUnits, viewOrder } from "./fulfilment-order.ts";

/** A parcel's label. */
export type Label = { carrier: string; trackingNumber: string; trackingUrl: string | null };

export type ShipOrder = Label & {
  orderId: string;
  /** Null ships all units that can be shipped. */
  items: { variantId: string; quantity: number }[] | null;
  viewer: Viewer;
};

/** An order's row is written whole with each parcel, so their number is bounded. */
const PARCELS_MAX = 500;

/**
 * Ships some or all units of a paid order in one parcel.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_SHIPPABLE, INVALID_REQUEST for a variant that was not bought.
 */
export const shipOrder = command<ShipOrder, OrderView>({
  name: "ship order",
  needs: ({ orderId }) => fulfilmentNeeds(orderId),

  decide(uow, { orderId, items, viewer, ...label }) {
    const order = getOrder(uow, orderId, null);
    for (const [i, item] of (items ?? []).entries())
      if (!order.items.some(({ variantId }) => variantId === item.variantId)) invalid(`/items/${i}/variantId`, "was not bought with this order");
    const units = items ? unitsOf(items) : null;
    const obstacle = obstacleTo(uow, order, units);
    if (obstacle) refuse("ORDER_NOT_SHIPPABLE", obstacle);
    return viewOrder(uow, ship(uow, order, units, label).order, viewer);
  },
});

/** Why these units of an order cannot be shipped; undefined if they can. @param units null for the rest */
export function obstacleTo(uow: UnitOfWork, order: Order, units: ReadonlyMap<string, number> | null): RefusalDetails | undefined {
  const shippable = shippableUnits(uow, order);
  const { id: orderId, status: orderStatus, fulfilment } = order;
  if (shippable.size === 0 || (fulfilment?.shipments.length ?? 0) >= PARCELS_MAX) return { orderId, orderStatus };
  for (const [variantId, requested] of units ?? []) {
    const available = shippable.get(variantId) ?? 0;
    if (requested > available) return { orderId, orderStatus, variantId, requested, available };
  }
  return undefined;
}

/** Ships units for which there is no obstacle. */
export function ship(
  uow: UnitOfWork,
  order: Order,
  units: ReadonlyMap<string, number> | null,
  { carrier, trackingNumber, trackingUrl }: Label,
): { order: Order; shipment: Shipment } {
  const items = [...(units ?? shippableUnits(uow, order))].map(([variantId, quantity]) => ({ variantId, quantity }));
  const shipment: Shipment = { id: uow.newId(), items, carrier, trackingNumber, trackingUrl, shippedAt: uow.now, deliveredAt: null };
  const fulfilment = { ...order.fulfilment, shipments: [...(order.fulfilment?.shipments ?? []), shipment] };
  return { order: changeOrder(uow, order, "order.shipped", { fulfilment }, shipmentView(shipment)), shipment };
}
