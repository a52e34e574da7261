// The units of an order that can be returned. A piece can be returned within the window of the
// parcel that carried it, so returns are counted per parcel.

import type { Fulfilment, Shipment } from "../order/fulfilment.ts";

/** Units of a variant from one parcel. */
export type Piece = { shipmentId: string; variantId: string; quantity: number };

const UNREPORTED_DELIVERY_MS = 14 * 86_400_000;

/**
 * The end of a parcel's return window, in ms, not included. A parcel whose delivery was not
 * reported counts as delivered 14 days after shipment.
 */
export function returnableUntil({ shippedAt, deliveredAt }: Shipment, returnWithinMs: number): number {
  return (deliveredAt ?? shippedAt + UNREPORTED_DELIVERY_MS) + returnWithinMs;
}

/**
 * The pieces that can be returned now, those whose window ends first at the beginning.
 * @param returned pieces of open and of received returns
 */
export function returnablePieces(
  fulfilment: Fulfilment,
  returned: readonly { open: boolean; pieces: readonly Piece[] }[],
  { now, returnWithinMs }: { now: number; returnWithinMs: number },
): Piece[] {
  const taken = new Map<string, number>();
  const received = new Map<string, number>();
  for (const { open, pieces } of returned)
    for (const { shipmentId, variantId, quantity } of pieces) {
      add(taken, `${shipmentId} ${variantId}`, quantity);
      if (!open) add(received, variantId, quantity);
    }
  // Units that an operator refunded after shipment without a return: no parcel is known for them,
  // so the oldest parcels, whose windows end first, are taken to have carried them.
  const unassigned = new Map(
    Object.entries(fulfilment.returned ?? {}).map(([variantId, units]) => [variantId, units - (received.get(variantId) ?? 0)]),
  );
  const returnable: Piece[] = [];
  for (const shipment of fulfilment.shipments.toSorted((a, b) => returnableUntil(a, returnWithinMs) - returnableUntil(b, returnWithinMs))) {
    for (const { variantId, quantity } of shipment.items) {
      const free = quantity - (taken.get(`${shipment.id} ${variantId}`) ?? 0);
      const refunded = Math.min(free, unassigned.get(variantId) ?? 0);
      add(unassigned, variantId, -refunded);
      if (free > refunded && now < returnableUntil(shipment, returnWithinMs))
        returnable.push({ shipmentId: shipment.id, variantId, quantity: free - refunded });
    }
  }
  return returnable;
}

/** Chooses units from returnable pieces. Undefined if there are not as many of a variant. */
export function choosePieces(returnable: readonly Piece[], units: ReadonlyMap<string, number>): Piece[] | undefined {
  const wanted = new Map(units);
  const chosen: Piece[] = [];
  for (const piece of returnable) {
    const quantity = Math.min(piece.quantity, wanted.get(piece.variantId) ?? 0);
    if (quantity === 0) continue;
    chosen.push({ ...piece, quantity });
    add(wanted, piece.variantId, -quantity);
  }
  return [...wanted.values()].every((left) => left === 0) ? chosen : undefined;
}

/** Units by variant. */
export function unitsOfPieces(pieces: readonly Piece[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { variantId, quantity } of pieces) add(units, variantId, quantity);
  return units;
}

function add(units: Map<string, number>, key: string, quantity: number): void {
  units.set(key, (units.get(key) ?? 0) + quantity);
}
