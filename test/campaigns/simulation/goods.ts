// What becomes of the units of one order, in the naive model: each unit of a parcel is an entry of a list.

import { RETURN_WITHIN_MS } from "./steps.ts";

const DAY_MS = 24 * 60 * 60_000;

type Quantities = { variantId: string; quantity: number }[];
type Bought = { variantId: string; quantity: number; refunded: number };
/** `units`: the variant of each unit in the parcel. */
type Parcel = { id: string; units: string[]; shippedAt: number; deliveredAt: number | null };
type Unit = { parcel: Parcel; variantId: string };
export type GoodsReturn = { id: string; status: "REQUESTED" | "WITHDRAWN" | "RECEIVED" | "REJECTED"; units: Unit[] };

export class Goods {
  isPreparing = false;
  readonly parcels: Parcel[] = [];
  readonly returns: GoodsReturn[] = [];
  /** The variant of each unit that was refunded before its shipment, after it without a return, and of each that is not sold again. */
  readonly #refundedUnsent: string[] = [];
  readonly #refundedSent: string[] = [];
  readonly #writtenOff: string[] = [];

  /** The units of a line item that are still in the house. */
  unsent({ variantId, quantity }: Bought): number {
    return quantity - count(this.#sent(), variantId) - count(this.#refundedUnsent, variantId);
  }

  ship(id: string, wanted: Quantities, now: number): void {
    this.parcels.push({ id, units: expand(wanted), shippedAt: now, deliveredAt: null });
  }

  /** The units that may be returned now. Those of the parcel whose time ends first come first. */
  returnable(now: number): Unit[] {
    const taken = this.returns.filter(({ status }) => status === "REQUESTED" || status === "RECEIVED").flatMap(({ units }) => units);
    const refunded = [...this.#refundedSent];
    return this.parcels
      .toSorted((a, b) => endOf(a) - endOf(b))
      .flatMap((parcel) => parcel.units.map((variantId): Unit => ({ parcel, variantId })))
      .filter((unit) => !takeFirst(taken, (other) => other.parcel === unit.parcel && other.variantId === unit.variantId))
      .filter(({ variantId }) => !takeFirst(refunded, (other) => other === variantId))
      .filter(({ parcel }) => now < endOf(parcel));
  }

  /** Chooses these quantities of the units; undefined if there are not as many. */
  choose(units: readonly Unit[], wanted: Quantities | null): Unit[] | undefined {
    if (wanted === null) return [...units];
    const left = expand(wanted);
    const chosen = units.filter(({ variantId }) => takeFirst(left, (other) => other === variantId));
    return left.length === 0 ? chosen : undefined;
  }

  /** Notes a refund of a line item before its `refunded` changes. @param byReturn the units come back from the buyer */
  refund(item: Bought, units: number, { byReturn, restock }: { byReturn: boolean; restock: boolean }): void {
    const unsent = byReturn ? 0 : Math.min(units, this.unsent(item));
    for (let i = 0; i < units; i++) {
      if (i < unsent) this.#refundedUnsent.push(item.variantId);
      else if (!byReturn) this.#refundedSent.push(item.variantId);
      if (!restock) this.#writtenOff.push(item.variantId);
    }
  }

  status(items: readonly Bought[]): string {
    const isLeft = items.some((item) => this.unsent(item) > 0);
    if (this.parcels.length === 0) return this.isPreparing && isLeft ? "PREPARING" : "NONE";
    if (isLeft) return "PARTIALLY_SHIPPED";
    return this.parcels.every(({ deliveredAt }) => deliveredAt !== null) ? "DELIVERED" : "SHIPPED";
  }

  /** As the order's row has it. */
  row(): unknown {
    if (this.parcels.length === 0 && this.#writtenOff.length === 0) return null;
    const received = this.returns.filter(({ status }) => status === "RECEIVED").flatMap(({ units }) => units.map(({ variantId }) => variantId));
    const returned = [...this.#refundedSent, ...received];
    return {
      shipments: this.parcels.map(({ id, units, shippedAt, deliveredAt }) => ({ id, items: quantitiesOf(units), shippedAt, deliveredAt })),
      returned: returned.length === 0 ? undefined : byVariant(returned),
      writtenOff: this.#writtenOff.length === 0 ? undefined : byVariant(this.#writtenOff),
    };
  }

  #sent(): string[] {
    return this.parcels.flatMap(({ units }) => units);
  }
}

/** Until when a parcel's units can be returned. */
function endOf({ shippedAt, deliveredAt }: Parcel): number {
  return (deliveredAt ?? shippedAt + 14 * DAY_MS) + RETURN_WITHIN_MS;
}

export function expand(quantities: Quantities): string[] {
  return quantities.flatMap(({ variantId, quantity }) => Array.from({ length: quantity }, () => variantId));
}

export function quantitiesOf(units: readonly string[]): Quantities {
  return [...new Set(units)].map((variantId) => ({ variantId, quantity: count(units, variantId) }));
}

function byVariant(units: readonly string[]): Record<string, number> {
  return Object.fromEntries(quantitiesOf(units).map(({ variantId, quantity }) => [variantId, quantity]));
}

function count(units: readonly string[], variantId: string): number {
  return units.filter((one) => one === variantId).length;
}

/** Removes the first element that fits, and returns whether there was one. */
function takeFirst<T>(list: T[], fits: (one: T) => boolean): boolean {
  const i = list.findIndex(fits);
  if (i >= 0) list.splice(i, 1);
  return i >= 0;
}
