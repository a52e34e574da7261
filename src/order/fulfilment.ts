// Rules about the fate of an order's units: shipped, refunded before or after shipment, written off.
// They are in the order's row, so that the lock of the order settles every race about them.

export type FulfilmentStatus = "NONE" | "PREPARING" | "PARTIALLY_SHIPPED" | "SHIPPED" | "DELIVERED";

/** A parcel. Instants in ms. */
export type Shipment = {
  id: string;
  items: { variantId: string; quantity: number }[];
  carrier: string;
  trackingNumber: string;
  trackingUrl: string | null;
  shippedAt: number;
  deliveredAt: number | null;
};

/**
 * What became of an order's units beside their sale. Null for an order of which nothing was shipped
 * or written off.
 */
export type Fulfilment = {
  shipments: Shipment[];
  /** Units refunded after shipment, by variant. */
  returned?: Record<string, number>;
  /** Units refunded and not sold again, by variant. */
  writtenOff?: Record<string, number>;
};

/** Of an order, the members that the rules look at. */
type Units = { items: readonly { variantId: string; quantity: number; refundedQuantity: number }[]; fulfilment: Fulfilment | null };

/** The units of one line item that are still in the house, and those that the buyer has. */
export type UnitsOfItem = { unshipped: number; kept: number };

/** The units of each line item: unshipped ones were bought and neither shipped nor refunded before shipment. */
export function unitsByVariant({ items, fulfilment }: Units): Map<string, UnitsOfItem> {
  const shipped = new Map<string, number>();
  for (const shipment of fulfilment?.shipments ?? [])
    for (const { variantId, quantity } of shipment.items) shipped.set(variantId, (shipped.get(variantId) ?? 0) + quantity);
  return new Map(
    items.map(({ variantId, quantity, refundedQuantity }) => {
      const returned = fulfilment?.returned?.[variantId] ?? 0;
      const inParcels = shipped.get(variantId) ?? 0;
      return [variantId, { unshipped: quantity - inParcels - (refundedQuantity - returned), kept: inParcels - returned }];
    }),
  );
}

/** Which refunded units are sold again; the others are written off. */
export type Restock = boolean | "unshipped";

/**
 * How units are refunded. `returned`: they come back from the buyer; otherwise unshipped units are
 * refunded first.
 */
export type RefundOf = { returned: boolean; restock: Restock };

/** Of the refunded units, those that are sold again. */
export function restockedUnits(order: Units, refunded: ReadonlyMap<string, number>, restock: Restock): ReadonlyMap<string, number> {
  if (restock !== "unshipped") return restock ? refunded : new Map();
  const before = unitsByVariant(order);
  return new Map([...refunded].map(([variantId, units]) => [variantId, Math.min(units, before.get(variantId)?.unshipped ?? 0)]));
}

/**
 * The fulfilment of an order after a refund of these units, which the caller has bounded by those
 * that were not refunded.
 */
export function fulfilmentAfterRefund(order: Units, refunded: ReadonlyMap<string, number>, { returned, restock }: RefundOf): Fulfilment | null {
  const { fulfilment } = order;
  if (fulfilment === null && restock !== false) return null;
  const restocked = restockedUnits(order, refunded, restock);
  const before = unitsByVariant(order);
  const after: Fulfilment = { ...fulfilment, shipments: fulfilment?.shipments ?? [] };
  for (const [variantId, units] of refunded) {
    const fromBuyer = returned ? units : Math.max(0, units - (before.get(variantId)?.unshipped ?? 0));
    if (fromBuyer > 0) after.returned = add(after.returned, variantId, fromBuyer);
    const lost = units - (restocked.get(variantId) ?? 0);
    if (lost > 0) after.writtenOff = add(after.writtenOff, variantId, lost);
  }
  return after;
}

function add(units: Record<string, number> | undefined, variantId: string, quantity: number): Record<string, number> {
  return { ...units, [variantId]: (units?.[variantId] ?? 0) + quantity };
}

/** Of an order's units without those refunded before shipment. */
export function fulfilmentStatus(order: Units & { preparingAt: number | null }): FulfilmentStatus {
  const { fulfilment, preparingAt } = order;
  const shipments = fulfilment?.shipments ?? [];
  if (shipments.length === 0 && preparingAt === null) return "NONE";
  const complete = [...unitsByVariant(order).values()].every(({ unshipped }) => unshipped === 0);
  if (shipments.length === 0) return complete ? "NONE" : "PREPARING";
  if (!complete) return "PARTIALLY_SHIPPED";
  return shipments.every(({ deliveredAt }) => deliveredAt !== null) ? "DELIVERED" : "SHIPPED";
}
