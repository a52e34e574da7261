// Rules about the units of a line item: shipped, refunded before shipment, returned, written off.
// The lock of the order settles every race about them, because they are in the order's row.

import type { OrderItem } from "./order.ts";

export type FulfilmentStatus = "NONE" | "PREPARING" | "PARTIALLY_SHIPPED" | "SHIPPED" | "DELIVERED";

/** A parcel, in the order's row. Instants in ms. */
export type Shipment = {
  id: string;
  items: { variantId: string; quantity: number }[];
  carrier: string;
  trackingNumber: string;
  trackingUrl: string | null;
  shippedAt: number;
  deliveredAt: number | null;
};

type Units = Pick<OrderItem, "quantity" | "refundedQuantity" | "shippedQuantity" | "returnedQuantity">;

/** Units that are still in the house: bought, and neither shipped nor refunded before shipment. */
export function unshippedUnits({ quantity, refundedQuantity, shippedQuantity = 0, returnedQuantity = 0 }: Units): number {
  return quantity - shippedQuantity - (refundedQuantity - returnedQuantity);
}

/** Units that were shipped and not refunded since. */
export function keptUnits({ shippedQuantity = 0, returnedQuantity = 0 }: Units): number {
  return shippedQuantity - returnedQuantity;
}

/**
 * How units are refunded. `returned`: they come back from the buyer; otherwise unshipped units are
 * refunded first. Without `restock` they are written off.
 */
export type RefundOf = { returned: boolean; restock: boolean };

/** The line item after a refund of `units`, which the caller has bounded by those not refunded. */
export function refundUnits(item: OrderItem, units: number, { returned, restock }: RefundOf): OrderItem {
  const shipped = returned ? units : Math.max(0, units - unshippedUnits(item));
  return {
    ...item,
    refundedQuantity: item.refundedQuantity + units,
    // Absent while 0: most orders are never returned, and each member is stored.
    ...(shipped > 0 ? { returnedQuantity: (item.returnedQuantity ?? 0) + shipped } : {}),
    ...(restock || units === 0 ? {} : { writtenOffQuantity: (item.writtenOffQuantity ?? 0) + units }),
  };
}

/** Of an order's units without those refunded before shipment. */
export function fulfilmentStatus(items: readonly Units[], shipments: readonly Shipment[], preparingAt: number | null): FulfilmentStatus {
  if (shipments.length === 0 && preparingAt === null) return "NONE";
  const complete = items.every((item) => unshippedUnits(item) === 0);
  if (shipments.length === 0) return complete ? "NONE" : "PREPARING";
  if (!complete) return "PARTIALLY_SHIPPED";
  return shipments.every(({ deliveredAt }) => deliveredAt !== null) ? "DELIVERED" : "SHIPPED";
}
