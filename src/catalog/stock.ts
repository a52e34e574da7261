// Stock that orders take and return.

import { refuse } from "../refusal.ts";
import type { Need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { variants } from "./catalog.sql.ts";

type Units = { productId: string; variantId: string; quantity: number };

/** The product and the drop that sell a variant. SKU and stock are as of the reading. */
export type StockPlace = { variantId: string; sku: string | null; stock: number; productId: string; dropId: string | null };

/** The entries that wait for units of a variant (drop/stock-line.ts). */
export interface StockLine {
  /** The places of these variants and of those with these SKUs, as far as they exist. */
  find(variantIds: string[], skus?: string[]): Promise<StockPlace[]>;
  /** The rows that `pass` reads if this number of units becomes free. */
  needs(place: StockPlace, units: number): Need[];
  /** Hands free units of a variant to the entries that wait for them. Errors: NeedsChanged. */
  pass(uow: UnitOfWork, productId: string, variantId: string): void;
}

/**
 * Takes units of a variant out of stock.
 * @param variant its present row, if the caller has it
 * Errors: STOCK_INSUFFICIENT, PRODUCT_NOT_FOUND.
 */
export function takeStock(uow: UnitOfWork, { productId, variantId, quantity }: Units, variant = uow.find(variants, variantId)): void {
  if (variant === undefined) refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  if (variant.stock < quantity) refuse("STOCK_INSUFFICIENT", { productId, variantId, requested: quantity, available: variant.stock });
  uow.put(variants, variantId, { ...variant, stock: variant.stock - quantity });
}

/** Returns units that an order took. */
export function returnStock(uow: UnitOfWork, { variantId, quantity }: { variantId: string; quantity: number }): void {
  const variant = uow.find(variants, variantId);
  if (variant === undefined) throw new Error(`variant ${variantId} was sold and no longer exists`);
  uow.put(variants, variantId, { ...variant, stock: variant.stock + quantity });
}
